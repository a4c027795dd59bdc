"""Paragraphs and tables of RTF as they come, and the blocks that they become."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from vectorlog.ingest.formats.office.grid import MOST_COLUMNS, Cell, laid_out
from vectorlog.ingest.formats.office.sink import Lines, Sink
from vectorlog.ingest.raised import Mark, Runs

_NEAR = 40
"""Borders of cells that lie nearer than this are the same: in twips, a twentieth of a point."""
_ITEM = re.compile(r"\(?(?:[0-9]{1,4}|[A-Za-z]|[ivxlcdmIVXLCDM]{1,7})(?:\.[0-9]{1,4}){0,8}[.)]?")


@dataclass(slots=True)
class Form:
    """What the controls of a paragraph say: `heading` is its level, or 0; `list_level` is 0 outside of other items."""

    style: int = 0
    heading: int = 0
    in_table: bool = False
    list_level: int = 0


@dataclass(slots=True)
class Border:
    """A cell as its row defines it: its right border, and whether it is the right or lower part of a merged one."""

    right: int
    beside: bool = False
    below: bool = False


@dataclass(slots=True)
class Flow:
    """A stretch of text: the document, a note, a header, a text box."""

    out: Sink
    headings: dict[int, int]
    """Levels of headings by the number of a style."""
    form: Form = field(default_factory=Form)
    text: list[str] = field(default_factory=list)
    """Of the paragraph that is open."""
    mark: str = ""
    """The number or bullet of the paragraph that is open."""
    runs: Runs = field(init=False)
    """Joins stretches of it."""
    paragraphs: int = 0
    after: list[str] = field(default_factory=list)
    """Notes, comments and text boxes of the paragraph that is open."""
    _cell: Lines = field(default_factory=Lines)
    _row: list[str] = field(default_factory=list)
    _rows: list[tuple[list[str], list[Border]]] = field(default_factory=list)
    _borders: list[Border] = field(default_factory=list)
    """Of the row that is open."""
    _border: Border = field(default_factory=lambda: Border(0))
    """Of the cell that is being defined."""

    def __post_init__(self) -> None:
        self.runs = Runs(self.text)

    def write(self, text: str, mark: Mark) -> None:
        """Adds text to the open paragraph, and says how it is set."""
        self.runs.begin(mark)
        self.text.append(text)

    def control(self, word: str, value: int | None) -> None:
        """Takes a control of paragraphs or tables."""
        match word:
            case "pard":
                self.form = Form()
            case "s":
                self.form.style = value or 0
            case "outlinelevel":
                self.form.heading = value + 1 if value is not None and 0 <= value < 9 else 0
            case "ilvl":
                self.form.list_level = max(0, min(value or 0, 8))
            case "intbl":
                self.form.in_table = True
            case "trowd":
                self._borders = []
                self._border = Border(0)
            case "clmrg":
                self._border.beside = True
            case "clvmrg":
                self._border.below = True
            case "cellx":
                self._border.right = value or 0
                self._borders.append(self._border)
                self._border = Border(0)
            case "cell":
                self.cell()
            case "row":
                self.row()

    def paragraph(self) -> None:
        """Ends the open paragraph."""
        self.paragraphs += 1
        self.runs.end()
        text, mark = "".join(self.text).strip("\n"), self.mark.strip()
        self.text.clear()
        self.mark = ""
        if self.form.in_table:
            self._write(text, mark, self._cell)
            return
        self._end_table()
        self._write(text, mark, self.out)
        self._end_after()

    def _write(self, text: str, mark: str, out: Sink) -> None:
        level = self.form.heading or self.headings.get(self.form.style, 0)
        if not text.strip():
            return
        if level and len(text) <= 300:
            out.heading(level, f"{mark} {text}" if mark and _ITEM.fullmatch(mark) else text)
        elif mark:
            out.item(text, self.form.list_level, mark if _ITEM.fullmatch(mark) else "-")
        else:
            out.paragraph(text)

    def cell(self) -> None:
        """Ends the open cell."""
        self.form.in_table = True
        self.paragraph()
        self._row.append(self._cell.text)
        self._cell = Lines()

    def row(self) -> None:
        """Ends the open row."""
        if self._row:
            self._rows.append((self._row, list(self._borders)))
            self._row = []

    def end(self) -> None:
        """Ends the text."""
        if self._cell.lines or (self.form.in_table and "".join(self.text).strip()):
            self.cell()
        self.form.in_table = False
        self.paragraph()

    def _end_table(self) -> None:
        self.row()
        if not self._rows:
            return
        rows, self._rows = self._rows, []
        rights = sorted({border.right for _, borders in rows for border in borders})
        columns = [right for last, right in pairwise([-_NEAR, *rights]) if right - last > _NEAR]
        places = dict.fromkeys(rights, 0)
        place = 0
        for right in rights:
            while place < len(columns) and columns[place] <= right:
                place += 1
            places[right] = place
        self.out.table(laid_out(_cells(texts, borders, places) for texts, borders in rows))
        self._end_after()

    def _end_after(self) -> None:
        after, self.after = self.after, []
        for each in after:
            self.out.paragraph(each)


def _cells(texts: list[str], borders: list[Border], places: dict[int, int]) -> list[Cell]:
    cells: list[Cell] = []
    last = 0
    for number, text in enumerate(texts):
        border = borders[number] if number < len(borders) else None
        if border is None:
            cells.append(Cell(text))
            continue
        columns = max(1, min(places[border.right] - last, MOST_COLUMNS))
        last = max(last, places[border.right])
        if border.beside and cells and not text.strip():
            cells[-1] = Cell(cells[-1].text, cells[-1].columns + columns, cells[-1].below)
        else:
            cells.append(Cell(text, columns, border.below))
    return cells
