"""Postings of the embedded text index and BM25 over them, as Lucene computes it (8 and later: no factor k1 + 1)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile

import numpy as np
from numpy.typing import NDArray

K1 = 1.2
B = 0.75
"""Lucene's defaults."""

_FAN = 8
"""Segments of about one size that become one: each posting is written again once for every eightfold growth."""
_LARGEST = 2_000_000
"""Postings (about 25,000 chunks) in the largest segment, so that no add waits longer than a fraction of a second for a
merge.
"""
_MOST = np.iinfo(np.uint16).max


@dataclass(frozen=True, slots=True)
class Postings:
    """A sorted, immutable part of the text index.

    Attributes:
        terms: distinct, ascending, shape (terms,).
        starts: where each term's postings begin, and the end of the last, shape (terms + 1,).
        rows: of the chunks, ascending within a term, shape (postings,).
        counts: how often the term is in the chunk (65,535 at most), shape (postings,).
    """

    terms: NDArray[np.uint64]
    starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    counts: NDArray[np.uint16]

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return self.terms.nbytes + self.starts.nbytes + self.rows.nbytes + self.counts.nbytes

    def to_bytes(self) -> bytes:
        """The arrays one after the other, behind their lengths."""
        head = np.array([len(self.terms), len(self.rows)], np.int64)
        return b"".join(array.tobytes() for array in (head, self.terms, self.starts, self.rows, self.counts))

    @classmethod
    def from_bytes(cls, data: bytes) -> Postings:
        """Reads what `to_bytes` wrote, without a copy."""
        terms, postings = np.frombuffer(data, np.int64, 2).tolist()
        starts, rows = 16 + 8 * terms, 16 + 8 * (2 * terms + 1)
        return cls(
            np.frombuffer(data, np.uint64, terms, 16),
            np.frombuffer(data, np.int64, terms + 1, starts),
            np.frombuffer(data, np.int32, postings, rows),
            np.frombuffer(data, np.uint16, postings, rows + 4 * postings),
        )

    def find(self, terms: NDArray[np.uint64]) -> tuple[list[int], list[int]]:
        """Where the postings of each term begin and end; the same place where it has none."""
        if not len(self.terms):
            return [0] * len(terms), [0] * len(terms)
        places = np.minimum(self.terms.searchsorted(terms), len(self.terms) - 1)
        known = self.terms[places] == terms
        return self.starts[places].tolist(), self.starts[places + known].tolist()

    def only(self, places: NDArray[np.int32]) -> Postings:
        """These postings with each row moved to its place; a row whose place is below 0 is left out."""
        moved = places[self.rows]
        kept = moved >= 0
        return _sorted(np.repeat(self.terms, np.diff(self.starts))[kept], moved[kept], self.counts[kept])


def invert(documents: Sequence[Counter[int]], first: int) -> Postings:
    """Postings of documents whose rows are `first`, `first` + 1 and so on."""
    lengths = [len(document) for document in documents]
    terms = np.fromiter((term for document in documents for term in document), np.uint64, sum(lengths))
    counts = np.fromiter(
        (min(count, _MOST) for document in documents for count in document.values()), np.uint16, len(terms)
    )
    return _sorted(terms, np.repeat(np.arange(first, first + len(documents), dtype=np.int32), lengths), counts)


def merge(parts: Sequence[Postings]) -> Postings:
    """One segment made of several, given in ascending order of rows."""
    terms = np.concatenate([np.repeat(part.terms, np.diff(part.starts)) for part in parts])
    return _sorted(
        terms, np.concatenate([part.rows for part in parts]), np.concatenate([part.counts for part in parts])
    )


def due(sizes: Sequence[int]) -> int:
    """How many of the newest segments, given the postings of each, shall become one; 0 for none."""
    newest = _tier(sizes[-1])
    run = len(list(takewhile(lambda size: _tier(size) <= newest, reversed(sizes))))
    fitting = sum(total <= _LARGEST for total in accumulate(reversed(sizes[-run:])))
    return fitting if run >= _FAN and fitting > 1 else 0


def _tier(size: int) -> int:
    return size.bit_length() // 3


def _sorted(terms: NDArray[np.uint64], rows: NDArray[np.int32], counts: NDArray[np.uint16]) -> Postings:
    order = np.argsort(terms, kind="stable")
    terms = terms[order]
    new = np.ones(len(terms), bool)
    new[1:] = terms[1:] != terms[:-1]
    starts = np.flatnonzero(new)
    return Postings(terms[starts], np.append(starts, len(terms)).astype(np.int64), rows[order], counts[order])


@dataclass(frozen=True, slots=True)
class Statistics:
    """What BM25 needs to know of a store: its live rows that have a term, and each row's k1 · (1 - b + b · length /
    mean length).
    """

    documents: int
    norms: NDArray[np.float64]

    @classmethod
    def of(cls, lengths: NDArray[np.int32], live: NDArray[np.bool_]) -> Statistics:
        """Counts rows of these lengths (in words that are no stop words)."""
        counted = np.where(live, lengths, 0)
        documents = int(np.count_nonzero(counted))
        mean = float(counted.sum(dtype=np.int64)) / max(documents, 1)
        norms: NDArray[np.float64] = K1 * (1 - B + B / (mean or 1.0) * lengths.astype(np.float64))
        return cls(documents, norms)


def bm25(
    segments: Sequence[Postings], statistics: Statistics, live: NDArray[np.bool_], query: Counter[int]
) -> tuple[NDArray[np.float64], float]:
    """The score of every row for a query, and the bound that no document can exceed.

    A term adds idf · count / (count + norm), with idf = ln(1 + (N - df + 0.5) / (df + 0.5)) over the live rows; a term
    that the query holds twice adds it twice. The fraction nears 1 as the count grows, so the bound is the sum of idf
    over the terms that the store knows.

    Returns:
        Scores of shape (rows,), 0.0 where nothing matches (what a dead row scores means nothing), and the bound.
    """
    scores = np.zeros(len(live))
    bound = 0.0
    wanted = np.fromiter(query, np.uint64, len(query))
    found = [(segment, *segment.find(wanted)) for segment in segments]
    for i, times in enumerate(query.values()):
        parts = [(segment.rows[a[i] : b[i]], segment.counts[a[i] : b[i]]) for segment, a, b in found if a[i] < b[i]]
        if not parts:
            continue
        rows, counts = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        holding = int(np.count_nonzero(live[rows]))
        if holding:
            weight = times * math.log(1 + (statistics.documents - holding + 0.5) / (holding + 0.5))
            scores[rows] += weight * counts / (counts + statistics.norms[rows])
            bound += weight
    return scores, bound
