"""Postings of the embedded text index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate, takewhile

import numpy as np
from numpy.typing import NDArray

_FAN = 8
"""Number of runs of similar size that are merged, so a posting is rewritten once for every eightfold growth."""
_LARGEST = 500_000
"""Maximum number of postings in a merged run (about 6,000 chunks), so that a merge delays an add by about 50 ms."""
_HIGHEST_COUNT = np.iinfo(np.uint16).max


@dataclass(frozen=True, slots=True)
class Postings:
    """A run: a sorted, immutable part of a segment's text index.

    Attributes:
        terms: distinct, ascending, shape (terms,).
        starts: offsets at which each term's postings begin, then the end of the last, shape (terms + 1,).
        rows: row numbers of the chunks, ascending within a term, shape (postings,). In a file they may have 16 bits.
        counts: occurrences of the term in the chunk (65,535 at most), shape (postings,). In a file they may
            have 8 bits.
    """

    terms: NDArray[np.uint64]
    starts: NDArray[np.int64]
    rows: NDArray[np.int32] | NDArray[np.uint16]
    counts: NDArray[np.uint16] | NDArray[np.uint8]

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

    def find(self, terms: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Returns the offsets at which the postings of each term begin and end; equal for a term that is not here."""
        if not len(self.terms):
            return np.zeros(len(terms), np.int64), np.zeros(len(terms), np.int64)
        places = np.minimum(self.terms.searchsorted(terms), len(self.terms) - 1)
        known = self.terms[places] == terms
        return self.starts[places], self.starts[places + known]

    def renumbered(self, new_rows: NDArray[np.int32]) -> Postings:
        """Returns these postings with each row number replaced by `new_rows[row]`, without rows whose number is < 0."""
        rows = new_rows[self.rows]
        kept = rows >= 0
        counts = self.counts[kept].astype(np.uint16)
        return _sorted(np.repeat(self.terms, np.diff(self.starts))[kept], rows[kept], counts)


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a document.

    Attributes:
        keys: distinct, shape (terms,).
        counts: occurrences of each (65,535 at most), shape (terms,).
        total: number of all occurrences.
    """

    keys: NDArray[np.uint64]
    counts: NDArray[np.uint16]
    total: int

    @classmethod
    def of(cls, counts: Mapping[int, int]) -> Terms:
        """Returns the terms that have these keys and counts."""
        every = np.fromiter(counts.values(), np.int64, len(counts))
        keys = np.fromiter(counts, np.uint64, len(counts))
        return cls(keys, np.minimum(every, _HIGHEST_COUNT).astype(np.uint16), int(every.sum()))


def invert(documents: Sequence[Terms], first: int) -> Postings:
    """Returns the postings of documents whose rows are `first`, `first` + 1 and so on."""
    rows = np.arange(first, first + len(documents), dtype=np.int32)
    return _sorted(
        np.concatenate([np.empty(0, np.uint64), *(document.keys for document in documents)]),
        np.repeat(rows, [len(document.keys) for document in documents]),
        np.concatenate([np.empty(0, np.uint16), *(document.counts for document in documents)]),
    )


def merge(parts: Sequence[Postings]) -> Postings:
    """Merges runs, given in ascending order of rows, into one."""
    if len(parts) == 1:
        return parts[0]
    terms = np.concatenate([np.empty(0, np.uint64), *(np.repeat(part.terms, np.diff(part.starts)) for part in parts)])
    return _sorted(
        terms,
        np.concatenate([np.empty(0, np.int32), *(part.rows for part in parts)]),
        np.concatenate([np.empty(0, np.uint16), *(part.counts for part in parts)]),
    )


def merge_due(sizes: Sequence[int]) -> int:
    """Returns how many of the newest runs have to be merged into one, or 0; `sizes` are in postings."""
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


def rounded(lengths: NDArray[np.int32]) -> NDArray[np.int32]:
    """Returns lengths as Lucene keeps them, in a byte each: exact up to 39, then rounded down to four binary digits
    above 24. With it, both editions have the same scores.
    """
    above = np.maximum(lengths.astype(np.int64) - 24, 0)
    lost = np.maximum(np.frexp(above)[1] - 4, 0)
    return np.where(above > 0, 24 + (above >> lost << lost), lengths).astype(np.int32)
