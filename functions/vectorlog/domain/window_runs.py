"""Lays the windows of chunks in one row, of which each chunk has a run, so that shared windows are kept once."""

from __future__ import annotations

from collections.abc import Sequence


def row_of(chunks: Sequence[Sequence[bytes]]) -> tuple[list[int], list[bytes]]:
    """Returns where in the row the windows of each chunk begin, and the row.

    A chunk's first windows are shared if they equal the last ones of the chunk before.
    """
    starts: list[int] = []
    row: list[bytes] = []
    start = 0
    for windows in chunks:
        longest = min(len(row) - start, len(windows))
        shared = next((size for size in range(longest, 0, -1) if row[-size:] == list(windows[:size])), 0)
        start = len(row) - shared
        starts.append(start)
        row.extend(windows[shared:])
    return starts, row
