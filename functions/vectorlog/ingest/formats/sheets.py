"""Spreadsheets (xlsx, xlsm, xltx, xltm, xlsb, xls, ods)."""

from __future__ import annotations

from pathlib import Path
from zipfile import is_zipfile

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.container import Container
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.office.binary_workbook import BinaryWorkbook
from vectorlog.ingest.formats.office.left_out import tell_left_out, warn_left_out
from vectorlog.ingest.formats.office.old_sheets import read_old_sheets
from vectorlog.ingest.formats.office.open_sheets import read_open_sheets
from vectorlog.ingest.formats.office.package import Package
from vectorlog.ingest.formats.office.workbook import Workbook


def read(path: Path) -> Text:
    """Reads each visible sheet that has content as a page: its name, a table of the cells as they are shown, comments,
    text boxes, charts, and what is printed above and below it.

    A formula is read as its saved value. Of xls files the cells are read; those of Excel 5 and 95 with dates but
    without other number formats.

    Raises:
        Unreadable: the workbook is locked, or its text is too long.
    """
    document = DocumentBuilder()
    if not is_zipfile(path):
        tell_left_out(document, read_old_sheets(path, document))
        return document.build()
    with Container(path) as container:
        opened = "content.xml" in container.names and "[Content_Types].xml" not in container.names
    if opened:
        read_open_sheets(path, document)
        return document.build()
    with Package(path) as package:
        main = package.main("xl/", "workbook.xml")
        if main.endswith(".bin"):
            binary = BinaryWorkbook(package, main)
            binary.write(document)
            left = binary.left
        else:
            workbook = Workbook(package, main)
            workbook.write(document)
            left = workbook.left
        document.title = package.title()
        warn_left_out(document, package, left)
    return document.build()


FORMAT = Format(
    "a spreadsheet",
    (".xlsx", ".xlsm", ".xltx", ".xltm", ".xlsb", ".xls", ".xlt", ".ods", ".ots"),
    read,
    office_folder="xl/",
    ole_streams=("Workbook", "Book"),
    media_types=("application/vnd.oasis.opendocument.spreadsheet",),
    keeps="Each visible sheet that has content as a page: its name and a table, with the saved value of each formula.",
    leaves_out="Hidden sheets, formulas themselves, images, macros.",
)
