"""The port of the chunk index, and the records that it takes and returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vectorlog.domain.filters import Attributes, Filter
from vectorlog.domain.location import Location
from vectorlog.domain.vectors import Chunk, Space, Vector


@dataclass(frozen=True, slots=True)
class FileChunks:
    """Chunks of one generation of a file in a store; a large file is divided over several of these.

    Attributes:
        row: sort key of the file's row in the views; returned with every hit.
        revision: of the attributes; a lower revision never replaces a higher one.
    """

    store: str
    file: str
    generation: int
    row: str
    revision: int
    attributes: Attributes
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a file that serves: the first `chunks` chunks of a generation."""

    generation: int
    chunks: int


@dataclass(frozen=True, slots=True)
class Query:
    """A query of one store.

    Attributes:
        vector: the query's vector; None to search by text only.
        text: matched by BM25; None to search by vector only.
        limit: maximum number of hits in each of the two lists.
        serving: what serves of some files, by file id, as far as the caller has looked it up; None: nothing does. Other
            chunks of these files are left out. Files that are not named here are not restricted.
    """

    store: str
    vector: Vector | None
    text: str | None
    limit: int
    filter: Filter | None = None
    serving: Mapping[str, Part | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that matches a query; a score is None if the index did not compute it for this chunk.

    Attributes:
        text: what is shown of the chunk.
        cosine: of the chunk's best window, -1..1.
        bm25: BM25 with the parameters of `bm25.py`, and the terms and weights of `analyser/`, 0 or more. The frequency
            of a term and the average length of a text are those of the store, or of all stores that the index keeps
            together with it.
        location: of the chunk; None if it was added without one.
    """

    file: str
    generation: int
    row: str
    n: int
    text: str
    cosine: float | None
    bm25: float | None
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits of one query: the best by cosine and the best by BM25, each in descending order of score.

    Ties are in the order of `row`, then of file, generation and n.

    Attributes:
        bm25_bound: upper bound of the score of any document for the query's terms; 0 if no term is known.
        bm25_same: about the score of a document whose text is that of the query, with a frame of `NAMES` terms; 0 if no
            term is known.
    """

    by_vector: tuple[Hit, ...]
    by_text: tuple[Hit, ...]
    bm25_bound: float
    bm25_same: float = 0.0


class ChunkIndex(Protocol):
    """Stores and searches the chunks of all stores, by space.

    Filters are applied before top-k: if at least `limit` chunks match, `limit` are returned. A chunk is identified by
    (store, file, generation, n); adding it again replaces it, so redeliveries are harmless.
    """

    def add(self, space: Space, files: Sequence[FileChunks]) -> None:
        """Adds or replaces chunks. Once this returns, they are durable and visible to every search that starts then."""
        ...

    def retag(self, space: Space, tagged: FileChunks) -> bool:
        """Gives a generation other attributes without adding its chunks again; those of `tagged` are not looked at.

        Returns whether the index can do this. If so, then once this returns, filters use these attributes for all
        chunks of the generation, and for chunks that are added later with a lower revision. If not, nothing has
        changed, and the chunks have to be added again.
        """
        ...

    def remove(self, space: Space, store: str, file: str, generation: int | None = None) -> None:
        """Removes the chunks of a generation of a file (None: of all of them), if there are any."""
        ...

    def remove_store(self, space: Space, store: str) -> bool:
        """Removes chunks of a store, as many as one short call can; returns whether there may be more of them."""
        ...

    def search(self, space: Space, queries: Sequence[Query]) -> list[SearchResult]:
        """Returns one result per query, in order; an unknown store counts as empty."""
        ...

    def matched_words(self, queries: Sequence[str], text: str) -> tuple[str, ...]:
        """Returns the words of a text by which these queries find it, as the text has them, the weightiest first. The
        text need not be in the index, which is asked because only what has an index carries the analyser's libraries.
        """
        ...

    def count(self, space: Space, store: str) -> dict[tuple[str, int], int]:
        """Returns the number of chunks in a store by (file, generation)."""
        ...

    def close(self) -> None:
        """Releases connections, files and memory; the chunks stay stored."""
        ...
