"""Immutable snapshots of a store, which searches read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from vectorlog.index.embedded.files import Files
from vectorlog.index.embedded.postings import Postings, Statistics

ROW = np.dtype(
    [
        ("text", "<i8"),  # id of the text
        ("digest", "<u8"),  # of text and vectors: shows whether the chunk itself has changed or only its attributes
        ("file", "<i4"),  # number of the file's generation in the store
        ("n", "<i4"),
        ("window", "<i4"),  # index of its first vector
        ("length", "<i4"),  # terms
    ]
)
"""One chunk, in memory and on disk."""

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
