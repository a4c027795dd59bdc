"""Walks the parts of a Word document and writes their blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from xml.etree.ElementTree import Element

from vectorlog.ingest.formats.office.charts import write_chart, write_diagram
from vectorlog.ingest.formats.office.grid import Cell, laid_out
from vectorlog.ingest.formats.office.inline import Anchored, Inline
from vectorlog.ingest.formats.office.numbering import Label, Numbering
from vectorlog.ingest.formats.office.package import Package
from vectorlog.ingest.formats.office.sink import Lines, Sink
from vectorlog.ingest.formats.office.styles import styles
from vectorlog.ingest.formats.office.xml import NAMES, attribute, child, is_on, number, value

_SKIPPED = frozenset(("del", "moveFrom", "sdtPr", "sdtEndPr", "tblPr", "tblGrid", "sectPr"))
_ENDED_STYLES = ("footnotes", "endnotes", "comments")


class Body:
    """Walks a part and writes its paragraphs, lists and tables, with the notes, comments and boxes anchored in them.

    Attributes:
        left: how many images and objects were found, which are not read.
        titled: whether there was a title or a heading of the first level.
        on_chunk: writes a part that Word shows as if it were written here (`altChunk`).
    """

    def __init__(self, package: Package, main: str, out: Sink) -> None:
        self._package = package
        self._main = main
        self._out = out
        self._styles, self._default = styles(package.find(next(iter(package.related(main, "styles")), "")))
        self._numbering = Numbering(package.find(next(iter(package.related(main, "numbering")), "")))
        self._marks: dict[tuple[str, str], str] = {}
        self._notes = {
            (kind, attribute(each, "id")): (part, each)
            for kind in ("footnote", "endnote", "comment")
            for part in package.related(main, f"{kind}s")
            for each in _children(package.find(part), kind)
        }
        self._written: set[tuple[str, str]] = set()
        self._in_table = 0
        self._waiting: list[tuple[str, Anchored]] = []
        self.left: Counter[str] = Counter()
        self.titled = False
        self.on_chunk: Callable[[str, Sink], None] | None = None

    def part(self, name: str, root: Element) -> None:
        """Writes the blocks of a part, or of an element in it."""
        for element in root:
            match NAMES[element.tag]:
                case "p":
                    self._paragraph(name, element)
                case "tbl":
                    self._table(name, element)
                case "altChunk":
                    relation = self._package.relations(name).get(attribute(element, "id"))
                    if relation is not None and not relation.external and self.on_chunk is not None:
                        self.on_chunk(relation.target, self._out)
                case "AlternateContent":
                    choice = child(element, "Choice")
                    self.part(name, element if choice is None else choice)
                case kind if kind not in _SKIPPED:
                    self.part(name, element)

    def _paragraph(self, name: str, element: Element) -> None:
        if not len(element):
            return
        inline = Inline(self._package.relations(name), self._marks)
        inline.add(element)
        text = inline.text.strip("\n")
        properties = child(element, "pPr")
        style = self._styles.get(value(properties, "pStyle") or "", self._default)
        if text.strip():
            label = self._label(properties, style_list=(style.list_, style.level), style=value(properties, "pStyle"))
            self._write(text, properties, style.heading, label)
        self._after(name, inline.anchored)

    def _write(self, text: str, properties: Element | None, heading: int, label: Label | None) -> None:
        outline = value(properties, "outlineLvl")
        if outline is not None:
            level = number(outline, 9)
            heading = level + 1 if level < 9 else 0
        if heading and len(text) <= 300 and not self._in_table:
            self.titled = self.titled or heading == 1
            self._out.heading(heading, f"{label.mark} {text}" if label is not None and label.mark else text)
        elif label is not None:
            self._out.item(text, label.level, label.mark or "-")
        else:
            self._out.paragraph(text)

    def _label(
        self, properties: Element | None, *, style_list: tuple[str, int | None], style: str | None
    ) -> Label | None:
        list_, level = style_list
        direct, direct_level = value(properties, "numPr", "numId"), value(properties, "numPr", "ilvl")
        if direct is not None:
            list_ = direct
        if direct_level is not None:
            level = number(direct_level, 0)
        if level is None and style is not None:
            level = self._numbering.level_of_style(style)
        return self._numbering.label(list_, level or 0) if list_ and list_ != "0" else None

    def _after(self, name: str, anchored: Anchored) -> None:
        """Writes what is anchored in a paragraph behind it; in a table, behind the table."""
        self.left["image"] += anchored.images
        self.left["embedded object"] += anchored.objects
        for box in anchored.boxes:
            self.part(name, box)
        if self._in_table and (anchored.notes or anchored.comments or anchored.charts or anchored.diagrams):
            self._waiting.append((name, anchored))
        else:
            self._write_anchored(name, anchored)

    def _write_anchored(self, name: str, anchored: Anchored) -> None:
        relations = self._package.relations(name)
        for ids, write in ((anchored.charts, write_chart), (anchored.diagrams, write_diagram)):
            for id_ in ids:
                relation = relations.get(id_)
                root = self._package.find(relation.target) if relation is not None else None
                if root is not None:
                    write(root, self._out)
        for kind, id_, mark in anchored.notes:
            self._note((kind, id_), f"{mark} " if mark else "")
        for id_ in anchored.comments:
            found = self._notes.get(("comment", id_))
            author = attribute(found[1], "author") if found is not None else ""
            self._note(("comment", id_), f"Comment ({author}): " if author else "Comment: ")

    def _note(self, key: tuple[str, str], mark: str) -> None:
        """Writes a note or a comment, once, however often it is referred to."""
        if key in self._notes and key not in self._written:
            self._written.add(key)
            part, element = self._notes[key]
            text = self._lines(part, element)
            if text.strip():
                self._out.paragraph(mark + text)

    def rest(self) -> None:
        """Writes the comments that no text refers to, which Word shows at the margin all the same."""
        for key in list(self._notes):
            if key[0] == "comment":
                author = attribute(self._notes[key][1], "author")
                self._note(key, f"Comment ({author}): " if author else "Comment: ")

    def furniture(self, kind: str) -> Iterator[str]:
        """Yields the texts of all headers or footers (`kind`), each once."""
        seen = set()
        for part in self._package.related(self._main, kind):
            root = self._package.find(part)
            text = self._lines(part, root) if root is not None else ""
            if text not in seen and any(each.isalnum() for each in text):
                seen.add(text)
                yield text

    def _lines(self, name: str, element: Element) -> str:
        lines = Lines()
        out, self._out = self._out, lines
        try:
            self.part(name, element)
        finally:
            self._out = out
        return lines.text

    def _table(self, name: str, element: Element) -> None:
        rows = list(_through(element, "tr"))
        cells = [list(_through(row, "tc")) for row in rows]
        if sum(map(len, cells)) == 1:  # a frame around text
            self.part(name, cells[0][0])
            return
        self._in_table += 1
        try:
            laid = [
                [*_gap(row, "gridBefore"), *(self._cell(name, cell) for cell in row_cells)]
                for row, row_cells in zip(rows, cells, strict=True)
                if not is_on(row, "trPr", "del")
            ]
        finally:
            self._in_table -= 1
        header = 0
        while header < len(rows) and is_on(rows[header], "trPr", "tblHeader"):
            header += 1
        self._out.table(laid_out(laid, max(1, header)), max(1, header))
        if not self._in_table:
            waiting, self._waiting = self._waiting, []
            for each in waiting:
                self._write_anchored(*each)

    def _cell(self, name: str, cell: Element) -> Cell:
        properties = child(cell, "tcPr")
        columns = number(value(properties, "gridSpan"), 1)
        merged = child(properties, "vMerge")
        below = merged is not None and attribute(merged, "val") != "restart"
        return Cell(self._lines(name, cell), columns, below)


def _gap(row: Element, name: str) -> list[Cell]:
    columns = number(value(row, "trPr", name), 0)
    return [Cell("", columns)] if columns else []


def _through(parent: Element, wanted: str) -> Iterator[Element]:
    """Yields rows or cells, also those in content controls and insertions, but not those of tables inside them."""
    waiting = [iter(parent)]
    while waiting:
        element = next(waiting[-1], None)
        if element is None:
            waiting.pop()
            continue
        name = NAMES[element.tag]
        if name == wanted:
            yield element
        elif name not in _SKIPPED and name not in ("tr", "tc", "tbl", "p"):
            waiting.append(iter(element))


def _children(root: Element | None, kind: str) -> list[Element]:
    shown = ("", "normal")
    return [
        each
        for each in (root if root is not None else ())
        if NAMES[each.tag] == kind and attribute(each, "type") in shown
    ]
