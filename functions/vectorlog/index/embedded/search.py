"""Exact search in the snapshot of one store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vectorlog.index.analyser.terms import query_terms
from vectorlog.index.chunk_index import Query
from vectorlog.index.embedded.files import File
from vectorlog.index.embedded.postings import bm25
from vectorlog.index.embedded.snapshot import Snapshot, run_indices

_FEW = 8
"""If fewer than one row in this many is allowed, only their vectors are gathered and multiplied; otherwise all vectors
are, because that reads memory sequentially.
"""

_EVERY = 1 << 40
"""More chunks than any file has."""


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """A row of the result with both scores; a score is None if the query did not ask for it."""

    row: int
    file: File
    n: int
    text: int
    cosine: float | None
    bm25: float | None


@dataclass(frozen=True, slots=True)
class RowRanking:
    """The best rows by each score, in descending order of that score."""

    by_vector: tuple[ScoredRow, ...]
    by_text: tuple[ScoredRow, ...]
    bm25_bound: float
    bm25_same: float


def search(snapshot: Snapshot, query: Query) -> RowRanking:
    """Returns the best rows by cosine and by BM25 among those that the query allows.

    Ties are in the order of their files in the store's list, then of generation and n.
    """
    allowed = _allowed(snapshot, query)
    by_vector: list[int] = []
    by_text: list[int] = []
    scores, bound, same = None, 0.0, 0.0
    if query.vector is not None:
        cosines = _cosines(snapshot, np.asarray(query.vector, np.float32), allowed)
        by_vector = allowed[_candidates(cosines, query.limit)].tolist()
    if query.text is not None:
        scores, bound, same = bm25(snapshot.segments, snapshot.statistics, snapshot.live, query_terms(query.text))
        matching = allowed[scores[allowed] > 0]
        by_text = matching[_candidates(scores[matching], query.limit)].tolist()
    scored = {each.row: each for each in _scored(snapshot, query, sorted({*by_vector, *by_text}), scores)}
    return RowRanking(
        tuple(sorted((scored[row] for row in by_vector), key=_by_cosine)[: query.limit]),
        tuple(sorted((scored[row] for row in by_text), key=_by_bm25)[: query.limit]),
        bound,
        same,
    )


def _allowed(snapshot: Snapshot, query: Query) -> NDArray[np.intp]:
    """Returns the live rows of files that match the filter, without what `query.serving` leaves out."""
    if query.filter is None and not query.serving:
        return np.flatnonzero(snapshot.live)
    files = snapshot.files
    ends = np.full(len(files.listed), _EVERY, np.int64)  # by number, the first n that is left out
    if query.filter is not None:
        ends[~files.attributes.matching(query.filter)] = 0
    for name, part in query.serving.items():
        for number in files.numbers.get(name, ()):
            if part is None or files[number].generation != part.generation:
                ends[number] = 0
            else:
                ends[number] = min(ends[number], part.chunks)
    return np.flatnonzero(snapshot.live & (snapshot.rows["n"] < ends[snapshot.rows["file"]]))


def _cosines(snapshot: Snapshot, vector: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """Returns the cosine of each row's best window, shape (rows,)."""
    if len(rows) * _FEW < len(snapshot.rows):
        windows, begins = run_indices(snapshot.rows[rows])
        cosines = _dots(snapshot.vectors[windows], vector)
        return np.maximum.reduceat(cosines, begins) if len(windows) > len(rows) else cosines
    cosines = np.append(_dots(snapshot.vectors, vector), np.float32(-np.inf))
    allowed = snapshot.rows[rows]
    borders = np.stack([allowed["window"], allowed["window"] + allowed["windows"]], axis=1).ravel()
    best: NDArray[np.float32] = np.maximum.reduceat(cosines, borders)[::2] if len(rows) else cosines[:0]
    return best


def _dots(vectors: NDArray[np.float32], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the dot product of each vector with `vector`, shape (windows,).

    It does not use `vectors @ vector`, for two reasons. BLAS's threads wait for each other when the cores are busy
    (10,000 rows: 8 ms instead of 0.3 ms). And BLAS sums a row in an order that depends on the row's position, so the
    scores of equal vectors might differ.
    """
    products: NDArray[np.float32] = np.vecdot(vectors, vector)
    return products


def _candidates(values: NDArray[np.floating], limit: int) -> NDArray[np.intp]:
    """Returns the positions of the `limit` highest values, and of all values that tie with the lowest of these."""
    if not 0 < limit < len(values):
        return np.arange(min(len(values), max(limit, 0)))
    last = np.partition(values, len(values) - limit)[len(values) - limit]
    return np.flatnonzero(values >= last)


def _scored(
    snapshot: Snapshot, query: Query, rows: Sequence[int], scores: NDArray[np.float64] | None
) -> Iterator[ScoredRow]:
    cosines: Sequence[float | None] = [None] * len(rows)
    if query.vector is not None and rows:
        exact = _cosines(snapshot, np.asarray(query.vector, np.float32), np.asarray(rows))
        cosines = np.clip(exact, -1, 1).tolist()
    for row, cosine in zip(rows, cosines, strict=True):
        text, _, number, n, *_ = snapshot.rows[row].tolist()
        yield ScoredRow(row, snapshot.files[number], n, text, cosine, None if scores is None else float(scores[row]))


def _by_cosine(scored: ScoredRow) -> tuple[float, str, str, int, int]:
    return -(scored.cosine or 0.0), *_place(scored)


def _by_bm25(scored: ScoredRow) -> tuple[float, str, str, int, int]:
    return -(scored.bm25 or 0.0), *_place(scored)


def _place(scored: ScoredRow) -> tuple[str, str, int, int]:
    return scored.file.row, scored.file.name, scored.file.generation, scored.n
