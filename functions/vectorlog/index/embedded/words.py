"""BM25 over the segments of a store, as in Lucene 8 and later (without the factor k1 + 1).

A term adds weight · idf · count / (count + norm) to a row's score. The fraction is below 1, so weight · idf bounds what
a term can add. Once enough rows are known, the common words of a query, which add little and are in most rows, are
looked up only for rows that could still be among the best (Turtle and Flood's MaxScore). The result is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vectorlog.index.analyser.spelling import other_spellings, respelt
from vectorlog.index.analyser.terms import QueryTerms
from vectorlog.index.bm25 import BM25, idf, marks
from vectorlog.index.embedded.postings import key
from vectorlog.index.embedded.segment import Segment
from vectorlog.index.embedded.snapshot import Snapshot

_ROUNDING = 1 - 1e-9
"""Bounds are compared with scores, and both are sums in floating point."""


_Parts = tuple[tuple[NDArray[np.integer], NDArray[np.integer]], ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a term occurs in a segment: rows ascending within each part, and counts."""

    gain: float
    parts: _Parts


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
        """Looks the terms up, and what may have been meant by words that no text has."""
        found = _occurrences(snapshot, list(query.weights))
        spellings = other_spellings(query, found)
        if spellings:
            others = _occurrences(snapshot, sorted({each for some in spellings.values() for each in some}))
            meant = respelt(query, spellings, {term: each.frequency for term, each in others.items()})
            if meant.weights != query.weights:
                query, found = meant, _occurrences(snapshot, list(meant.weights))
        documents = snapshot.documents
        idfs = {term: idf(documents, each.frequency) for term, each in found.items()}
        gains = {term: query.weights[term] * idfs[term] for term in found}
        ordered = sorted(gains, key=lambda term: -gains[term])
        by_segment = tuple(
            tuple(_Found(gains[term], found[term].parts[i]) for term in ordered if i in found[term].parts)
            for i in range(len(snapshot.segments))
        )
        bound, same = marks(query, idfs, documents, snapshot.mean, BM25)
        return cls(by_segment, bound, same, BM25.k1 * (1 - BM25.b), BM25.k1 * BM25.b / snapshot.mean)

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


@dataclass(frozen=True, slots=True)
class _Occurrences:
    """Where a term occurs, by segment, in dead rows too; and how many live rows have it."""

    parts: Mapping[int, _Parts]
    frequency: int


def _occurrences(snapshot: Snapshot, terms: Sequence[str]) -> dict[str, _Occurrences]:
    """Returns where terms occur: those that a live row has, in their order."""
    keys = np.fromiter(map(key, terms), np.uint64, len(terms))
    parts: dict[int, dict[int, _Parts]] = {}  # by the place of a term, and by segment
    frequencies: dict[int, int] = {}
    for i, segment in enumerate(snapshot.segments):
        for run in segment.runs:
            begins, ends = run.find(keys)
            for place in np.flatnonzero(begins < ends).tolist():
                part = run.rows[begins[place] : ends[place]], run.counts[begins[place] : ends[place]]
                having = parts.setdefault(place, {})
                having[i] = (*having.get(i, ()), part)
                live = np.count_nonzero(segment.live[part[0]]) if segment.dead else len(part[0])
                frequencies[place] = frequencies.get(place, 0) + int(live)
    return {
        terms[place]: _Occurrences(parts[place], frequencies[place]) for place in sorted(parts) if frequencies[place]
    }
