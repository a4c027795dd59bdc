"""What a search sees of a store: arrays that never change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from vectorlog.domain.filters import Attributes
from vectorlog.index.embedded.attribute_table import AttributeTable
from vectorlog.index.embedded.postings import Postings, Statistics

ROW = np.dtype(
    [
        ("text", "<i8"),  # id of the text
        ("digest", "<u8"),  # of text and vectors: tells a re-tag from a change
        ("file", "<i4"),  # number of the file's generation in the store
        ("n", "<i4"),
        ("window", "<i4"),  # where its vectors begin
        ("length", "<i4"),  # words that are no stop words
    ]
)
"""One chunk, in memory and on disk."""

_FILE = 1_024
"""Bytes that a file's record takes in memory, about."""

_Item = TypeVar("_Item", bound=np.generic)


@dataclass(frozen=True, slots=True)
class File:
    """One generation of a file in a store, as FileChunks describes it."""

    name: str
    generation: int
    row: str
    revision: int
    attributes: Attributes


class Column(Generic[_Item]):
    """An array that grows at its end; what was handed out before stays as it is."""

    def __init__(self, items: NDArray[_Item]) -> None:
        """Begins with these items, which it never writes to."""
        self._buffer = items
        self.items = items

    def extend(self, more: NDArray[_Item]) -> None:
        """Appends; `items` then holds the old and the new."""
        size, total = len(self.items), len(self.items) + len(more)
        if total > len(self._buffer):
            grown = np.empty((max(total + total // 2, 16), *self._buffer.shape[1:]), self._buffer.dtype)
            grown[:size] = self.items
            self._buffer = grown
        self._buffer[size:total] = more
        self.items = self._buffer[:total]

    @property
    def nbytes(self) -> int:
        """Memory held, spare room included."""
        return self._buffer.nbytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of a store; a writer derives the next from it, readers keep theirs.

    Attributes:
        key: of the store in the database; None as long as it holds nothing.
        rows: of dtype ROW, shape (rows,); `row_column` is where the writer appends.
        vectors: float32, shape (windows, dimensions); `vector_column` likewise.
        live: False for a row that was removed or replaced, shape (rows,).
        files: by number; None for one that was removed.
        attributes: of the files, by number.
        numbers: of the files of a name; an add puts its files in before they are in `files`.
        nbytes: memory held, about.
    """

    key: int | None
    rows: NDArray[np.void]
    vectors: NDArray[np.float32]
    live: NDArray[np.bool_]
    files: list[File | None]
    attributes: AttributeTable
    numbers: dict[str, tuple[int, ...]]
    segments: tuple[Postings, ...]
    statistics: Statistics
    row_column: Column[np.void]
    vector_column: Column[np.float32]
    nbytes: int

    @classmethod
    def of(
        cls,
        key: int | None,
        rows: Column[np.void],
        vectors: Column[np.float32],
        live: NDArray[np.bool_],
        files: list[File | None],
        attributes: AttributeTable,
        numbers: dict[str, tuple[int, ...]],
        segments: tuple[Postings, ...],
    ) -> Snapshot:
        """The state as the columns are now."""
        statistics = Statistics.of(rows.items["length"], live)
        nbytes = (
            rows.nbytes
            + vectors.nbytes
            + live.nbytes
            + statistics.norms.nbytes
            + sum(segment.nbytes for segment in segments)
        )
        nbytes += _FILE * (len(files) + 1)
        return cls(
            key,
            rows.items,
            vectors.items,
            live,
            files,
            attributes,
            numbers,
            segments,
            statistics,
            rows,
            vectors,
            nbytes,
        )

    def count(self) -> dict[tuple[str, int], int]:
        """Live rows by (file, generation)."""
        numbers, counts = np.unique(self.rows["file"][self.live], return_counts=True)
        files = ((self.files[number], count) for number, count in zip(numbers.tolist(), counts.tolist(), strict=True))
        return {(file.name, file.generation): count for file, count in files if file is not None}
