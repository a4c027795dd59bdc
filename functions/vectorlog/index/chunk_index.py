"""The port of the chunk index, and the records that cross it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vectorlog.domain.filters import Attributes, Filter
from vectorlog.domain.vectors import Chunk, Space, Vector


@dataclass(frozen=True, slots=True)
class FileChunks:
    """Chunks of one generation of a file in a store; a large file comes in several of these.

    Attributes:
        row: sort key of the file's row in the views; comes back with every hit.
        revision: of the attributes; a lower one never replaces a higher one.
    """

    store: str
    file: str
    generation: int
    row: str
    revision: int
    attributes: Attributes
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for in one store.

    Attributes:
        vector: of the query; None asks for text alone.
        text: to match by BM25; None asks for vectors alone.
        limit: hits wanted from each of the two lists.
        without: files that must not come back (the caller found that they no longer serve).
    """

    store: str
    vector: Vector | None
    text: str | None
    limit: int
    filter: Filter | None = None
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hit:
    """One chunk that was found; a score is None where the index did not compute it for this chunk.

    Attributes:
        cosine: of the best window, -1..1.
        bm25: Lucene's BM25 (k1 1.2, b 0.75), 0 and up. How rare a word is and how long a text is on average, it takes
            from the store, or from all that an index keeps together with it.
    """

    file: str
    generation: int
    row: str
    n: int
    text: str
    cosine: float | None
    bm25: float | None


@dataclass(frozen=True, slots=True)
class Found:
    """Hits of one query: the best by cosine and the best by BM25, each in descending score.

    Attributes:
        bm25_bound: no document could score more than this for the query's terms; 0 where no term is known.
    """

    by_vector: tuple[Hit, ...]
    by_text: tuple[Hit, ...]
    bm25_bound: float


class ChunkIndex(Protocol):
    """Chunks of all stores, by space.

    Filters hold before top-k: with `limit` matching chunks or more, `limit` come back. A chunk is known by (store,
    file, generation, n): adding it again replaces it, so redelivery changes nothing.
    """

    def add(self, space: Space, files: Sequence[FileChunks]) -> None:
        """Adds or replaces chunks; durable, and found by every search that starts after this returns."""
        ...

    def remove(self, space: Space, store: str, file: str, generation: int | None = None) -> None:
        """Takes a generation of a file (None: all of them) out; nothing there is no error."""
        ...

    def remove_store(self, space: Space, store: str) -> None:
        """Takes everything of a store out; nothing there is no error."""
        ...

    def search(self, space: Space, queries: Sequence[Query]) -> list[Found]:
        """One answer per query, in order; an unknown store is an empty one."""
        ...

    def count(self, space: Space, store: str) -> dict[tuple[str, int], int]:
        """How many chunks there are, by (file, generation)."""
        ...

    def close(self) -> None:
        """Releases what the index holds; what was added stays."""
        ...
