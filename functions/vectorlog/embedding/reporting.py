"""Reports the refusals of embedding providers, and finds out whether a provider refuses one text or all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.embedder import Embedder, EmbeddingError
from vectorlog.embedding.meter import Meter, NoMeter, Purpose
from vectorlog.embedding.remembered import Remembered
from vectorlog.telemetry.telemetry import Telemetry

PROBE = "dimensions"
"""A text that every model embeds. A provider that refuses it too does not refuse it because of the text."""
STANDS_S = 15.0
"""For how many seconds a provider that refuses every text is not asked to embed files again."""
TOGETHER = 128
"""How many chunks a provider embeds at once: the time of a call hardly depends on their number."""
EVERY_TEXT = "It refuses every text. Check the deployment's embedding settings."


class ReportingEmbedder:
    """Implements Embedder: forwards each call to another embedder and reports its refusals.

    `clock` is in seconds and never goes back. `meter` is told of each call that returned vectors.

    Attributes:
        together: how many chunks it is worth to embed in one call.
        by_windows: whether files are embedded by the windows that their chunks share.
        remembered: the vectors of the last texts of files.
    """

    def __init__(
        self,
        embedder: Embedder,
        telemetry: Telemetry,
        clock: Callable[[], float] = time.monotonic,
        *,
        together: int = TOGETHER,
        by_windows: bool = False,
        meter: Meter = NoMeter(),
    ) -> None:
        self._meter = meter
        self.together = together
        self.by_windows = by_windows
        self.remembered = Remembered()
        self._embedder = embedder
        self._telemetry = telemetry
        self._clock = clock
        self._standing: tuple[float, EmbeddingError] | None = None

    @property
    def space(self) -> Space:
        """See Embedder."""
        return self._embedder.space

    @property
    def standing_refusal(self) -> EmbeddingError | None:
        """The error with which the provider refused every text within the last `STANDS_S`; None if it did not."""
        standing = self._standing
        return standing[1] if standing and self._clock() - standing[0] < STANDS_S else None

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        """See Embedder.

        Raises:
            EmbeddingError: with the fault `text` only if the provider embeds another text.
        """
        with self._reported():
            try:
                with self._measured("documents", texts):
                    return self._embedder.documents(texts)
            except EmbeddingError as error:
                if error.fault == "text":
                    self._probe(error)
                raise

    def query(self, text: str) -> Vector:
        """See Embedder."""
        with self._reported(), self._measured("query", [text]):
            return self._embedder.query(text)

    def close(self) -> None:
        """See Embedder."""
        self._embedder.close()

    def _probe(self, refused: EmbeddingError) -> None:
        """Embeds a text that no provider refuses for what it says.

        Raises:
            EmbeddingError: it was refused too. If that is not because the provider is busy, every text is refused.
        """
        try:
            self._embedder.query(PROBE)
        except EmbeddingError as error:
            if error.fault != "text":
                raise
            raise EmbeddingError(
                f"{refused} {EVERY_TEXT}", retry_after=refused.retry_after, fault="deployment"
            ) from error

    @contextmanager
    def _measured(self, purpose: Purpose, texts: Sequence[str]) -> Iterator[None]:
        """Tells the meter how long the block took, unless it raises."""
        began = self._clock()
        yield
        self._meter.embedded(self.space.name, purpose, texts, self._clock() - began)

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            with refusals_reported(self._telemetry, self.space.name):
                yield
        except EmbeddingError as error:
            if error.fault == "deployment":
                self._standing = self._clock(), error
            raise
        self._standing = None


@contextmanager
def refusals_reported(telemetry: Telemetry, model: str) -> Iterator[None]:
    """Reports an `EmbeddingError` of the block and raises it again."""
    try:
        yield
    except EmbeddingError as error:
        wait = None if error.retry_after is None else int(error.retry_after * 1000)
        telemetry.provider_refused(model, str(error), error.fault, wait_ms=wait)
        raise
