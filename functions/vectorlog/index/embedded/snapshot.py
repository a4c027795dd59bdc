"""Immutable snapshots of a store, which searches read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vectorlog.index.embedded.files import Files
from vectorlog.index.embedded.segment import Segment


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of a store. A writer derives the next state from it; readers keep using theirs.

    Attributes:
        key: of the store in the database; None if it is not stored yet.
        segments: the oldest rows first. Rows are added to the last one, unless that is sealed or full.
        centre: see `codes.py`, shape (dimensions,); None if no segment was ever sealed.
    """

    key: int | None
    segments: tuple[Segment, ...]
    files: Files
    centre: NDArray[np.float32] | None

    @property
    def rows(self) -> int:
        """Number of rows, the dead ones included."""
        return sum(len(segment.rows) for segment in self.segments)

    @property
    def documents(self) -> int:
        """Number of live rows with at least one term."""
        return sum(segment.documents for segment in self.segments)

    @property
    def mean(self) -> float:
        """Mean length of the documents in terms; 1 if there are none."""
        return sum(segment.terms for segment in self.segments) / max(self.documents, 1) or 1.0

    @property
    def nbytes(self) -> int:
        """Approximate memory use in bytes."""
        return sum(segment.nbytes for segment in self.segments) + self.files.nbytes

    def having(self, changed: Mapping[int, Segment]) -> Snapshot:
        """Returns the snapshot with other segments at these places."""
        return replace(self, segments=tuple(changed.get(i, segment) for i, segment in enumerate(self.segments)))

    def places(self, texts: Sequence[int]) -> Iterator[tuple[int, NDArray[np.intp]]]:
        """Finds the rows with these texts, given in ascending order; yields segments and rows in them."""
        wanted = np.asarray(texts, np.int64)
        for i, segment in enumerate(self.segments):
            if not len(segment.rows) or not len(wanted):
                continue
            begin, end = wanted.searchsorted([segment.rows["text"][0], segment.rows["text"][-1] + 1])
            if begin < end:
                ids = segment.rows["text"]
                rows = np.minimum(ids.searchsorted(wanted[begin:end]), len(ids) - 1)
                yield i, rows[ids[rows] == wanted[begin:end]]

    def count(self) -> dict[int, int]:
        """Returns the number of live rows by the number of the file."""
        total = np.zeros(self.files.size, np.int64)
        for segment in self.segments:
            total += np.bincount(segment.rows["file"][segment.live], minlength=self.files.size)
        numbers = np.flatnonzero(total)
        return dict(zip(numbers.tolist(), total[numbers].tolist(), strict=True))
