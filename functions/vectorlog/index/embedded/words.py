"""BM25 over the segments of a store, as in Lucene 8 and later (without the factor k1 + 1).

A term adds weight · idf · count / (count + norm) to a row's score. The fraction is below 1, so weight · idf bounds what
a term can add. Once enough rows are known, the common words of a query, which add little and are in most rows, are
looked up only for rows that could still be among the best (Turtle and Flood's MaxScore). The result is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vectorlog.index.analyser.terms import QueryTerms
from vectorlog.index.bm25 import BM25, idf, marks
from vectorlog.index.embedded.postings import key
from vectorlog.index.embedded.segment import Segment
from vectorlog.index.embedded.snapshot import Snapshot

_ROUNDING = 1 - 1e-9
"""Bounds are compared with scores, and both are sums in floating point."""


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a term occurs in a segment: rows ascending within each part, and counts."""

    gain: float
    parts: tuple[tuple[NDArray[np.integer], NDArray[np.integer]], ...]


@dataclass(frozen=True, slots=True)
class Words:
    """The terms of a query in a store.

    Attributes:
        bound: upper bound of the score of any text; 0 if no term is known.
        same: about the score of a text that is the query.
        flat, slope: a row's norm is flat + slope · length.
    """

    found: tuple[tuple[_Found, ...], ...]  # by segment; terms in descending order of what they can add
    bound: float
    same: float
    flat: float
    slope: float

    @classmethod
    def of(cls, snapshot: Snapshot, query: QueryTerms) -> Words:
        """Looks the terms up."""
        keys = np.fromiter(map(key, query.weights), np.uint64, len(query.weights))
        by_segment = [_parts(segment, keys) for segment in snapshot.segments]
        documents, idfs = snapshot.documents, dict[str, float]()
        gains: list[tuple[float, int]] = []
        for i, (term, weight) in enumerate(query.weights.items()):
            frequency = sum(
                _live(segment, parts[i]) for segment, parts in zip(snapshot.segments, by_segment, strict=True)
            )
            if frequency:
                idfs[term] = idf(documents, frequency)
                gains.append((weight * idfs[term], i))
        gains.sort(key=lambda gain: -gain[0])
        found = tuple(tuple(_Found(gain, tuple(parts[i])) for gain, i in gains if parts[i]) for parts in by_segment)
        slope = BM25.k1 * BM25.b / snapshot.mean
        return cls(found, *marks(query, idfs, snapshot.mean, BM25), BM25.k1 * (1 - BM25.b), slope)

    def scores(self, i: int, segment: Segment, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Returns the scores of rows of the i-th segment."""
        scores = np.zeros(len(rows))
        for term in self.found[i]:
            self._look_up(term, segment, rows, scores)
        return scores

    def best(
        self, segments: Sequence[Segment], allowed: Sequence[NDArray[np.bool_]], limit: int
    ) -> Iterator[tuple[int, NDArray[np.intp], NDArray[np.float64]]]:
        """Yields rows that may be among the `limit` best of those allowed, or tie with the last of them, by segment,
        with their scores. All that are among them are yielded.
        """
        threshold, highest = 0.0, np.empty(0)
        for i, (segment, mask) in enumerate(zip(segments, allowed, strict=True)):
            terms = self.found[i]
            rest = np.cumsum([term.gain for term in reversed(terms)])[::-1].tolist()  # what this and later ones can add
            needed = sum(left >= threshold * _ROUNDING for left in rest)
            if not needed:
                continue
            dense = np.zeros(len(segment.rows))
            for term in terms[:needed]:
                for rows, counts in term.parts:
                    dense[rows] += term.gain * counts / (counts + self._norms(segment, rows))
            rest.append(0.0)
            candidates = np.flatnonzero((dense > max((threshold - rest[needed]) * _ROUNDING, 0.0)) & mask)
            scores = dense[candidates]
            for term, left in zip(terms[needed:], rest[needed:-1], strict=True):
                possible = scores >= (threshold - left) * _ROUNDING
                candidates, scores = candidates[possible], scores[possible]
                self._look_up(term, segment, candidates, scores)
            if 0 < limit < len(highest) + len(scores):
                highest = np.partition(np.concatenate([highest, scores]), -limit)[-limit:]
                threshold = float(highest.min())
                candidates, scores = candidates[scores >= threshold], scores[scores >= threshold]
            else:
                highest = np.concatenate([highest, scores])
            yield i, candidates, scores

    def _look_up(self, term: _Found, segment: Segment, rows: NDArray[np.intp], scores: NDArray[np.float64]) -> None:
        """Adds what a term gives to the scores of these rows."""
        for holding, counts in term.parts:
            places = np.minimum(holding.searchsorted(rows.astype(holding.dtype)), len(holding) - 1)
            having = np.flatnonzero(holding[places] == rows)
            if len(having):
                times = counts[places[having]]
                scores[having] += term.gain * times / (times + self._norms(segment, rows[having]))

    def _norms(self, segment: Segment, rows: NDArray[np.integer]) -> NDArray[np.float64]:
        norms: NDArray[np.float64] = self.flat + self.slope * segment.lengths[rows]
        return norms


_Parts = list[tuple[NDArray[np.integer], NDArray[np.integer]]]


def _parts(segment: Segment, keys: NDArray[np.uint64]) -> list[_Parts]:
    """Returns the postings of each term in a segment."""
    found: list[_Parts] = [[] for _ in keys]
    for run in segment.runs:
        for parts, begin, end in zip(found, *run.find(keys), strict=True):
            if begin < end:
                parts.append((run.rows[begin:end], run.counts[begin:end]))
    return found


def _live(segment: Segment, parts: _Parts) -> int:
    """Returns how many live rows have a term."""
    if not segment.dead:
        return sum(len(rows) for rows, _ in parts)
    return sum(int(np.count_nonzero(segment.live[rows])) for rows, _ in parts)
