"""Excel workbooks (xlsx): their sheets, and what stands on them."""

from __future__ import annotations

from collections import Counter
from xml.etree.ElementTree import Element
from xml.parsers.expat import ExpatError

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.formats.office.beside_cells import write_beside_cells
from vectorlog.ingest.formats.office.cells import Cells, SheetCells, column_of, shared_strings
from vectorlog.ingest.formats.office.number_format import BUILT_IN, Formatter, formatters
from vectorlog.ingest.formats.office.package import Package
from vectorlog.ingest.formats.office.sheet_edges import Edges, edges
from vectorlog.ingest.formats.office.sheet_notes import Note, sheet_notes
from vectorlog.ingest.formats.office.sheet_page import SheetPage
from vectorlog.ingest.formats.office.sheet_table import Budget, SheetTable
from vectorlog.ingest.formats.office.xml import (
    MOST_TAGS,
    NAMES,
    TAGS_PER_BYTE,
    attribute,
    child,
    is_on_attribute,
    named,
    number,
)

_LONGEST_QUOTED = 100
"""Characters of a cell that its comment repeats."""
_DIGITS = "0123456789"


class Workbook:
    """A workbook in a package, written sheet by sheet.

    Attributes:
        left: how many images and objects were found, which are not read.
    """

    def __init__(self, package: Package, main: str) -> None:
        self._package = package
        self._main = main
        self._root = package.root(main, "workbook")
        self._strings = self._shared()
        self._formats = self._number_formats()
        self._budget = Budget(package.bytes)
        self._most_tags = MOST_TAGS + TAGS_PER_BYTE * package.bytes
        self.left: Counter[str] = Counter()

    def write(self, document: DocumentBuilder) -> None:
        """Writes each visible sheet that has content as a page."""
        relations = self._package.relations(self._main)
        for sheet in named(self._root, "sheet"):
            relation = relations.get(
                next((value for key, value in sheet.items() if NAMES[key] == "id" and "}" in key), "")
            )
            if relation is None or relation.kind not in ("worksheet", "chartsheet", "dialogsheet"):
                continue
            if attribute(sheet, "state") in ("hidden", "veryHidden"):
                self.left["hidden sheet"] += 1
                continue
            name = attribute(sheet, "name")
            try:
                self._sheet(relation.target, name, document)
            except KeyError:
                document.warn("damaged", "The sheet is missing in the file.", f"sheet {name}")

    def _sheet(self, part: str, name: str, document: DocumentBuilder) -> None:
        page = SheetPage(document, name)
        with self._package.open(part) as stream:
            around = edges(stream, self._most_tags)
        notes = sheet_notes(self._package, part)
        quoted = self._cells(part, name, page, around, notes, document)
        self.left += write_beside_cells(self._package, part, page, notes, quoted)
        for text in around.furniture:
            page.paragraph(text)

    def _cells(
        self, part: str, name: str, page: SheetPage, around: Edges, notes: list[Note], document: DocumentBuilder
    ) -> dict[str, str]:
        """Writes the cells; returns the texts of those that have a comment."""
        table = SheetTable(page, self._budget)
        wanted: dict[int, list[str]] = {}
        for cell in {each.cell for each in notes}:
            wanted.setdefault(number(cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 0), []).append(cell)
        links = self._links(part, around)
        quoted = {}

        def take(row: int, cells: Cells) -> None:
            for cell in wanted.get(row, ()):
                text = cells.get(column_of(cell.rstrip(_DIGITS)), "")
                quoted[cell] = text if len(text) <= _LONGEST_QUOTED else ""
            for column, target in links.get(row, ()):
                text = cells.get(column, "")
                if text and text != target:
                    cells[column] = f"[{text}]({target})"
            table.row(row, cells, around.merged.get(row, ()))

        reader = SheetCells(self._strings, self._formats, take)
        try:
            with self._package.open(part) as stream:
                reader.read(stream)
        except ExpatError:
            document.warn("damaged", "The sheet is damaged and was read up to there.", f"sheet {name}")
        table.end()
        if reader.unvalued:
            document.warn(
                "formula_without_value",
                f"{reader.unvalued} formula{'s have' if reader.unvalued > 1 else ' has'} no stored value, so the "
                f"formula was read. Open the workbook in Excel or LibreOffice and save it.",
                f"sheet {name}",
            )
        return quoted

    def _links(self, part: str, around: Edges) -> dict[int, list[tuple[int, str]]]:
        """Returns the columns and addresses of links, by row."""
        relations = self._package.relations(part) if around.links else {}
        links: dict[int, list[tuple[int, str]]] = {}
        for cell, id_ in around.links.items():
            relation = relations.get(id_)
            if relation is not None and relation.external:
                letters = cell.rstrip(_DIGITS)
                links.setdefault(int(cell[len(letters) :]), []).append((column_of(letters), relation.target))
        return links

    def _shared(self) -> list[str]:
        name = next(iter(self._package.related(self._main, "sharedStrings")), "")
        if not name:
            return []
        with self._package.open(name) as part:
            return shared_strings(part)

    def _number_formats(self) -> list[Formatter | None]:
        """Returns what writes numbers, by the number of a cell's style; None stands for the format `General`."""
        root = self._package.find(next(iter(self._package.related(self._main, "styles")), ""))
        codes: dict[int, str] = dict(BUILT_IN)
        for each in _children(child(root, "numFmts")):
            codes[number(attribute(each, "numFmtId"), 0)] = attribute(each, "formatCode")
        properties = child(self._root, "workbookPr")
        from_1904 = properties is not None and is_on_attribute(properties, "date1904")
        styles = (number(attribute(each, "numFmtId"), 0) for each in _children(child(root, "cellXfs")))
        return formatters(codes, styles, from_1904=from_1904)


def _children(element: Element | None) -> list[Element]:
    return [] if element is None else list(element)
