"""The rows of the embedded index, one for each chunk, and arrays that grow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

_FIELDS = (
    ("text", "<i8"),  # id of the text; ascending, from row to row and from segment to segment
    ("digest", "<u8"),  # of text and vectors: shows whether the chunk itself has changed or only its attributes
    ("file", "<i4"),  # number of the file's generation in the store
    ("n", "<i4"),
    ("window", "<i4"),  # index of its first vector in the segment
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


def unshared(rows: NDArray[np.void], windows: int) -> bool:
    """Returns whether each row has one vector of its own, in the order of the rows."""
    return len(rows) == windows and bool(
        (rows["windows"] == 1).all() and np.array_equal(rows["window"], np.arange(windows))
    )


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
