"""Workbooks of Excel 97-2003 (xls) and binary ones (xlsb), as the library that reads them tells their cells."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Unreadable
from vectorlog.ingest.formats.office.number_format import general
from vectorlog.ingest.formats.office.sheet_page import SheetPage
from vectorlog.ingest.formats.office.sheet_table import Budget, SheetTable

if TYPE_CHECKING:
    import python_calamine

MOST_CELLS = 20_000_000
"""Maximum number of cells in the rectangle around a sheet's content: calamine allocates 24 bytes for each of them, and
aborts the process if it cannot.
"""
_ROW, _FIRST_CELL, _LAST_CELL = 0, 2, 11
"""Types of records of an xlsb sheet: a row, and the cells that are not blank (MS-XLSB, 2.3)."""


def read_old_sheets(path: Path, document: DocumentBuilder) -> Counter[str]:
    """Writes each visible sheet that has content as a page; returns how many sheets are hidden.

    Raises:
        Unreadable: the workbook is locked.
    """
    import python_calamine
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    left: Counter[str] = Counter()
    try:
        with python_calamine.CalamineWorkbook.from_path(path) as workbook:
            budget = Budget(path.stat().st_size)
            for meta in workbook.sheets_metadata:
                if meta.typ != SheetTypeEnum.WorkSheet:
                    continue
                if meta.visible == SheetVisibleEnum.Visible:
                    _write(workbook.get_sheet_by_name(meta.name), SheetTable(SheetPage(document, meta.name), budget))
                else:
                    left["hidden sheet"] += 1
    except python_calamine.PasswordError as error:
        raise Unreadable(
            "invalid_file", "The workbook is locked with a password. Remove the password and upload it again."
        ) from error
    return left


def _write(sheet: python_calamine.CalamineSheet, table: SheetTable) -> None:
    for number, row in enumerate(sheet.iter_rows(), 1):
        cells = {column: text for column, cell in enumerate(row, 1) if cell != "" and (text := _text(cell)).strip()}
        if cells:
            table.row(number, cells)
    table.end()


def _text(cell: object) -> str:
    match cell:
        case bool():
            return str(cell).upper()
        case float() | int():
            return general(float(cell))
        case datetime():
            return cell.isoformat(" ").removesuffix(" 00:00:00")
        case date() | time() | timedelta():
            return str(cell)
    return str(cell)


def require_dense(sheet: bytes) -> None:
    """Refuses a sheet's part of an xlsb file whose cells lie so far apart that the rectangle around them would not fit
    in memory.
    """
    rows = columns = row = at = 0
    while at + 2 < len(sheet):
        type_, at = _varied(sheet, at, 2)
        size, at = _varied(sheet, at, 4)
        if type_ == _ROW:
            row = int.from_bytes(sheet[at : at + 4], "little") + 1
        elif _FIRST_CELL <= type_ <= _LAST_CELL:
            rows, columns = max(rows, row), max(columns, int.from_bytes(sheet[at : at + 4], "little") + 1)
        at += size
    if rows * columns > MOST_CELLS:
        raise Unreadable(
            "invalid_file",
            "A sheet spans more than 20 million cells, most of them empty. Delete the far cells, or export the sheet "
            "as CSV.",
        )


def _varied(data: bytes, at: int, most: int) -> tuple[int, int]:
    """Returns a number of up to `most` bytes of 7 bits each, the lowest first, and where it ends."""
    found = 0
    for place in range(most):
        byte = data[at + place] if at + place < len(data) else 0
        found |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            return found, at + place + 1
    return found, at + most
