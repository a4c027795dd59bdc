"""A chunk index in memory: exact, with both kinds of hits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from vectorlog.domain.filters import matches
from vectorlog.domain.vectors import Chunk, Space
from vectorlog.index.chunk_index import FileChunks, Hit, Query, SearchResult

_Key = tuple[str, int, int]
_Held = dict[_Key, tuple[FileChunks, Chunk]]


class MemoryIndex:
    """Implements ChunkIndex. A text matches a query's text if they share a word."""

    def __init__(self) -> None:
        self._chunks: dict[tuple[Space, str], _Held] = {}

    def add(self, space: Space, files: Sequence[FileChunks]) -> None:
        for each in files:
            held = self._chunks.setdefault((space, each.store), {})
            for chunk in each.chunks:
                key = (each.file, each.generation, chunk.n)
                if key not in held or held[key][0].revision <= each.revision:
                    held[key] = (each, chunk)

    def remove(self, space: Space, store: str, file: str, generation: int | None = None) -> None:
        held = self._chunks.get((space, store), {})
        for key in [key for key in held if key[0] == file and generation in (None, key[1])]:
            del held[key]

    def remove_store(self, space: Space, store: str) -> bool:
        self._chunks.pop((space, store), None)
        return False

    def search(self, space: Space, queries: Sequence[Query]) -> list[SearchResult]:
        return [self._found(self._chunks.get((space, query.store), {}), query) for query in queries]

    def _found(self, held: Mapping[_Key, tuple[FileChunks, Chunk]], query: Query) -> SearchResult:
        by_vector, by_text, terms = [], [], set((query.text or "").split())
        for (file, generation, n), (each, chunk) in held.items():
            if file in query.without or not (query.filter is None or matches(query.filter, each.attributes)):
                continue
            cosine, bm25 = None, None
            if query.vector is not None:
                cosine = sum(a * b for a, b in zip(query.vector, chunk.vectors[0], strict=True))
            if shared := terms & set(chunk.text.split()):
                bm25 = float(len(shared))
            hit = Hit(file, generation, each.row, n, chunk.text, cosine, bm25)
            if cosine is not None:
                by_vector.append(hit)
            if bm25 is not None:
                by_text.append(hit)
        by_vector.sort(key=lambda hit: (-(inf if hit.cosine is None else hit.cosine), hit.file, hit.generation, hit.n))
        by_text.sort(key=lambda hit: (-(hit.bm25 or 0.0), hit.file, hit.generation, hit.n))
        return SearchResult(tuple(by_vector[: query.limit]), tuple(by_text[: query.limit]), float(len(terms)))

    def count(self, space: Space, store: str) -> dict[tuple[str, int], int]:
        counts: dict[tuple[str, int], int] = {}
        for file, generation, _ in self._chunks.get((space, store), {}):
            counts[file, generation] = counts.get((file, generation), 0) + 1
        return counts

    def close(self) -> None:
        pass
