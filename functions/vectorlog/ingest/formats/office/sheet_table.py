"""The table that a sheet is written as, row by row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vectorlog.ingest.document import Unreadable
from vectorlog.ingest.formats.office.cells import Cells
from vectorlog.ingest.formats.office.sheet_page import SheetPage

_FIRST_ROWS = 500
"""Rows by which the columns are laid out. A column that gets its first text later stands behind the others."""
_MOST_TITLES = 8
_MOST_MERGED = 64
"""How many cells may be merged over the same row: each row looks at all of them."""
_LONGEST_REPEATED = 200
"""Characters of a merged cell that is repeated; a longer text stands in the first row or column only."""
MOST_TEXT = 20_000_000
TEXT_PER_BYTE = 50
"""Characters that a workbook may have: `MOST_TEXT`, and this many for each byte of the file. A row of a sheet takes
about 10 bytes in the file for 50 characters of text.
"""


@dataclass(frozen=True, slots=True)
class Merged:
    """Merged cells: from a column to another, down to a row."""

    first: int
    last: int
    bottom: int


class Budget:
    """How many characters of tables a file may still fill."""

    def __init__(self, file_bytes: int) -> None:
        self._left = MOST_TEXT + TEXT_PER_BYTE * file_bytes

    def take(self, characters: int) -> None:
        """Takes from the budget. Raises Unreadable if it is used up."""
        self._left -= characters
        if self._left < 0:
            raise Unreadable(
                "invalid_file",
                "The file is small but unpacks to more text than can be read: the same cells again and again, or "
                "cells very far apart. Split it into smaller files, or export the sheets as CSV.",
            )


@dataclass(slots=True)
class _Row:
    cells: Cells
    wide: list[Merged]


class SheetTable:
    """Writes a sheet's rows as a table without the rows and columns that are empty.

    Rows with a single text above a wider table are its titles and become paragraphs; the next row is the header. A
    header whose cells are merged over columns goes on in the next row. What is merged over rows stands in each of them;
    what is merged over columns stands in the first, and in a header in all of them.
    """

    def __init__(self, page: SheetPage, budget: Budget) -> None:
        self._page = page
        self._budget = budget
        self._waiting: list[_Row] | None = []
        self._places: dict[int, int] = {}
        self._merged: list[tuple[Merged, str]] = []

    def row(self, number: int, cells: Cells, merged: Iterable[Merged] = ()) -> None:
        """Takes the next row that has content, and the merged cells that begin in it."""
        if self._merged:
            self._merged = [each for each in self._merged if each[0].bottom >= number]
            for each, text in self._merged:
                cells.setdefault(each.first, text)
        wide = []
        for each in merged:
            text = cells.get(each.first, "")
            if not text or len(text) > _LONGEST_REPEATED:
                continue
            if each.bottom > number and len(self._merged) < _MOST_MERGED:
                self._merged.append((each, text))
            if each.last > each.first:
                wide.append(each)
        if self._waiting is None:
            self._write(cells)
            return
        self._waiting.append(_Row(cells, wide))
        if len(self._waiting) >= _FIRST_ROWS:
            self._begin()

    def end(self) -> None:
        """Ends the table."""
        self._begin()
        self._page.end_table()

    def _begin(self) -> None:
        rows, self._waiting = self._waiting or [], None
        columns = sorted({column for row in rows for column in row.cells})
        self._places = {column: place for place, column in enumerate(columns)}
        first = 0
        while first < min(len(rows) - 1, _MOST_TITLES) and len(rows[first].cells) == 1 and len(columns) > 1:
            self._page.paragraph(next(iter(rows[first].cells.values())))
            first += 1
        headers = 1
        for place, row in enumerate(rows[first:]):
            if place < headers:
                spread = self._spread(row, columns)
                if place == 0 and spread and len(rows) - first > 2:
                    headers = 2
            self._write(row.cells, header=place < headers, least=len(columns) if place <= headers else 0)

    @staticmethod
    def _spread(row: _Row, columns: list[int]) -> bool:
        """Repeats a header's wide cells in all their columns; returns whether there were any."""
        spread = False
        for each in row.wide[:_MOST_MERGED]:
            for column in columns:
                if each.first < column <= each.last:
                    spread = True
                    row.cells.setdefault(column, row.cells[each.first])
        return spread

    def _write(self, cells: Cells, *, header: bool = False, least: int = 0) -> None:
        """Writes a row, of at least so many columns, without the empty cells at its end."""
        for column in cells:
            if column not in self._places:
                self._places[column] = len(self._places)
        length = max(least, max((self._places[column] for column in cells), default=-1) + 1)
        self._budget.take(3 * length + sum(map(len, cells.values())))
        row = [""] * length
        for column, text in cells.items():
            row[self._places[column]] = text
        self._page.row(row, header=header)
