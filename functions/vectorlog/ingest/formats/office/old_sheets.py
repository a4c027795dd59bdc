"""Workbooks of Excel 97-2003 (xls), as the library that reads them tells their cells."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Unreadable
from vectorlog.ingest.formats.office.number_format import general
from vectorlog.ingest.formats.office.old_numbers import Numbers, OldNumbers
from vectorlog.ingest.formats.office.sheet_page import SheetPage
from vectorlog.ingest.formats.office.sheet_table import Budget, SheetTable

if TYPE_CHECKING:
    import python_calamine


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
            budget, numbers = Budget(path.stat().st_size), OldNumbers(path)
            for meta in workbook.sheets_metadata:
                if meta.typ != SheetTypeEnum.WorkSheet:
                    continue
                if meta.visible == SheetVisibleEnum.Visible:
                    table = SheetTable(SheetPage(document, meta.name), budget)
                    _write(workbook.get_sheet_by_name(meta.name), numbers.of_sheet(meta.name), table)
                else:
                    left["hidden sheet"] += 1
    except python_calamine.PasswordError as error:
        raise Unreadable(
            "invalid_file", "The workbook is locked with a password. Remove the password and upload it again."
        ) from error
    return left


def _write(sheet: python_calamine.CalamineSheet, numbers: Numbers, table: SheetTable) -> None:
    before = sheet.start[1] if sheet.start else 0  # columns without cells that the library leaves out
    for number, row in enumerate(sheet.iter_rows(), 1):
        cells = {
            column: text
            for column, cell in enumerate(row, 1)
            if cell != "" and (text := numbers.get((number, before + column)) or _text(cell)).strip()
        }
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
