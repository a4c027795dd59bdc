"""Walks the content of OpenDocument files and writes their blocks."""

from __future__ import annotations

from collections import Counter
from xml.etree.ElementTree import Element, ParseError

from vectorlog.ingest.formats.container import Container
from vectorlog.ingest.formats.office.grid import MOST_COLUMNS, Cell, laid_out
from vectorlog.ingest.formats.office.open_inline import OpenInline, text_of
from vectorlog.ingest.formats.office.open_styles import OpenStyles, mark
from vectorlog.ingest.formats.office.sheet_table import Budget
from vectorlog.ingest.formats.office.sink import Lines, Sink
from vectorlog.ingest.formats.office.xml import NAMES, attribute, child, named, number, parse

_SKIPPED = frozenset(
    (
        *("tracked-changes", "forms", "sequence-decls", "variable-decls", "user-field-decls", "title", "desc"),
        *("event-listeners", "footer-decl", "header-decl", "date-time-decl", "glue-point", "scripts", "image-map"),
    )
)
_NOT_SHOWN = ("page-number", "date-time", "header", "footer", "page")
_MOST_ROWS_REPEATED = 100
_MOST_LEVEL = 8
_MOST_HEADING = 10


class OpenText:
    """Writes the blocks below an element.

    Attributes:
        left: how many images and objects were found, which are not read.
    """

    def __init__(self, container: Container, out: Sink, styles: OpenStyles | None = None, file_bytes: int = 0) -> None:
        self._container = container
        self._out = out
        self._styles = styles or OpenStyles()
        self._file_bytes = file_bytes
        self._budget = Budget(file_bytes)
        self._counts: list[int] = []
        """Of the items of the lists around what is written."""
        self._list_style = ""
        self._ended: dict[str, int] = {}
        """The last count of each list style, for lists that go on."""
        self._outline: list[int] = []
        self.left: Counter[str] = Counter()

    def blocks(self, parent: Element) -> None:
        """Writes the blocks in an element."""
        for part in parent:
            self._block(part)

    def anchored(self, element: Element) -> None:
        """Writes the comments and shapes in a cell of a sheet, but not its text."""
        for part in element:
            if NAMES[part.tag] not in ("p", "h", "list"):
                self._block(part, element)

    def lines(self, element: Element) -> str:
        """Returns the text of the blocks in an element."""
        lines = Lines()
        out, self._out = self._out, lines
        try:
            self.blocks(element)
        finally:
            self._out = out
        return lines.text

    def _block(self, part: Element, cell: Element | None = None) -> None:
        match NAMES[part.tag]:
            case "h" | "p":
                self._paragraph(part)
            case "table":
                self._table(part)
            case "list":
                self._list(part)
            case "notes":
                notes = self.lines(part)
                self._out.paragraph(f"Notes: {notes}" if notes.strip() else "")
            case "annotation":
                self._annotation(part, cell)
            case "image" | "plugin":
                self.left["image"] += 1
            case "object" | "object-ole":
                self._object(part)
            case "frame":
                self._frame(part)
            case "page-thumbnail" | "control":
                return
            case kind if kind not in _SKIPPED:
                self.blocks(part)

    def _paragraph(self, part: Element) -> None:
        inline = OpenInline(self._styles.marks)
        inline.add(part)
        text = inline.text.strip("\n ")
        if text:
            if NAMES[part.tag] == "h" and len(text) <= 300:
                level = max(1, number(attribute(part, "outline-level"), 1, _MOST_HEADING))
                self._out.heading(level, f"{self._heading_mark(level, part)}{text}")
            elif self._styles.is_title(attribute(part, "style-name")) and len(text) <= 300:
                self._out.heading(1, text)
            elif self._counts:
                levels = self._styles.lists.get(self._list_style, {})
                self._out.item(text, min(len(self._counts) - 1, _MOST_LEVEL), mark(levels, self._counts) or "-")
            else:
                self._out.paragraph(text)
        for each in inline.shapes:
            self._block(each)
        for citation, note in inline.notes:
            body = child(note, "note-body")
            said = self._apart(body) if body is not None else ""
            self._out.paragraph(f"{citation} {said}" if said.strip() else "")
        for each in inline.annotations:
            self._annotation(each)

    def _apart(self, element: Element) -> str:
        """Returns the text of what does not belong to the list around it."""
        counts, self._counts = self._counts, []
        try:
            return self.lines(element)
        finally:
            self._counts = counts

    def _heading_mark(self, level: int, part: Element) -> str:
        if attribute(part, "is-list-header") == "true":
            return ""
        levels = self._styles.outline
        start = levels[level].start if level in levels else 1
        self._outline = [*self._outline[:level], *[1] * (level - 1 - len(self._outline))]
        if len(self._outline) < level:
            self._outline.append(start)
        else:
            self._outline[-1] += 1
        number_ = mark(levels, self._outline)
        return f"{number_} " if number_ else ""

    def _list(self, part: Element) -> None:
        outer = self._list_style
        self._list_style = attribute(part, "style-name") or outer
        level = self._styles.lists.get(self._list_style, {}).get(len(self._counts) + 1)
        goes_on = attribute(part, "continue-numbering") == "true" or bool(attribute(part, "continue-list"))
        start = level.start if level is not None else 1
        key = f"{len(self._counts)} {self._list_style}"
        count = self._ended.get(key, start - 1) if goes_on else start - 1
        for item in part:
            if NAMES[item.tag] == "list-header":
                self.blocks(item)
            elif NAMES[item.tag] == "list-item":
                count = number(attribute(item, "start-value"), count + 1)
                self._counts.append(count)
                self.blocks(item)
                self._counts.pop()
        self._ended[key] = count
        self._list_style = outer

    def _annotation(self, part: Element, cell: Element | None = None) -> None:
        text = "\n".join(text_of(each) for each in part if NAMES[each.tag] in ("p", "list")).strip()
        creator = child(part, "creator")
        author = (creator.text or "").strip() if creator is not None else ""
        about = "" if cell is None else " ".join(text_of(each) for each in cell if NAMES[each.tag] == "p").strip()
        at = f" at {about}" if about and len(about) <= 100 else ""
        self._out.paragraph(f"Comment{at}{f' ({author})' if author else ''}: {text}" if text else "")

    def _frame(self, part: Element) -> None:
        class_ = attribute(part, "class")
        if class_ in _NOT_SHOWN:
            return
        if class_ == "title" and (text := " ".join(self._apart(part).split())):
            self._out.heading(2, text)
            return
        kinds = [NAMES[each.tag] for each in part]
        for each in part:
            if NAMES[each.tag] != "image" or not {"object", "table", "text-box"} & set(kinds):
                self._block(each)

    def _object(self, part: Element) -> None:
        """Writes an embedded chart: its titles and its table."""
        name = f"{attribute(part, 'href').removeprefix('./').rstrip('/')}/content.xml"
        chart = None
        if name in self._container.names:
            try:
                root = parse(self._container.read(name), self._file_bytes)
            except ParseError:
                self.left["damaged object"] += 1
                return
            chart = next(named(root, "chart"), None)
        table = next(named(chart, "table"), None) if chart is not None else None
        if chart is None:
            self.left["embedded object"] += 1
            return
        for title in named(chart, "title", "subtitle"):
            self._out.paragraph(" ".join(text_of(each) for each in title if NAMES[each.tag] == "p"))
        if table is not None:
            self._table(table)

    def _table(self, part: Element) -> None:
        rows: list[list[Cell]] = []
        header = 0
        counts, self._counts = self._counts, []
        for row, in_header in _rows(part):
            cells = self._row(row)
            again = min(number(attribute(row, "number-rows-repeated"), 1), _MOST_ROWS_REPEATED)
            self._budget.take(again * sum(len(cell.text) for cell in cells))
            if any(cell.text for cell in cells):
                rows += [cells] * again
                header += again if in_header and header == len(rows) - again else 0
        self._counts = counts
        self._out.table(laid_out(rows, max(1, header)), max(1, header))

    def _row(self, row: Element) -> list[Cell]:
        cells: list[Cell] = []
        covered = 0
        for cell in row:
            name = NAMES[cell.tag]
            if name not in ("table-cell", "covered-table-cell"):
                continue
            again = min(number(attribute(cell, "number-columns-repeated"), 1), MOST_COLUMNS)
            if name == "covered-table-cell":
                below = max(0, again - covered)
                covered = max(0, covered - again)
                cells += [Cell("", 1, below=True)] * below
            else:
                columns = number(attribute(cell, "number-columns-spanned"), 1)
                covered = columns - 1
                cells += [Cell(self.lines(cell), columns)] * again
        return cells


def _rows(table: Element) -> list[tuple[Element, bool]]:
    """Returns a table's rows, not those of tables inside it, and whether they are its header."""
    rows: list[tuple[Element, bool]] = []
    waiting = [(each, False) for each in reversed(table)]
    while waiting:
        element, in_header = waiting.pop()
        name = NAMES[element.tag]
        if name == "table-row":
            rows.append((element, in_header))
        elif name in ("table-header-rows", "table-rows", "table-row-group"):
            waiting += [(each, in_header or name == "table-header-rows") for each in reversed(element)]
    return rows
