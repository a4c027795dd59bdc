"""Immutable snapshots of a store, which searches read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from vectorlog.index.embedded.files import Files
from vectorlog.index.embedded.postings import Postings, Statistics

_FIELDS = (
    ("text", "<i8"),  # id of the text
    ("digest", "<u8"),  # of text and vectors: shows whether the chunk itself has changed or only its attributes
    ("file", "<i4"),  # number of the file's generation in the store
    ("n", "<i4"),
    ("window", "<i4"),  # index of its first vector
    ("length", "<i4"),  # terms
)
ROW = np.dtype([*_FIELDS, ("windows", "<i4")])  # number of its vectors; neighbouring rows may share some
"""One chunk, in memory and on disk."""
FORMAT = 2
"""Of rows on disk. Format 1 lacks `windows`."""


def read_rows(blocks: Sequence[tuple[bytes, bytes, int]], dimensions: int) -> NDArray[np.void]:
    """Returns the rows of blocks, each given with its vectors and its format. In format 1, a row's vectors end where
    those of the next row begin.
    """
    read: list[NDArray[np.void]] = [np.empty(0, ROW)]
    vectors = 0
    for rows, packed, format_ in blocks:
        vectors += len(packed) // (2 * dimensions)
        if format_ == FORMAT:
            read.append(np.frombuffer(rows, ROW))
            continue
        old = np.frombuffer(rows, np.dtype([*_FIELDS]))
        new = np.empty(len(old), ROW)
        for name, _ in _FIELDS:
            new[name] = old[name]
        new["windows"] = np.diff(old["window"], append=vectors)
        read.append(new)
    return np.concatenate(read)


def run_indices(rows: NDArray[np.void]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Returns the indices of the vectors of these rows, and the offset among them at which those of each row begin."""
    counts = rows["windows"].astype(np.intp)
    begins = np.cumsum(counts) - counts
    return np.arange(counts.sum()) + np.repeat(rows["window"] - begins, counts), begins


_Item = TypeVar("_Item", bound=np.generic)


class Column(Generic[_Item]):
    """An array that can be appended to; arrays read from `items` earlier do not change."""

    def __init__(self, items: NDArray[_Item]) -> None:
        """Starts with these items; the array itself is never written to."""
        self._buffer = items
        self.items = items

    def extend(self, more: NDArray[_Item]) -> None:
        """Appends items; `items` is then a new, longer array."""
        size, total = len(self.items), len(self.items) + len(more)
        if total > len(self._buffer):
            grown = np.empty((max(total + total // 2, 16), *self._buffer.shape[1:]), self._buffer.dtype)
            grown[:size] = self.items
            self._buffer = grown
        self._buffer[size:total] = more
        self.items = self._buffer[:total]

    @property
    def nbytes(self) -> int:
        """Memory use in bytes, including spare capacity."""
        return self._buffer.nbytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of a store. A writer derives the next state from it; readers keep using theirs.

    Attributes:
        key: of the store in the database; None if it is not stored yet.
        rows: dtype ROW, shape (rows,); the writer appends to `row_column`.
        vectors: float32, shape (windows, dimensions); the writer appends to `vector_column`.
        live: False for a row that was removed or replaced, shape (rows,).
        segments: of the text index, oldest first.
        nbytes: approximate memory use in bytes.
    """

    key: int | None
    rows: NDArray[np.void]
    vectors: NDArray[np.float32]
    live: NDArray[np.bool_]
    files: Files
    segments: tuple[Postings, ...]
    statistics: Statistics
    row_column: Column[np.void]
    vector_column: Column[np.float32]
    nbytes: int

    @classmethod
    def of(
        cls,
        key: int | None,
        rows: Column[np.void],
        vectors: Column[np.float32],
        live: NDArray[np.bool_],
        files: Files,
        segments: tuple[Postings, ...],
    ) -> Snapshot:
        """Creates a snapshot of the current content of the columns."""
        statistics = Statistics.of(rows.items["length"], live)
        nbytes = (
            rows.nbytes
            + vectors.nbytes
            + live.nbytes
            + statistics.norms.nbytes
            + sum(segment.nbytes for segment in segments)
            + files.nbytes
        )
        return cls(key, rows.items, vectors.items, live, files, segments, statistics, rows, vectors, nbytes)

    def count(self) -> dict[tuple[str, int], int]:
        """Returns the number of live rows by (file, generation)."""
        numbers, counts = np.unique(self.rows["file"][self.live], return_counts=True)
        pairs = ((self.files[number], count) for number, count in zip(numbers.tolist(), counts.tolist(), strict=True))
        return {(file.name, file.generation): count for file, count in pairs}
