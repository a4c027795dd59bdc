"""Rows of tables with merged cells, laid out so that every cell stands in its own column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_COLUMNS = 64
"""Columns that merged cells may fill in a row: Word allows 63."""
_LONGEST_REPEATED = 200
"""Characters of a cell merged over several rows that each of them repeats; a longer text stands in the first only."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text, how many columns it fills, and whether it is the lower part of the cell above."""

    text: str
    columns: int = 1
    below: bool = False


def laid_out(rows: Iterable[Sequence[Cell]], header: int = 1) -> list[list[str]]:
    """Returns rows of equal columns. What is merged over rows stands in each of them; what is merged over columns
    stands in the first, and in a header in all of them, because it names them.
    """
    out: list[list[str]] = []
    above: list[str] = []
    for number, cells in enumerate(rows):
        row: list[str] = []
        for cell in cells:
            text = cell.text
            if cell.below and not text.strip() and len(row) < len(above):
                text = above[len(row)] if len(above[len(row)]) <= _LONGEST_REPEATED else ""
            row.append(text)
            more = min(cell.columns - 1, MOST_COLUMNS - len(row))
            if more > 0:
                row += [text if number < header and len(text) <= _LONGEST_REPEATED else ""] * more
        out.append(row)
        above = row
    return out
