"""A segment: a run of a store's rows with their vectors and postings, in memory or in a mapped file."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vectorlog.index.embedded.postings import Postings, rounded
from vectorlog.index.embedded.rows import ROW, Column
from vectorlog.index.embedded.vector_map import VectorMap


class Columns:
    """The arrays of a segment in memory, to which a writer appends."""

    __slots__ = ("lengths", "rows", "vectors")

    def __init__(self, rows: NDArray[np.void], vectors: NDArray[np.float32]) -> None:
        self.rows = Column(rows)
        self.vectors = Column(vectors)
        self.lengths = Column(rounded(rows["length"]))

    def extend(self, rows: NDArray[np.void], vectors: NDArray[np.float32]) -> None:
        """Appends rows and their vectors."""
        self.rows.extend(rows)
        self.vectors.extend(vectors)
        self.lengths.extend(rounded(rows["length"]))

    @property
    def nbytes(self) -> int:
        """Memory use in bytes."""
        return self.rows.nbytes + self.vectors.nbytes + self.lengths.nbytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a segment in a file has beside the arrays of any segment.

    Attributes:
        name: of the file.
        codes: of the vectors, see `codes.py`, shape (planes, windows).
        vectors: as float16 in the file.
        unshared: see `rows.unshared`.
    """

    name: str
    codes: NDArray[np.uint64]
    vectors: VectorMap
    unshared: bool


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """One state of a segment; nothing in it changes. Two are equal only if they are one object.

    Attributes:
        first: number of its first row in the store. Rows of a segment are numbered from 0 in everything else.
        rows: dtype ROW, shape (rows,).
        lengths: of the rows in terms, as BM25 takes them, shape (rows,).
        live: False for a row that was removed or replaced, shape (rows,).
        runs: postings, the oldest rows first; a sealed segment has one run.
        documents: number of live rows with at least one term.
        terms: sum of the lengths of live rows, exact.
        dead: number of rows that are not live.
        columns: in memory, else None.
        sealed: in a file, else None.
    """

    first: int
    rows: NDArray[np.void]
    lengths: NDArray[np.int32]
    live: NDArray[np.bool_]
    runs: tuple[Postings, ...]
    documents: int
    terms: int
    dead: int
    columns: Columns | None
    sealed: Sealed | None

    @classmethod
    def in_memory(cls, first: int, columns: Columns, live: NDArray[np.bool_], runs: tuple[Postings, ...]) -> Segment:
        """Returns a segment of the current content of the columns."""
        rows = columns.rows.items
        return cls(first, rows, columns.lengths.items, live, runs, *totals(rows, live), columns, None)

    @classmethod
    def empty(cls, first: int, dimensions: int) -> Segment:
        """Returns a segment without rows."""
        columns = Columns(np.empty(0, ROW), np.empty((0, dimensions), np.float32))
        return cls.in_memory(first, columns, np.empty(0, bool), ())

    def having(self, live: NDArray[np.bool_]) -> Segment:
        """Returns the segment with other rows alive."""
        documents, terms, dead = totals(self.rows, live)
        return replace(self, live=live, documents=documents, terms=terms, dead=dead)

    @property
    def windows(self) -> int:
        """Number of vectors."""
        if self.sealed is not None:
            return len(self.sealed.codes[0])
        assert self.columns is not None
        return len(self.columns.vectors.items)

    def vectors(self, windows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> NDArray[np.float32]:
        """Returns vectors by their indices."""
        if self.sealed is not None:
            return self.sealed.vectors.read(windows)
        assert self.columns is not None
        return self.columns.vectors.items[windows]

    @property
    def nbytes(self) -> int:
        """Approximate memory use in bytes; of a file, what every search reads."""
        if self.sealed is not None:
            return self.rows.nbytes + self.lengths.nbytes + self.live.nbytes + self.sealed.codes.nbytes
        assert self.columns is not None
        return self.columns.nbytes + self.live.nbytes + sum(run.nbytes for run in self.runs)


def totals(rows: NDArray[np.void], live: NDArray[np.bool_]) -> tuple[int, int, int]:
    """Returns the number of live rows with at least one term, the sum of the lengths of live rows, and the number of
    dead rows.
    """
    counted = np.where(live, rows["length"], 0)
    return int(np.count_nonzero(counted)), int(counted.sum(dtype=np.int64)), len(live) - int(np.count_nonzero(live))
