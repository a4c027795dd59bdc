"""Stand-ins for the model, the reader, its executor and the index: small, exact and fast."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from random import Random
from typing import Any

from vectorlog.domain.filters import matches
from vectorlog.domain.location import Location
from vectorlog.domain.vectors import Chunk, Space, Vector
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.index.analyser.matched import matched_words
from vectorlog.index.chunk_index import FileChunks, Hit, Part, Query, SearchResult
from vectorlog.ingest.document import Document, GiveWay, ReaderCrashed, Span, Unreadable, never

DIMENSIONS = 16


class StubEmbedder:
    """Maps words to fixed random directions; `throttled` makes it refuse for now."""

    throttled = False

    def __init__(self, space: Space) -> None:
        self.space = space

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        if StubEmbedder.throttled:
            raise EmbeddingError("slow down", retry_after=1.0)
        return [(self.query(text),) for text in texts]

    def query(self, text: str) -> Vector:
        sums = [0.0] * DIMENSIONS
        for word in text.lower().split():
            draw = Random(word)
            sums = [total + draw.gauss(0, 1) for total in sums]
        length = sum(value * value for value in sums) ** 0.5 or 1.0
        return array("f", [value / length for value in sums])

    def close(self) -> None:
        pass


def text_of(path: Path) -> str:
    """The text of a file, if it begins with neither `damaged` nor `deadly`."""
    text = path.read_text()
    if text.startswith("damaged"):
        raise Unreadable("invalid_file", "The file is damaged. Save it again.")
    if text.startswith("deadly"):
        raise ReaderCrashed("it ran out of memory")
    return text


class StubReader:
    """One chunk per line. A file that begins with `damaged` is unreadable; one that begins with `deadly` kills its
    reader.
    """

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
        spans, at = [], 0
        for line in text.splitlines(keepends=True):
            spans.append(Span(at, at + len(line), len(line.split())))
            at += len(line)
        return Document(text, (), tuple(spans), tuple(Location(span.start, span.end) for span in spans))


class Inline(Executor):
    """Runs everything synchronously in this thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class DictIndex:
    """A ChunkIndex in a dict, for many short histories."""

    def __init__(self) -> None:
        self._chunks: dict[tuple[Space, str], dict[tuple[str, int, int], tuple[FileChunks, Chunk]]] = {}
        self._tags: dict[tuple[Space, str], dict[tuple[str, int], FileChunks]] = {}

    def add(self, space: Space, files: Sequence[FileChunks]) -> None:
        for each in files:
            held = self._chunks.setdefault((space, each.store), {})
            known = self._tags.get((space, each.store), {}).get((each.file, each.generation), each)
            tagged = max(known, each, key=lambda one: one.revision)
            for chunk in each.chunks:
                key = (each.file, each.generation, chunk.n)
                if key not in held or held[key][0].revision <= tagged.revision:
                    held[key] = (tagged, chunk)

    def retag(self, space: Space, tagged: FileChunks) -> bool:
        tags = self._tags.setdefault((space, tagged.store), {})
        known = tags.get((tagged.file, tagged.generation), tagged)
        tags[tagged.file, tagged.generation] = max(known, tagged, key=lambda each: each.revision)
        held = self._chunks.get((space, tagged.store), {})
        for key, (each, chunk) in held.items():
            if key[:2] == (tagged.file, tagged.generation) and each.revision <= tagged.revision:
                held[key] = (tagged, chunk)
        return True

    def remove(self, space: Space, store: str, file: str, generation: int | None = None) -> None:
        held = self._chunks.get((space, store), {})
        for key in [key for key in held if key[0] == file and generation in (None, key[1])]:
            del held[key]
        tags = self._tags.get((space, store), {})
        for tag in [tag for tag in tags if tag[0] == file and generation in (None, tag[1])]:
            del tags[tag]

    def matched_words(self, queries: Sequence[str], text: str) -> tuple[str, ...]:
        return matched_words(queries, text)

    def remove_store(self, space: Space, store: str) -> bool:
        self._chunks.pop((space, store), None)
        self._tags.pop((space, store), None)
        return False

    def search(self, space: Space, queries: Sequence[Query]) -> list[SearchResult]:
        return [self._found(self._chunks.get((space, query.store), {}), query) for query in queries]

    def _found(self, held: Mapping[tuple[str, int, int], tuple[FileChunks, Chunk]], query: Query) -> SearchResult:
        hits = []
        for (file, generation, n), (each, chunk) in held.items():
            part = query.serving.get(file, Part(generation, n + 1))
            serves = part is not None and part.generation == generation and n < part.chunks
            if serves and (query.filter is None or matches(query.filter, each.attributes)):
                cosine = sum(a * b for a, b in zip(query.vector or (), chunk.vectors[0], strict=False))
                hits.append(Hit(file, generation, each.row, n, chunk.shown, cosine, None, chunk.location))
        hits.sort(key=lambda hit: (-(hit.cosine or 0.0), hit.file, hit.generation, hit.n))
        return SearchResult(tuple(hits[: query.limit]), (), 0.0)

    def count(self, space: Space, store: str) -> dict[tuple[str, int], int]:
        counts: dict[tuple[str, int], int] = {}
        for file, generation, _ in self._chunks.get((space, store), {}):
            counts[file, generation] = counts.get((file, generation), 0) + 1
        return counts

    def close(self) -> None:
        pass
