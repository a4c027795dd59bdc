"""The models that each provider can offer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from vectorlog.domain.vectors import Space
from vectorlog.embedding import onnx
from vectorlog.embedding.catalogue import Offer
from vectorlog.embedding.endpoint import Endpoint
from vectorlog.embedding.openai import OpenAIEmbedder, dimensions_of

OPENAI: Mapping[str, tuple[int, bool]] = {
    "text-embedding-3-small": (1536, True),
    "text-embedding-3-large": (3072, True),
    "text-embedding-ada-002": (1536, False),
}
"""OpenAI's models: dimensions, and whether fewer can be asked for (platform.openai.com/docs/guides/embeddings)."""


def local_offer(threads: int | None = None) -> Offer:
    """The model that runs here; `threads` as in `LocalEmbedder`."""
    return Offer("local", onnx.NAME, onnx.DIMENSIONS, shortens=False, connect=lambda _: onnx.LocalEmbedder(threads))


def openai_offers(
    endpoint: Endpoint, *, provider: str = "openai", models: Mapping[str, int | None] | None = None
) -> list[Offer]:
    """The models of an OpenAI-compatible endpoint.

    Args:
        endpoint: shared by all embedders; the caller closes it.
        provider: the word before the colon.
        models: the endpoint's names and each one's dimensions; None where it is to be asked. OpenAI's own three where
            this is None.
    """
    if models is None:
        return [
            _openai_offer(endpoint, provider, name, own, shortens=shortens) for name, (own, shortens) in OPENAI.items()
        ]
    return [
        _openai_offer(endpoint, provider, name, own, shortens=OPENAI.get(name, (0, False))[1])
        for name, own in models.items()
    ]


def _openai_offer(endpoint: Endpoint, provider: str, name: str, own: int | None, *, shortens: bool) -> Offer:
    full = own or OPENAI.get(name, (None,))[0]

    def connect(space: Space) -> OpenAIEmbedder:
        return OpenAIEmbedder(endpoint, space, name, shortened=shortens and space.dimensions != full)

    return Offer(provider, name, full or partial(dimensions_of, endpoint, name), shortens, connect)
