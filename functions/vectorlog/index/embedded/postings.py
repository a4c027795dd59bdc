"""Postings of the embedded text index, and BM25 over them as in Lucene 8 and later (without the factor k1 + 1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate, takewhile

import numpy as np
from numpy.typing import NDArray

from vectorlog.index.analyser.spelling import other_spellings, respelt
from vectorlog.index.analyser.terms import QueryTerms
from vectorlog.index.bm25 import BM25, idf, marks

_FAN = 8
"""Number of segments of similar size that are merged, so a posting is rewritten once for every eightfold growth."""
_LARGEST = 2_000_000
"""Maximum number of postings in a merged segment (about 25,000 chunks), so that a merge delays an add by no more than a
fraction of a second.
"""
_HIGHEST_COUNT = np.iinfo(np.uint16).max


@dataclass(frozen=True, slots=True)
class Postings:
    """A segment: a sorted, immutable part of the text index.

    Attributes:
        terms: distinct, ascending, shape (terms,).
        starts: offsets at which each term's postings begin, then the end of the last, shape (terms + 1,).
        rows: row numbers of the chunks, ascending within a term, shape (postings,).
        counts: occurrences of the term in the chunk (65,535 at most), shape (postings,).
    """

    terms: NDArray[np.uint64]
    starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    counts: NDArray[np.uint16]

    @property
    def nbytes(self) -> int:
        """Memory use in bytes."""
        return self.terms.nbytes + self.starts.nbytes + self.rows.nbytes + self.counts.nbytes

    def to_bytes(self) -> bytes:
        """Returns the lengths of the arrays, followed by the arrays."""
        head = np.array([len(self.terms), len(self.rows)], np.int64)
        return b"".join(array.tobytes() for array in (head, self.terms, self.starts, self.rows, self.counts))

    @classmethod
    def from_bytes(cls, data: bytes) -> Postings:
        """Returns the postings that `to_bytes` wrote, as views of `data`."""
        terms, postings = np.frombuffer(data, np.int64, 2).tolist()
        starts, rows = 16 + 8 * terms, 16 + 8 * (2 * terms + 1)
        return cls(
            np.frombuffer(data, np.uint64, terms, 16),
            np.frombuffer(data, np.int64, terms + 1, starts),
            np.frombuffer(data, np.int32, postings, rows),
            np.frombuffer(data, np.uint16, postings, rows + 4 * postings),
        )

    def find(self, terms: NDArray[np.uint64]) -> tuple[list[int], list[int]]:
        """Returns the offsets at which the postings of each term begin and end; equal for a term that is not here."""
        if not len(self.terms):
            return [0] * len(terms), [0] * len(terms)
        places = np.minimum(self.terms.searchsorted(terms), len(self.terms) - 1)
        known = self.terms[places] == terms
        return self.starts[places].tolist(), self.starts[places + known].tolist()

    def renumbered(self, new_rows: NDArray[np.int32]) -> Postings:
        """Returns these postings with each row number replaced by `new_rows[row]`, without rows whose number is < 0."""
        rows = new_rows[self.rows]
        kept = rows >= 0
        return _sorted(np.repeat(self.terms, np.diff(self.starts))[kept], rows[kept], self.counts[kept])


def invert(documents: Sequence[Counter[int]], first: int) -> Postings:
    """Returns the postings of documents whose rows are `first`, `first` + 1 and so on."""
    lengths = [len(document) for document in documents]
    terms = np.fromiter((term for document in documents for term in document), np.uint64, sum(lengths))
    counts = np.fromiter(
        (min(count, _HIGHEST_COUNT) for document in documents for count in document.values()), np.uint16, len(terms)
    )
    return _sorted(terms, np.repeat(np.arange(first, first + len(documents), dtype=np.int32), lengths), counts)


def merge(parts: Sequence[Postings]) -> Postings:
    """Merges segments, given in ascending order of rows, into one."""
    terms = np.concatenate([np.repeat(part.terms, np.diff(part.starts)) for part in parts])
    return _sorted(
        terms, np.concatenate([part.rows for part in parts]), np.concatenate([part.counts for part in parts])
    )


def merge_due(sizes: Sequence[int]) -> int:
    """Returns how many of the newest segments have to be merged into one, or 0; `sizes` are in postings."""
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


@lru_cache(maxsize=100_000)
def key(term: str) -> int:
    """Returns the 64-bit hash by which postings know a term."""
    return int.from_bytes(blake2b(term.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True)
class Statistics:
    """The statistics of a store that BM25 needs.

    Attributes:
        documents: number of live rows with at least one term.
        norms: k1 · (1 - b + b · length / mean length) of each row, shape (rows,).
        mean: mean length of the documents; 1 if there are none.
    """

    documents: int
    norms: NDArray[np.float64]
    mean: float

    @classmethod
    def of(cls, lengths: NDArray[np.int32], live: NDArray[np.bool_]) -> Statistics:
        """Computes the statistics from the lengths of the rows, in terms."""
        counted = np.where(live, lengths, 0)
        documents = int(np.count_nonzero(counted))
        mean = float(counted.sum(dtype=np.int64)) / max(documents, 1) or 1.0
        norms: NDArray[np.float64] = BM25.k1 * (1 - BM25.b + BM25.b / mean * rounded(lengths))
        return cls(documents, norms, mean)


def rounded(lengths: NDArray[np.int32]) -> NDArray[np.float64]:
    """Returns lengths as Lucene keeps them, in a byte each: exact up to 39, then rounded down to four binary digits
    above 24. With it, both editions have the same scores.
    """
    above = np.maximum(lengths.astype(np.int64) - 24, 0)
    lost = np.maximum(np.frexp(above)[1] - 4, 0)
    return np.where(above > 0, 24 + (above >> lost << lost), lengths).astype(np.float64)


def bm25(
    segments: Sequence[Postings], statistics: Statistics, live: NDArray[np.bool_], query: QueryTerms
) -> tuple[NDArray[np.float64], float, float]:
    """Returns the score of every row for a query, and the two marks of `bm25.marks`.

    A term adds weight · idf · count / (count + norm), with the idf over the live rows. The fraction approaches 1 as the
    count grows.

    Returns:
        Scores of shape (rows,), 0.0 for a row without a match and undefined for a dead row; the bound; and what a row
        with the query's text would score.
    """
    found = _occurrences(segments, live, list(query.weights))
    spellings = other_spellings(query, found)
    if spellings:
        others = _occurrences(segments, live, sorted({each for some in spellings.values() for each in some}))
        query = respelt(query, spellings, {term: each.frequency for term, each in others.items()})
        found = _occurrences(segments, live, list(query.weights))
    scores = np.zeros(len(live))
    idfs = {term: idf(statistics.documents, each.frequency) for term, each in found.items()}
    for term, each in found.items():
        counts = each.counts
        scores[each.rows] += query.weights[term] * idfs[term] * counts / (counts + statistics.norms[each.rows])
    return scores, *marks(query, idfs, statistics.documents, statistics.mean, BM25)


@dataclass(frozen=True, slots=True)
class _Occurrences:
    """Where a term occurs: rows, dead ones too, and how often in each; and how many rows that live have it."""

    rows: NDArray[np.int32]
    counts: NDArray[np.uint16]
    frequency: int


def _occurrences(
    segments: Sequence[Postings], live: NDArray[np.bool_], terms: Sequence[str]
) -> dict[str, _Occurrences]:
    """Returns where terms occur: those that a live row has, in their order."""
    keys = np.fromiter(map(key, terms), np.uint64, len(terms))
    ranges = [(segment, *segment.find(keys)) for segment in segments]
    found: dict[str, _Occurrences] = {}
    for i, term in enumerate(terms):
        parts = [(segment.rows[a[i] : b[i]], segment.counts[a[i] : b[i]]) for segment, a, b in ranges if a[i] < b[i]]
        if parts:
            rows, counts = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
            if frequency := int(np.count_nonzero(live[rows])):
                found[term] = _Occurrences(rows, counts, frequency)
    return found
