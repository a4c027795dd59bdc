"""The models offered by each provider."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec

from vectorlog.defaults import LOCAL_PACKAGES
from vectorlog.domain.vectors import Space
from vectorlog.embedding.catalogue import Offer
from vectorlog.embedding.onnx import E5, GRANITE, LocalEmbedder, LocalModel
from vectorlog.embedding.openai import OpenAIEmbedder, dimensions_of
from vectorlog.endpoints.endpoint import Endpoint

OPENAI: Mapping[str, tuple[int, bool]] = {
    "text-embedding-3-small": (1536, True),
    "text-embedding-3-large": (3072, True),
    "text-embedding-ada-002": (1536, False),
}
"""OpenAI's models: dimensions, and whether fewer can be requested (platform.openai.com/docs/guides/embeddings)."""


def local_offers(threads: int | None = None) -> list[Offer]:
    """Returns the offers of the installed models that run in this process, the default one first; `threads` as for
    `LocalEmbedder`.
    """
    return [_local_offer(model, threads) for model in (GRANITE, E5) if find_spec(LOCAL_PACKAGES[model.name])]


def _local_offer(model: LocalModel, threads: int | None) -> Offer:
    """Each chunk is computed by itself, and two lanes ingest, so half of the threads' number of chunks in a call keeps
    all threads busy.
    """
    return Offer(
        "local",
        model.name,
        model.dimensions,
        shortens=False,
        connect=lambda space: LocalEmbedder(threads, space.revision, model),
        together=max(1, (threads or os.cpu_count() or 1) // 2),
        revision=model.revision,
        by_windows=True,
        languages=model.languages,
    )


def openai_offers(
    endpoint: Endpoint, *, provider: str = "openai", models: Mapping[str, int | None] | None = None
) -> list[Offer]:
    """Returns the offers of an OpenAI-compatible endpoint.

    Args:
        endpoint: shared by all embedders; the caller closes it.
        provider: the part before the colon in the models' full names.
        models: the endpoint's model names, each with its dimensions or with None to ask the endpoint for them. If None,
            OpenAI's three models.
    """
    if models is None:
        return [
            _openai_offer(endpoint, provider, name, size, shortens=shortens)
            for name, (size, shortens) in OPENAI.items()
        ]
    return [
        _openai_offer(endpoint, provider, name, size, shortens=OPENAI.get(name, (0, False))[1])
        for name, size in models.items()
    ]


def _openai_offer(endpoint: Endpoint, provider: str, name: str, size: int | None, *, shortens: bool) -> Offer:
    full = size or OPENAI.get(name, (None,))[0]

    def connect(space: Space) -> OpenAIEmbedder:
        return OpenAIEmbedder(endpoint, space, name, shortened=shortens and space.dimensions != full)

    return Offer(provider, name, full or partial(dimensions_of, endpoint, name), shortens, connect)
