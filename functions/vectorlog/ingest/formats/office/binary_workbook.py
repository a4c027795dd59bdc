"""Binary Excel workbooks (xlsb): their sheets, and what stands on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.formats.office.beside_cells import write_beside_cells
from vectorlog.ingest.formats.office.binary_records import packed_number, real, records, text, whole
from vectorlog.ingest.formats.office.cells import MOST_COLUMN, MOST_ROW, Cells
from vectorlog.ingest.formats.office.number_format import BUILT_IN, Formatter, formatters, general
from vectorlog.ingest.formats.office.package import Package
from vectorlog.ingest.formats.office.sheet_edges import MOST_MERGED
from vectorlog.ingest.formats.office.sheet_notes import Note
from vectorlog.ingest.formats.office.sheet_page import SheetPage
from vectorlog.ingest.formats.office.sheet_table import Budget, Merged, SheetTable

# Types of records (MS-XLSB, 2.3.2).
_ROW, _BLANK, _PACKED, _ERROR, _BOOL, _REAL, _TEXT, _SHARED = range(8)
_FORMULA_TEXT, _FORMULA_REAL, _FORMULA_BOOL, _FORMULA_ERROR = range(8, 12)
_SHARED_TEXT, _FORMAT, _STYLE, _RICH_TEXT, _PROPERTIES, _SHEET, _MERGED = 19, 44, 47, 62, 153, 156, 177
_SHEET_END, _STYLES_BEGIN, _STYLES_END, _COMMENT, _COMMENT_TEXT, _AUTHOR = 130, 617, 618, 635, 637, 632
_CELL = 8
"""Bytes of a cell before its value: column, style, flags."""
_IDS = (8, 12)
"""Where the id of a sheet's part may be in its record: early versions of Excel 2007 wrote four bytes more."""
_ERRORS = dict(
    zip(
        (0, 7, 15, 23, 29, 36, 42, 43),
        ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA"),
        strict=True,
    )
)


