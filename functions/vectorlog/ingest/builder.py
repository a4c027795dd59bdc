"""Builds a `Text`: readers call it with one block after the other, and it keeps the marks over the text.

A reader of a format with structure reads like this:

    doc = DocumentBuilder(title="Annual report")
    doc.page()
    doc.heading(1, "Heating")
    doc.paragraph("Drain the boilers in May.")
    doc.item("Close the valve.", level=0)
    doc.table([["Part", "Price"], ["Valve", "12.50 EUR"]], header=1)
    doc.code("drain --all", language="sh")
    doc.warn("left_out", "Two charts are left out.", where="page 1")
    return doc.build()

Blocks are written as Markdown, with a blank line between them; rows and items follow each other without one. Every text
gets the form that `text_form.clean` gives, so the characters that marks count are those that are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vectorlog.domain.file_warning import FileWarning, WarningCode
from vectorlog.ingest.blocks import Blocks, Kind, Table
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats import markdown_blocks
from vectorlog.ingest.text_form import clean

_BETWEEN = "\n\n"
_TIGHT = (Kind.ITEM, Kind.HEADER, Kind.ROW)
"""Blocks that follow another of their kind in the next line."""


class DocumentBuilder:
    """A document under construction. Blank texts are left out, wherever they are passed.

    Attributes:
        title: of the document; may be set at any time. If it stays empty, it is the first heading, if that is of level
            1.
    """

    def __init__(self, title: str = "") -> None:
        self.title = title
        self._parts: list[str] = []
        self._length = 0
        self._last: Kind | None = None
        self._blocks = Blocks()
        self._tables: list[Table] = []
        self._pages: list[int] = []
        self._sheets: list[str] = []
        self._labels: list[str] = []
        self._warnings: list[FileWarning] = []
        self._said = False
        self._table: tuple[int, int] | None = None
        """Where the open table begins, and where its header ends."""

    def page(self, *, sheet: str = "", label: str = "") -> None:
        """Begins a page, a slide or a sheet. A document has pages from its beginning or not at all.

        Args:
            sheet: the sheet's name, for a workbook. It is not written into the text.
            label: what is printed on the page as its number, if that is not its place in the file.
        """
        self.end_table()
        if self._pages or self._parts:
            self._write(_BETWEEN)
        self._pages.append(self._length)
        self._sheets.append(clean(sheet))
        self._labels.append(clean(label))
        self._last = None

    def heading(self, level: int, text: str, *, marked: bool = True, given: bool = False) -> None:
        """Writes a heading; level 1 is the highest. It is written with `#`, unless `marked` is False.

        One that is `given` is a name beside the text, such as a file's, and does not count as text.
        """
        title = " ".join(clean(text).split())
        if title:
            said = self._said
            self._block(Kind.HEADING, f"{'#' * min(max(level, 1), 6)} {title}" if marked else title, level, title)
            self._said = said or not given

    def paragraph(self, text: str, *, given: bool = False) -> None:
        """Writes a paragraph; `given` as for a heading."""
        said = self._said
        self._block(Kind.PARAGRAPH, clean(text))
        self._said = said or (self._said and not given)

    def item(self, text: str, level: int = 0, mark: str = "-") -> None:
        """Writes an item of a list; `level` says in how many others it lies, and `mark` may be its number (`1.1.`)."""
        if text.strip():
            self._block(Kind.ITEM, clean(f"{'  ' * level}{mark} {text.strip()}"), level)

    def code(self, text: str, language: str = "") -> None:
        """Writes code in a fence."""
        if text.strip():
            code = clean(text).strip("\n")
            fence = "```"
            while fence in code:
                fence += "`"
            self._block(Kind.CODE, f"{fence}{language}\n{code}\n{fence}")

    def table(self, rows: Iterable[Sequence[str] | str], header: int = 1) -> None:
        """Writes a table, whose first `header` rows name its columns."""
        self.end_table()
        for number, row in enumerate(rows):
            self.row(row, header=number < header)
        self.end_table()

    def row(self, cells: Sequence[str] | str, *, header: bool = False) -> None:
        """Writes a row of the open table, or of a new one. Blank rows are left out.

        Args:
            cells: the texts of the cells; or the row as it is to be written, for a format that keeps its own signs.
            header: whether it names the columns. Rows that do so come first in their table.
        """
        text = clean(cells) if isinstance(cells, str) else clean(_cells(cells))
        if not text.replace("|", "").strip():
            return
        if self._table is not None and header and self._last == Kind.ROW:
            self.end_table()
        ruled = self._last == Kind.HEADER and not header and not isinstance(cells, str) and self._table is not None
        if ruled:
            self._rule(len(cells))
        self._block(Kind.HEADER if header else Kind.ROW, text)
        start, head = self._table or (self._blocks.starts[-1],) * 2
        self._table = start, self._blocks.ends[-1] if header else head

    def end_table(self) -> None:
        """Ends the open table, so that the next row begins another one. Other blocks do so too."""
        if self._table is not None:
            (start, header), self._table = self._table, None
            self._tables.append(Table(start, self._blocks.ends[-1], header))
            self._last = None

    def block(self, kind: Kind, text: str, *, level: int = 0, title: str = "") -> None:
        """Writes a block as it is, without marks: for a format whose text is kept unchanged."""
        self._block(kind, clean(text), level, title)

    def markdown(self, text: str) -> None:
        """Writes Markdown as it is, and finds its blocks."""
        cleaned = clean(text)
        self.written(cleaned, *markdown_blocks.parse(cleaned))

    def plain(self, text: str) -> None:
        """Writes text as it is, in which no blocks are known."""
        self.written(clean(text), Blocks(), ())

    def written(self, text: str, blocks: Blocks, tables: Iterable[Table]) -> None:
        """Writes text as it is, with the blocks and tables that were found in it. `clean` has made the text."""
        if text.strip():
            start = self._start(None)
            self._write(text)
            self._said = True
            self._blocks.extend(blocks, start)
            self._tables += [Table(each.start + start, each.end + start, each.header + start) for each in tables]

    def part(self, name: str, text: Text) -> None:
        """Writes a document inside this one, such as an attachment: its name as a heading, and the text under it.

        Its headings lie under that one. Its pages are not kept; its warnings say that they are about it.
        """
        self.heading(1, name, given=True)
        start = self._start(None)
        self._write(text.text)
        self._said = self._said or not text.is_blank
        self._blocks.extend(text.blocks, start, deeper=1)
        self._tables += [Table(each.start + start, each.end + start, each.header + start) for each in text.tables]
        self.warn_of(name, text.warnings)

    def warn_of(self, name: str, warnings: Iterable[FileWarning]) -> None:
        """Adds the warnings about a document inside this one."""
        for each in warnings:
            self.warn(each.code, each.message, f"{name}, {each.where}" if each.where else name)

    def warn(self, code: WarningCode, message: str, where: str = "") -> None:
        """Adds a warning: a sentence for the user, and a place such as `page 3` or `sheet Prices`.

        Long texts are shortened, and what is above `MOST_WARNINGS` is counted, later.
        """
        self._warnings.append(FileWarning(code, message, where))

    @property
    def is_blank(self) -> bool:
        """Whether nothing has been written yet but white space and given names."""
        return not self._said

    def build(self) -> Text:
        """Returns the document."""
        self.end_table()
        first = next(self._blocks.of(Kind.HEADING), None)
        title = " ".join(clean(self.title).split()) or (first.title if first is not None and first.level == 1 else "")
        return Text(
            "".join(self._parts),
            tuple(self._pages),
            tuple(self._sheets) if any(self._sheets) else (),
            tuple(self._labels) if any(self._labels) else (),
            self._blocks,
            tuple(self._tables),
            title,
            tuple(self._warnings),
            self.is_blank,
        )

    def _block(self, kind: Kind, text: str, level: int = 0, title: str = "") -> None:
        text = text.strip("\n")
        if not text.strip():
            return
        start = self._start(kind)
        self._write(text)
        self._said = True
        self._blocks.add(kind, start, self._length, level, title)
        self._last = kind

    def _start(self, kind: Kind | None) -> int:
        """Returns where a block of this kind begins, after what separates it from the last one."""
        in_table = kind in (Kind.HEADER, Kind.ROW)
        if not in_table:
            self.end_table()
        at_page = bool(self._pages) and self._pages[-1] == self._length
        if self._parts and not at_page:
            tight = kind in _TIGHT and (self._last == kind or (in_table and self._table is not None))
            self._write("\n" if tight else _BETWEEN)
        self._last = None
        return self._length

    def _rule(self, columns: int) -> None:
        """Ends the header of the open table with Markdown's line, which is part of the last row of the header."""
        self._write("\n|" + " --- |" * columns)
        self._blocks.ends[-1] = self._length
        start, _ = self._table or (0, 0)
        self._table = start, self._length

    def _write(self, text: str) -> None:
        if text:
            self._parts.append(text)
            self._length += len(text)


def _cells(cells: Iterable[str]) -> str:
    return "| " + " | ".join(_on_one_line(cell).replace("|", "\\|") for cell in cells) + " |"


def _on_one_line(cell: str) -> str:
    if "\n" not in cell and "\r" not in cell:
        return cell.strip()
    return " ".join(line for line in map(str.strip, cell.splitlines()) if line)
