"""Vector search over the segments of a store: exact in memory; by codes, with exact re-ranking, in files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from vectorlog.index.embedded.codes import FARTHEST, Comparison
from vectorlog.index.embedded.rows import run_indices
from vectorlog.index.embedded.segment import Sealed, Segment

_FEW = 8
"""If fewer than one row in this many is allowed, only their vectors are gathered and compared; otherwise all vectors
are, because that reads memory sequentially.
"""
_CANDIDATES, _BITS = 500, 384
"""Rows that are compared exactly, at this number of dimensions; with fewer, codes say less, and more are compared."""
_STEP = 4_096
"""Rows that are compared exactly at once."""


def nearest(
    segments: Sequence[Segment],
    allowed: Sequence[NDArray[np.bool_]],
    centre: NDArray[np.float32] | None,
    vector: NDArray[np.float32],
    limit: int,
) -> Iterator[tuple[int, NDArray[np.intp], NDArray[np.float32]]]:
    """Yields rows, by segment, with their cosines: all allowed ones of segments in memory, and those of sealed segments
    whose codes are nearest to the query's, 500 or more, and all that tie with them.
    """
    coded: list[tuple[int, NDArray[np.intp] | None, NDArray[np.uint16]]] = []
    comparison = None if centre is None else Comparison(vector, centre)
    for i, (segment, mask) in enumerate(zip(segments, allowed, strict=True)):
        if segment.sealed is None:
            every = np.flatnonzero(mask)
            yield i, every, cosines(segment, vector, every)
        else:
            assert comparison is not None
            coded.append((i, *_distances(segment, segment.sealed, mask, comparison)))
    if not coded:
        return
    near = np.concatenate([distance for _, _, distance in coded])
    enough = max(_CANDIDATES, _CANDIDATES * _BITS // len(vector)) + 10 * limit
    last = np.partition(near, enough - 1)[enough - 1] if enough < len(near) else FARTHEST
    for i, rows, distance in coded:
        near_ones = np.flatnonzero(distance <= min(last, FARTHEST - 1))
        chosen = near_ones if rows is None else rows[near_ones]
        if len(chosen):
            yield i, chosen, _cosines_once(segments[i], vector, chosen)


def cosines(segment: Segment, vector: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """Returns the cosine of each row's best window, shape (rows,)."""
    if segment.sealed is not None or len(rows) * _FEW < len(segment.rows):
        best = [_gathered(segment, vector, rows[start : start + _STEP]) for start in range(0, len(rows), _STEP)]
        return np.concatenate([np.empty(0, np.float32), *best])
    allowed = segment.rows[rows]
    return _best(np.append(_dots(segment.vectors(slice(None)), vector), np.float32(-np.inf)), allowed)


def _cosines_once(segment: Segment, vector: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """Returns what `cosines` does. So many rows have mostly equal codes; those that are equal are computed once."""
    if len(rows) <= _STEP:
        return cosines(segment, vector, rows)
    _, first, equal = np.unique(segment.rows["digest"][rows], return_index=True, return_inverse=True)
    return cosines(segment, vector, rows[first])[equal]


def _gathered(segment: Segment, vector: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.float32]:
    if segment.sealed is not None and segment.sealed.unshared:
        return _dots(segment.vectors(rows), vector)
    windows, begins = run_indices(segment.rows[rows])
    found = _dots(segment.vectors(windows), vector)
    return np.maximum.reduceat(found, begins) if len(windows) > len(rows) else found


def _best(values: NDArray[np.float32], rows: NDArray[np.void]) -> NDArray[np.float32]:
    """Returns the highest value of each row's windows; `values` are those of all windows, and one more."""
    borders = np.stack([rows["window"], rows["window"] + rows["windows"]], axis=1).ravel()
    best: NDArray[np.float32] = np.maximum.reduceat(values, borders)[::2] if len(rows) else values[:0]
    return best


def _distances(
    segment: Segment, sealed: Sealed, mask: NDArray[np.bool_], comparison: Comparison
) -> tuple[NDArray[np.intp] | None, NDArray[np.uint16]]:
    """Returns rows, all allowed ones among them, or None for all; and the distance of the nearest window of each:
    FARTHEST if it is not allowed.
    """
    count = int(np.count_nonzero(mask))
    if count * _FEW < len(mask):
        rows = np.flatnonzero(mask)
        if sealed.unshared:
            return rows, comparison.distances(sealed.codes[:, rows])
        windows, begins = run_indices(segment.rows[rows])
        found = comparison.distances(sealed.codes[:, windows])
        return rows, np.minimum.reduceat(found, begins) if len(windows) > len(rows) else found
    found = comparison.distances(sealed.codes)
    if not sealed.unshared:
        every = segment.rows
        borders = np.stack([every["window"], every["window"] + every["windows"]], axis=1).ravel()
        found = np.minimum.reduceat(np.append(found, np.uint16(FARTHEST)), borders)[::2]
    if count < len(mask):
        found[~mask] = FARTHEST
    return None, found


def _dots(vectors: NDArray[np.float32], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the dot product of each vector with `vector`, shape (windows,).

    It does not use `vectors @ vector`, for two reasons. BLAS's threads wait for each other when the cores are busy
    (10,000 rows: 8 ms instead of 0.3 ms). And BLAS sums a row in an order that depends on the row's position, so the
    scores of equal vectors might differ.
    """
    products: NDArray[np.float32] = np.vecdot(vectors, vector)
    return products
