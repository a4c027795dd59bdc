"""The vectors of a search's queries."""

from __future__ import annotations

from collections.abc import Sequence

from vectorlog.deployment import Deployment
from vectorlog.domain import vector_store
from vectorlog.domain.errors import Invalid, Unavailable
from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.embedder import Embedder, EmbeddingError
from vectorlog.use_cases import vector_stores


def of_stores(
    deployment: Deployment, stores: Sequence[vector_store.State], queries: Sequence[str]
) -> dict[Space, list[Vector]]:
    """Returns the vectors of queries in each space of the stores.

    Raises:
        Invalid: the deployment no longer offers a model, or the provider refuses the text of a query.
        Unavailable: the provider does not answer.
    """
    embedders = {store.space: vector_stores.require_model(deployment, store) for store in stores}
    return {space: _embedded(embedder, queries) for space, embedder in embedders.items()}


def _embedded(embedder: Embedder, queries: Sequence[str]) -> list[Vector]:
    try:
        return [embedder.query(query) for query in queries]
    except EmbeddingError as error:
        if error.fault == "text":
            raise Invalid(f"The embedding provider refused the query: {error}", param="query") from error
        wait = int(error.retry_after or 1) + 1
        raise Unavailable(f"The query could not be embedded: {error}", retry_after=min(wait, 60)) from error
