"""Reports the refusals of embedding providers to telemetry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.embedder import Embedder, EmbeddingError
from vectorlog.telemetry.telemetry import Telemetry


class ReportingEmbedder:
    """Implements Embedder: forwards each call to another embedder and reports its refusals."""

    def __init__(self, embedder: Embedder, telemetry: Telemetry) -> None:
        self._embedder = embedder
        self._telemetry = telemetry

    @property
    def space(self) -> Space:
        """See Embedder."""
        return self._embedder.space

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        """See Embedder."""
        with refusals_reported(self._telemetry, self.space.model):
            return self._embedder.documents(texts)

    def query(self, text: str) -> Vector:
        """See Embedder."""
        with refusals_reported(self._telemetry, self.space.model):
            return self._embedder.query(text)

    def close(self) -> None:
        """See Embedder."""
        self._embedder.close()


@contextmanager
def refusals_reported(telemetry: Telemetry, model: str) -> Iterator[None]:
    """Reports an `EmbeddingError` of the block and raises it again."""
    try:
        yield
    except EmbeddingError as error:
        wait = None if error.retry_after is None else int(error.retry_after * 1000)
        telemetry.provider_refused(model, str(error), temporary=error.temporary, wait_ms=wait)
        raise
