"""The exact vectors of a sealed segment: float16 in a mapped file, of which a search reads a few."""

from __future__ import annotations

import mmap

import numpy as np
from numpy.typing import NDArray

_READ = 64
"""Vectors of a file that are read before its pages are let go. The kernel maps up to 64 KB around each, so about 4 MB
of each file count as memory of this process; the pages stay in the kernel's cache, from which they are mapped again in
microseconds.
"""


class VectorMap:
    """Vectors of shape (windows, dimensions) at an offset of a file. Any number of threads may read them."""

    def __init__(self, file: int, offset: int, windows: int, dimensions: int) -> None:
        """Maps the file with this descriptor, which may be closed afterwards."""
        self._map = mmap.mmap(file, 2 * windows * dimensions, offset=offset, access=mmap.ACCESS_READ)
        if hasattr(mmap, "MADV_RANDOM"):
            self._map.madvise(mmap.MADV_RANDOM)
        self._vectors = np.frombuffer(self._map, np.float16).reshape(windows, dimensions)
        self._read = 0

    def read(self, windows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> NDArray[np.float32]:
        """Returns vectors by their indices."""
        found = self._vectors[windows].astype(np.float32)
        self._read += len(found)
        if self._read > _READ and hasattr(mmap, "MADV_DONTNEED"):
            self._read = 0
            self._map.madvise(mmap.MADV_DONTNEED)
        return found