class BinaryWorkbook:
    """A binary workbook in a package, written sheet by sheet.

    Attributes:
        left: how many images, objects and hidden sheets were found, which are not read.
    """

    def __init__(self, package: Package, main: str) -> None:
        self._package = package
        self._main = main
        self._records = list(records(package.read(main)))
        self._strings = [text(each, 1)[0] for each in self._all("sharedStrings", _SHARED_TEXT)]
        self._formats = self._number_formats()
        self._budget = Budget(package.bytes)
        self.left: Counter[str] = Counter()

    def write(self, document: DocumentBuilder) -> None:
        """Writes each visible sheet that has content as a page."""
        relations = self._package.relations(self._main)
        for kind, record in self._records:
            if kind != _SHEET:
                continue
            id_, end = next((each for at in _IDS if (each := text(record, at))[0] in relations), ("", 0))
            name, _ = text(record, end)
            relation = relations.get(id_)
            if relation is None or relation.kind not in ("worksheet", "chartsheet", "dialogsheet"):
                continue
            if whole(record, 0):
                self.left["hidden sheet"] += 1
            elif relation.target in self._package.names:
                self._sheet(relation.target, name, document)
            else:
                document.warn("damaged", "The sheet is missing in the file.", f"sheet {name}")

    def _sheet(self, part: str, name: str, document: DocumentBuilder) -> None:
        page = SheetPage(document, name)
        notes = list(self._notes(part))
        cells = self._package.read(part)
        quoted, is_whole = self._cells(cells, SheetTable(page, self._budget), {each.cell for each in notes})
        if not is_whole:
            document.warn("damaged", "The sheet is damaged and was read up to there.", f"sheet {name}")
        self.left += write_beside_cells(self._package, part, page, notes, quoted)

    def _cells(self, part: bytes, table: SheetTable, wanted: set[str]) -> tuple[dict[str, str], bool]:
        """Writes the cells; returns the texts of the `wanted` ones, and whether the sheet has its end."""
        merged: dict[int, list[Merged]] = {}
        behind = [(kind, content) for kind, content in records(part) if kind in (_MERGED, _SHEET_END)]
        for record in [content for kind, content in behind if kind == _MERGED][:MOST_MERGED]:
            top, bottom, first, last = (whole(record, at) + 1 for at in (0, 4, 8, 12))
            merged.setdefault(top, []).append(Merged(first, last, bottom))
        quoted: dict[str, str] = {}
        for row, cells in self._rows(part):
            if wanted:
                names = ((f"{_letters(column)}{row}", shown) for column, shown in cells.items())
                quoted |= {cell: shown for cell, shown in names if cell in wanted}
            table.row(row, cells, merged.get(row, ()))
        table.end()
        return quoted, any(kind == _SHEET_END for kind, _ in behind)

    def _rows(self, part: bytes) -> Iterator[tuple[int, Cells]]:
        row, cells = 0, Cells()
        for kind, record in records(part):
            if kind == _ROW:
                if cells:
                    yield row, cells
                row, cells = whole(record, 0) + 1, Cells()
            elif _BLANK < kind <= _FORMULA_ERROR or kind == _RICH_TEXT:
                column, shown = whole(record, 0) + 1, self._shown(kind, record)
                if shown.strip() and column <= MOST_COLUMN and row <= MOST_ROW:
                    cells[column] = shown
        if cells:
            yield row, cells

    def _shown(self, kind: int, record: bytes) -> str:
        """Returns a cell's value as Excel shows it."""
        if kind in (_TEXT, _FORMULA_TEXT):
            return text(record, _CELL)[0]
        if kind == _RICH_TEXT:
            return text(record, _CELL + 1)[0]
        if kind == _SHARED:
            place = whole(record, _CELL)
            return self._strings[place] if place < len(self._strings) else ""
        if kind in (_BOOL, _FORMULA_BOOL):
            return "TRUE" if record[_CELL : _CELL + 1] == b"\1" else "FALSE"
        if kind in (_ERROR, _FORMULA_ERROR):
            return _ERRORS.get(whole(record, _CELL, 1), "")
        number = packed_number(record, _CELL) if kind == _PACKED else real(record, _CELL)
        style = whole(record, 4, 3)
        form = self._formats[style] if style < len(self._formats) else None
        try:
            return (form(number) if form is not None else "") or general(number)
        except (ValueError, OverflowError):
            return str(number)

    def _notes(self, sheet: str) -> Iterator[Note]:
        for name in self._package.related(sheet, "comments"):
            authors: list[str] = []
            cell, author = "", ""
            for kind, record in records(self._package.read(name)):
                if kind == _AUTHOR:
                    authors.append(text(record, 0)[0])
                elif kind == _COMMENT:
                    place = whole(record, 0)
                    author = authors[place].strip() if place < len(authors) else ""
                    cell = f"{_letters(whole(record, 12) + 1)}{whole(record, 4) + 1}"
                elif kind == _COMMENT_TEXT and (said := text(record, 1)[0].strip()):
                    yield Note(cell, author, said.removeprefix(f"{author}:").strip())

    def _number_formats(self) -> list[Formatter | None]:
        """Returns what writes numbers, by the number of a cell's style; None stands for the format `General`."""
        from_1904 = any(kind == _PROPERTIES and whole(record, 0) & 1 for kind, record in self._records)
        codes, styles, inside = dict(BUILT_IN), [], False
        for name in self._package.related(self._main, "styles"):
            for kind, record in records(self._package.read(name)):
                if kind == _FORMAT:
                    codes[whole(record, 0, 2)] = text(record, 2)[0]
                elif kind in (_STYLES_BEGIN, _STYLES_END):
                    inside = kind == _STYLES_BEGIN
                elif kind == _STYLE and inside:
                    styles.append(whole(record, 2, 2))
        return formatters(codes, styles, from_1904=from_1904)

    def _all(self, relation: str, wanted: int) -> Iterator[bytes]:
        for name in self._package.related(self._main, relation):
            for kind, record in records(self._package.read(name)):
                if kind == wanted:
                    yield record


def _letters(column: int) -> str:
    """Returns the letters of a column numbered from 1."""
    found = ""
    while column:
        column, place = divmod(column - 1, 26)
        found = chr(65 + place) + found
    return found
