"""OpenDocument spreadsheets (ods), read as a stream."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import cast
from xml.etree.ElementTree import Element, XMLPullParser

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Unreadable
from vectorlog.ingest.formats.container import Container
from vectorlog.ingest.formats.office.cells import Cells
from vectorlog.ingest.formats.office.left_out import tell_left_out
from vectorlog.ingest.formats.office.open_furniture import furniture
from vectorlog.ingest.formats.office.open_inline import text_of
from vectorlog.ingest.formats.office.open_text import OpenText
from vectorlog.ingest.formats.office.sheet_page import SheetPage
from vectorlog.ingest.formats.office.sheet_table import Budget, Merged, SheetTable
from vectorlog.ingest.formats.office.xml import MOST_TAGS, NAMES, TAGS_PER_BYTE, attribute, child, number

_MOST_REPEATED = 1000
"""How often a cell or a row is read that a file says to be repeated."""
_MOST_COLUMNS = 1 << 14
_MOST_BEHIND = 10_000
_PIECE = 1 << 20


def read_open_sheets(path: Path, document: DocumentBuilder) -> None:
    """Writes each visible sheet that has content as a page: a table of the cells as they are shown, then comments,
    text boxes and charts. What is printed above and below the sheets stands behind them.

    Raises:
        Unreadable: the file is too large.
    """
    with Container(path) as container:
        reader = _Reader(container, path, document)
        with container.open("content.xml") as part:
            parser: XMLPullParser[Element] = XMLPullParser(("start", "end"))
            while piece := part.read(_PIECE):  # a large one: expat reads what is not complete again with each
                parser.feed(piece)
                for each in parser.read_events():
                    reader.event(*cast("tuple[str, Element]", each))
            parser.close()
        for text in furniture(container):
            document.paragraph(text)
        tell_left_out(document, reader.left)


class _Reader:
    """Takes the events of the parser; what has been read is cleared, so that a long sheet takes little memory."""

    def __init__(self, container: Container, path: Path, document: DocumentBuilder) -> None:
        self._container = container
        self._document = document
        self._budget = Budget(path.stat().st_size)
        self._left_tags = MOST_TAGS + TAGS_PER_BYTE * path.stat().st_size
        self._hidden: set[str] = set()
        self._page: SheetPage | None = None
        self._table: SheetTable | None = None
        self._row = self._column = self._depth = 0
        self._cells: Cells = {}
        self._merged: list[Merged] = []
        self._behind: list[Element] = []
        self._name = ""
        self.left: Counter[str] = Counter()

    def event(self, event: str, element: Element) -> None:
        """Takes the beginning or the end of an element."""
        name = NAMES[element.tag]
        if event == "start":
            self._left_tags -= 1
            if self._left_tags < 0:
                raise Unreadable(
                    "invalid_file",
                    "The file is small but unpacks to millions of cells, which are too many to read. Split it into "
                    "smaller files.",
                )
            if name in ("table-cell", "covered-table-cell"):
                self._depth += 1
            elif name == "table" and not self._depth:
                self._begin(element)
            return
        if name in ("table-cell", "covered-table-cell"):
            self._depth -= 1
            if not self._depth:
                self._cell(element, covered=name == "covered-table-cell")
        elif self._depth:
            return
        elif name == "table-row":
            self._end_row(element)
        elif name == "shapes" and self._page is not None:
            self._behind.append(element)
        elif name == "table":
            self._end()
            element.clear()
        elif name == "style" and attribute(element, "family") == "table":
            properties = child(element, "table-properties")
            if properties is not None and attribute(properties, "display") == "false":
                self._hidden.add(attribute(element, "name"))

    def _begin(self, element: Element) -> None:
        if attribute(element, "style-name") in self._hidden:
            self.left["hidden sheet"] += 1
            return
        self._name = attribute(element, "name")
        self._page = SheetPage(self._document, self._name)
        self._table = SheetTable(self._page, self._budget)
        self._row = self._column = 0

    def _cell(self, element: Element, *, covered: bool) -> None:
        repeated = number(attribute(element, "number-columns-repeated"), 1)
        if self._table is not None and not covered and (len(element) or len(element.attrib) > 1):
            text = _shown(element)
            if text:
                shown = min(repeated, _MOST_REPEATED, max(0, _MOST_COLUMNS - self._column))
                if shown < repeated:
                    self._cut()
                for column in range(self._column + 1, self._column + shown + 1):
                    self._cells[column] = text
                wide = number(attribute(element, "number-columns-spanned"), 1)
                high = number(attribute(element, "number-rows-spanned"), 1)
                if wide > 1 or high > 1:
                    first = self._column + 1
                    self._merged.append(Merged(first, first + wide - 1, self._row + high))
            if len(self._behind) < _MOST_BEHIND and any(NAMES[each.tag] not in ("p", "list") for each in element):
                self._behind.append(element)
                self._column += repeated
                return
        self._column += repeated
        element.clear()

    def _end_row(self, element: Element) -> None:
        repeated = number(attribute(element, "number-rows-repeated"), 1)
        if self._table is not None and self._cells:
            shown = min(repeated, _MOST_REPEATED)
            if shown < repeated:
                self._cut()
            for place in range(1, shown + 1):
                self._table.row(self._row + place, dict(self._cells), self._merged)
        self._row += repeated
        self._column = 0
        self._cells, self._merged = {}, []
        element[:] = []

    def _end(self) -> None:
        if self._table is not None and self._page is not None:
            self._table.end()
            writer = OpenText(self._container, self._page)
            for each in self._behind:
                writer.anchored(each)
            self.left += writer.left
        self._table = self._page = None
        self._behind = []

    def _cut(self) -> None:
        self._document.warn(
            "truncated",
            f"A cell or row that is repeated more than {_MOST_REPEATED} times was read that often.",
            f"sheet {self._name}",
        )


def _shown(cell: Element) -> str:
    """Returns what a cell shows; its value if the file does not say."""
    text = "\n".join(text_of(each) for each in cell if NAMES[each.tag] in ("p", "h", "list")).strip()
    if text:
        return text
    for name in ("string-value", "date-value", "time-value", "boolean-value", "value"):
        value = attribute(cell, name)
        if value:
            return value
    return ""
