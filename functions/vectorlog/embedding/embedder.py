"""The port of embedding models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vectorlog.domain.vectors import Space, Vector
from vectorlog.endpoints.refusal import EndpointError


class EmbeddingError(EndpointError):
    """A provider returned no usable vectors; the message gives its reason, and the deployment's remedy if there is
    one.
    """


class Embedder(Protocol):
    """An embedding model at a fixed number of dimensions."""

    @property
    def space(self) -> Space:
        """The model (`provider:name`) and its dimensions."""
        ...

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        """Returns, for each text, the vectors of its windows in order: one if the text fits the model, else several.

        Raises:
            EmbeddingError: the provider refused, throttled or could not be reached, after all retries.
        """
        ...

    def query(self, text: str) -> Vector:
        """Returns the vector of a query; for a query longer than the model's window, the mean of its windows' vectors.

        Raises:
            EmbeddingError: as for `documents`.
        """
        ...

    def close(self) -> None:
        """Releases connections and memory."""
        ...
