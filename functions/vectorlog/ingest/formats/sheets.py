"""Spreadsheets (xlsx, xls, ods)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING
from xml.etree.ElementTree import Element, iterparse
from zipfile import is_zipfile

from vectorlog.ingest.document import Text, Unreadable
from vectorlog.ingest.formats.container import Container
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.markdown import heading, table
from vectorlog.ingest.formats.pages import sheets

if TYPE_CHECKING:
    import python_calamine

MOST_CELLS = 20_000_000
"""Maximum number of cells in the rectangle around a sheet's content: calamine allocates 24 bytes for each of them, and
aborts the process if it cannot.
"""

_REFERENCE = re.compile(rb"""\sr\s*=\s*["']\$?([A-Za-z]{1,4})?\$?([0-9]{0,9})["']""")
_LONGEST_REFERENCE = 64
_PIECE = 1 << 20


def read(path: Path) -> Text:
    """Reads each visible sheet that has content as a page: its name and a table.

    A formula is read as its saved value.

    Raises:
        Unreadable: the workbook is locked, or a sheet spans too many cells.
    """
    import python_calamine

    _require_dense(path)
    try:
        with python_calamine.CalamineWorkbook.from_path(path) as workbook:
            return sheets(_sheets(workbook))
    except python_calamine.PasswordError as error:
        raise Unreadable(
            "invalid_file", "The workbook is locked with a password. Remove the password and upload it again."
        ) from error


def _sheets(workbook: python_calamine.CalamineWorkbook) -> Iterator[tuple[str, str]]:
    """Yields the name and text of each sheet."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    for meta in workbook.sheets_metadata:
        if meta.visible == SheetVisibleEnum.Visible and meta.typ == SheetTypeEnum.WorkSheet:
            rows = [
                cells
                for row in workbook.get_sheet_by_name(meta.name).iter_rows()
                if any(cells := [_cell_text(cell) for cell in row])
            ]
            if rows:
                yield meta.name, f"{heading(2, meta.name)}\n\n{table(rows)}"


def _cell_text(cell: object) -> str:
    if isinstance(cell, bool):
        return str(cell).upper()
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _require_dense(path: Path) -> None:
    """Refuses a sheet whose cells lie so far apart that the rectangle around them would not fit in memory."""
    if not is_zipfile(path):
        return  # a sheet of an xls file has at most 65,536 x 256 cells
    with Container(path) as workbook:
        for name in workbook.names:
            with workbook.open(name) as part:
                if name == "content.xml":
                    area = max(_opendocument_areas(part), default=0)
                elif name.startswith("xl/worksheets/") and name.endswith(".xml"):
                    area = _area(part)
                else:
                    continue
            if area > MOST_CELLS:
                raise Unreadable(
                    "invalid_file",
                    (
                        "A sheet spans more than 20 million cells, most of them empty. Delete the far cells, or "
                        "export the sheet as CSV."
                    ),
                )


def _area(sheet: IO[bytes]) -> int:
    """Returns the number of cells in the rectangle from A1 to the farthest reference of an xlsx sheet."""
    rows: set[bytes] = set()
    columns: set[bytes] = set()
    rest = b""
    while piece := sheet.read(_PIECE):
        text = rest + piece
        references = _REFERENCE.findall(text)
        columns.update(column for column, _ in references)
        rows.update(row for _, row in references)
        rest = text[-_LONGEST_REFERENCE:]
    return max((int(row or 0) for row in rows), default=0) * max(map(_column, columns), default=0)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number


def _opendocument_areas(content: IO[bytes]) -> Iterator[int]:
    """Yields the number of cells in the rectangle around each sheet's content.

    Empty cells and rows after the content do not count: files often repeat them a million times.
    """
    width = height = row_width = position = pending = 0
    for event, element in iterparse(content, ("start", "end")):
        kind = element.tag.rpartition("}")[2]
        if event == "start":
            if kind == "table":
                width = height = pending = 0
            elif kind == "table-row":
                row_width = position = 0
            continue
        if kind in ("table-cell", "covered-table-cell"):
            position += _repeated(element, "columns")
            if len(element) or any(key.endswith(("}value-type", "}formula")) for key, _ in element.items()):
                row_width = position
        elif kind == "table-row":
            pending += _repeated(element, "rows")
            if row_width:
                height, width, pending = height + pending, max(width, row_width), 0
            element.clear()
        elif kind == "table":
            yield width * height
            element.clear()


def _repeated(element: Element, unit: str) -> int:
    return next((int(value) for key, value in element.items() if key.endswith(f"}}number-{unit}-repeated")), 1)


FORMAT = Format(
    "a spreadsheet",
    (".xlsx", ".xls", ".ods"),
    read,
    office_folder="xl/",
    ole_streams=("Workbook", "Book"),
    media_types=("application/vnd.oasis.opendocument.spreadsheet",),
    keeps="Each visible sheet that has content as a page: its name and a table, with the saved value of each formula.",
    leaves_out="Hidden sheets, formulas themselves, images, macros.",
)
