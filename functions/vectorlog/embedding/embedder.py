"""The port of embedding models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vectorlog.domain.vectors import Space, Vector


class EmbeddingError(Exception):
    """No vectors came back; the message names the provider's reason.

    Attributes:
        retry_after: seconds that the provider asks to wait, if it said so.
        temporary: False where the same request can never succeed (a wrong key, an unknown model, text refused).
    """

    def __init__(self, message: str, *, retry_after: float | None = None, temporary: bool = True) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.temporary = temporary


class Embedder(Protocol):
    """One model at one number of dimensions."""

    @property
    def space(self) -> Space:
        """The model (`provider:name`) and its dimensions."""
        ...

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        """For each text the vectors of its windows, in order: one where it fits the model, more where it is longer.

        Raises:
            EmbeddingError: the provider refused, throttled or could not be reached, retries included.
        """
        ...

    def query(self, text: str) -> Vector:
        """The vector of a question; of its beginning and more windows' mean, where it is longer than the model's
        window.

        Raises:
            EmbeddingError: as `documents`.
        """
        ...

    def close(self) -> None:
        """Releases connections and memory."""
        ...
