"""The parts that both sets of adapters share: a clock, a reader, an embedder and an index in memory."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from tests.simulation.model import CHUNKINGS
from tests.support.stubs import DIMENSIONS, text_of
from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.ingest.document import Document, GiveWay, Span, never

LINES = {800: CHUNKINGS["auto"], 100: CHUNKINGS["small"]}
"""Lines in a chunk of each version, by the chunking's maximum of tokens."""

_words: dict[str, list[float]] = {}


class Code:
    """Which version of the reader is running: a newer one cuts texts in other places."""

    def __init__(self) -> None:
        self.version = 0


class SimulatedReader:
    """Cuts a text into chunks of whole lines. The first word of a text may say that it cannot be read."""

    def __init__(self, code: Code) -> None:
        self._code = code

    def read(
        self,
        path: Path,
        filename: str,
        max_tokens: int,
        overlap: int,
        give_way: GiveWay = never,
        *,
        by_windows: bool = False,
    ) -> Document:
        text = text_of(path)
        spans, at, lines = [], 0, text.splitlines(keepends=True)
        size = LINES[max_tokens][self._code.version]
        for start in range(0, len(lines), size):
            part = "".join(lines[start : start + size])
            spans.append(Span(at, at + len(part), len(part.split())))
            at += len(part)
        return Document(text, (), tuple(spans))


class Provider:
    """The state of the embedding provider: whether it refuses for now."""

    def __init__(self) -> None:
        self.throttled = False


class SimulatedEmbedder:
    """Maps words to fixed directions, and refuses texts that say `refused`."""

    def __init__(self, space: Space, provider: Provider) -> None:
        self.space = space
        self._provider = provider

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        if self._provider.throttled:
            raise EmbeddingError("slow down", retry_after=1.0)
        if any(text.startswith("refused") for text in texts):
            raise EmbeddingError("the text is not allowed", fault="text")
        return [(_vector(text),) for text in texts]

    def query(self, text: str) -> Vector:
        return _vector(text)

    def close(self) -> None:
        pass


def _vector(text: str) -> Vector:
    sums = [0.0] * DIMENSIONS
    for word in text.lower().split():
        if word not in _words:
            draw = Random(word)
            _words[word] = [draw.gauss(0, 1) for _ in range(DIMENSIONS)]
        sums = [total + part for total, part in zip(sums, _words[word], strict=True)]
    length = sum(value * value for value in sums) ** 0.5 or 1.0
    return array("f", [value / length for value in sums])


class Derived(Random):
    """A source of randomness that each step sets anew, so that leaving a step out does not change the others."""

    def derive(self, *parts: object) -> None:
        self.seed("/".join(map(str, parts)))


Step = Callable[[], Any]
