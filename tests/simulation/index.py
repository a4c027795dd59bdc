"""A chunk index in memory: exact, with both kinds of hits."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from tests.support.stubs import DictIndex
from vectorlog.domain.filters import matches
from vectorlog.domain.vectors import Chunk, Space
from vectorlog.index.chunk_index import FileChunks, Hit, Part, Query, SearchResult


class MemoryIndex(DictIndex):
    """Implements ChunkIndex. A text matches a query's text if they share a word. `tags`: whether it can retag, as the
    embedded index does and OpenSearch does not.
    """

    def __init__(self, *, tags: bool) -> None:
        super().__init__()
        self._can_retag = tags

    def retag(self, space: Space, tagged: FileChunks) -> bool:
        return self._can_retag and super().retag(space, tagged)

    def _found(self, held: Mapping[tuple[str, int, int], tuple[FileChunks, Chunk]], query: Query) -> SearchResult:
        by_vector, by_text, terms = [], [], set((query.text or "").split())
        for (file, generation, n), (each, chunk) in held.items():
            part = query.serving.get(file, Part(generation, n + 1))
            if part is None or part.generation != generation or n >= part.chunks:
                continue
            if query.filter is not None and not matches(query.filter, each.attributes):
                continue
            cosine, bm25 = None, None
            if query.vector is not None:
                cosine = sum(a * b for a, b in zip(query.vector, chunk.vectors[0], strict=True))
            if shared := terms & set(chunk.text.split()):
                bm25 = float(len(shared))
            hit = Hit(file, generation, each.row, n, chunk.text, cosine, bm25, chunk.location)
            by_vector += [hit] if cosine is not None else []
            by_text += [hit] if bm25 is not None else []
        by_vector.sort(key=lambda hit: (-(inf if hit.cosine is None else hit.cosine), hit.file, hit.generation, hit.n))
        by_text.sort(key=lambda hit: (-(hit.bm25 or 0.0), hit.file, hit.generation, hit.n))
        return SearchResult(tuple(by_vector[: query.limit]), tuple(by_text[: query.limit]), float(len(terms)))
