"""What functions are told of the endpoints outside of AWS that a deployment uses."""

from __future__ import annotations

from typing import Final

from infra.configuration import Configuration

EMBEDDING: Final = ("embedding_base_url", "embedding_secret")
REWRITING: Final = ("rewriting_model", "rewriting_base_url", "rewriting_secret")
RERANKING: Final = ("reranking_model", "reranking_base_url", "reranking_secret")
"""The fields of `Environment` that belong together."""


def endpoints(configuration: Configuration) -> dict[str, str]:
    """Returns the values of all of them; empty ones keep their defaults there."""
    return {
        "embedding_base_url": configuration.embedding_base_url,
        "embedding_secret": configuration.embedding_secret_arn,
        "rewriting_model": configuration.rewriting_model,
        "rewriting_base_url": configuration.rewriting_base_url,
        "rewriting_secret": configuration.rewriting_secret_arn,
        "reranking_model": configuration.reranking_model,
        "reranking_base_url": configuration.reranking_base_url,
        "reranking_secret": configuration.reranking_secret_arn,
    }
