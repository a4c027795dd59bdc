"""Word and PowerPoint files of 97-2003, as the library that reads them tells what is in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text, Unreadable
from vectorlog.ingest.formats.office.grid import Cell, laid_out
from vectorlog.ingest.formats.office.sink import Lines, Sink

Node = Mapping[str, Any]
_FURNITURE = ("first_page_header", "header", "even_page_header", "first_page_footer", "footer", "even_page_footer")


def read_old(path: Path, form: Literal["doc", "ppt"]) -> Text:
    """Reads a file; the slides of a presentation are its pages.

    Raises:
        Unreadable: it is locked.
    """
    from office_oxide import Document, OfficeOxideError

    try:
        with Document.from_bytes(path.read_bytes(), form) as file:
            content: Node = file.to_ir()
    except OfficeOxideError as error:
        if "password" in str(error).lower():
            raise Unreadable(
                "invalid_file", "The Office file is locked with a password. Remove the password and upload it again."
            ) from error
        raise
    return _Writer().document(content, pages=form == "ppt")


class _Writer:
    """Writes the library's tree of sections, blocks and runs."""

    def __init__(self) -> None:
        self._document = DocumentBuilder()
        self._out: Sink = self._document
        self._left: Counter[str] = Counter()
        self._furniture: dict[str, None] = {}

    def document(self, content: Node, *, pages: bool) -> Text:
        sections = content.get("sections", ())
        if not pages:
            self._headers(sections, _FURNITURE[:3])
        for section in sections:
            if pages:
                self._document.page()
                self._slide_title(section)
            self._blocks(section.get("elements", ()))
            notes = self._lines(section.get("speaker_notes"))
            self._document.paragraph(f"Notes: {notes}" if notes.strip() else "")
            if pages:
                self._headers([section], _FURNITURE)
        if not pages:
            self._headers(sections, _FURNITURE[3:])
        for name, count in self._left.items():
            self._document.warn("left_out", f"{count} {name}{'s are' if count > 1 else ' is'} not read.")
        return self._document.build()

    def _headers(self, sections: Iterable[Node], names: Iterable[str]) -> None:
        for name in names:
            for section in sections:
                text = self._lines(section.get(name))
                if text.strip() and text not in self._furniture:
                    self._furniture[text] = None
                    self._document.paragraph(text)

    def _slide_title(self, section: Node) -> None:
        """Writes a slide's title, if it does not stand as a heading among its blocks."""
        title = section.get("title") or ""
        first: Node = next(iter(section.get("elements", ())), {})
        if title.strip() and first.get("type") != "heading":
            self._document.heading(2, title)
            self._furniture[title] = None

    def _lines(self, content: Any) -> str:  # noqa: ANN401 (the library's values have no types)
        """Returns the text of blocks, or of what has them as its content."""
        if not content:
            return ""
        lines = Lines()
        out, self._out = self._out, lines
        try:
            self._blocks(content.get("content", ()) if isinstance(content, Mapping) else content)
        finally:
            self._out = out
        return lines.text

    def _blocks(self, blocks: Iterable[Node]) -> None:
        for block in blocks:
            match block.get("type"):
                case "heading":
                    self._out.heading(int(block.get("level") or 1), self._text(block))
                case "paragraph":
                    self._out.paragraph(self._text(block))
                case "list":
                    self._list(block)
                case "table":
                    self._table(block)
                case "text_box":
                    self._blocks(block.get("content", ()))
                case "footnote" | "endnote":
                    self._note(block)
                case "image":
                    self._left["image"] += 1
                case _:
                    self._out.paragraph(self._text(block))

    def _text(self, block: Node) -> str:
        out: list[str] = []
        for run in block.get("content", ()):
            text = "\n" if run.get("type") == "line_break" else str(run.get("text") or "")
            link = str(run.get("hyperlink") or "")
            if run.get("type") == "image":
                self._left["image"] += 1
            out.append(f"[{text}]({link})" if "://" in link and text.strip() and text.strip() != link else text)
        return "".join(out)

    def _list(self, block: Node, level: int = 0) -> None:
        level = max(level, int(block.get("level") or 0))
        start = int(block.get("start_number") or 1) if block.get("ordered") else 0
        for count, item in enumerate(block.get("items", ()), start):
            inner = [each for each in item.get("content", ()) if each.get("type") != "list"]
            self._out.item(self._lines(inner), min(level, 8), f"{count}." if start else "-")
            nested = [each for each in item.get("content", ()) if each.get("type") == "list"]
            nested += [item["nested"]] if item.get("nested") else []
            for each in nested:
                self._list(each, level + 1)

    def _table(self, block: Node) -> None:
        rows = []
        for row in block.get("rows", ()):
            cells = row.get("cells", ())
            rows.append([Cell(self._lines(cell), int(cell.get("col_span") or 1)) for cell in cells])
        self._out.table(laid_out(rows))

    def _note(self, block: Node) -> None:
        text = self._lines(block)
        author = str(block.get("author") or "")
        comment = block.get("marker") == "comment"
        if text.strip():
            mark = (f"Comment ({author}): " if author else "Comment: ") if comment else "Note: "
            self._out.paragraph(mark + text)
