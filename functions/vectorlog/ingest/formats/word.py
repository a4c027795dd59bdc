"""Word documents (docx)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.container import Container
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.markdown import blocks, heading, table
from vectorlog.ingest.formats.pages import whole

if TYPE_CHECKING:
    from docx.document import Document as Word

_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_SKIPPED = {"del", "delText", "instrText", "pPr", "rPr", "Fallback", "tblPr", "tcPr", "trPr", "moveFrom"}
_NOTES = ("footnotes", "endnotes")


def read(path: Path) -> Text:
    """Reads headings, paragraphs, lists, tables, links, text boxes, footnotes and endnotes.

    Headers, footers, comments and deleted text are left out.
    """
    import docx

    with Container(path) as container:
        container.require_small_xml()
    return whole(blocks(_Reader(docx.Document(str(path))).blocks()), markdown=True)


class _Reader:
    """Walks the XML loaded by python-docx, whose iterators skip content controls, insertions, text boxes and notes."""

    def __init__(self, document: Word) -> None:
        self._document = document
        self._styles: Mapping[str, str] = {style.style_id: style.name or "" for style in document.styles}

    def blocks(self) -> Iterator[str]:
        from docx.oxml import parse_xml

        part = self._document.part
        yield from self._children(self._document.element.body)
        for relation in part.rels.values():
            if not relation.is_external and relation.reltype.endswith(_NOTES):
                yield from self._children(parse_xml(relation.target_part.blob))

    def _children(self, parent: Any) -> Iterator[str]:  # noqa: ANN401 (lxml has no types)
        for element in parent:
            match _kind(element):
                case "p":
                    yield self._paragraph(element)
                    for box in element.iter("{*}txbxContent"):
                        if not any(_kind(ancestor) == "Fallback" for ancestor in box.iterancestors()):
                            yield from self._children(box)
                case "tbl":
                    rows = [row for row in element.iter("{*}tr") if _nearest_table(row) is element]
                    yield table(
                        [[" ".join(self._children(cell)) for cell in row.iterchildren("{*}tc")] for row in rows]
                    )
                case kind if kind not in _SKIPPED:
                    yield from self._children(element)

    def _paragraph(self, paragraph: Any) -> str:  # noqa: ANN401
        text = "".join(self._inline(paragraph)).strip("\n")
        if not text.strip():
            return ""
        style = paragraph.find("{*}pPr/{*}pStyle")
        name = "" if style is None else self._styles.get(_attribute(style, "val"), "")
        if match := _HEADING.match(name):
            return heading(int(match[1]), text)
        if name == "Title":
            return heading(1, text)
        is_item = name.startswith("List") or paragraph.find("{*}pPr/{*}numPr") is not None
        return f"- {text}" if is_item else text

    def _inline(self, parent: Any) -> Iterator[str]:  # noqa: ANN401
        for element in parent:
            match _kind(element):
                case "t":
                    yield element.text or ""
                case "tab":
                    yield "\t"
                case "br" | "cr":
                    yield "\n"
                case "noBreakHyphen":
                    yield "-"
                case "hyperlink":
                    text, target = "".join(self._inline(element)), self._target(element)
                    yield f"[{text}]({target})" if target else text
                case kind if kind not in _SKIPPED and kind != "txbxContent":
                    yield from self._inline(element)

    def _target(self, link: Any) -> str | None:  # noqa: ANN401
        relation = self._document.part.rels.get(_attribute(link, "id"))
        return relation.target_ref if relation is not None and relation.is_external else None


def _kind(element: Any) -> str:  # noqa: ANN401
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else "comment"


def _attribute(element: Any, name: str) -> str:  # noqa: ANN401
    return next((value for key, value in element.items() if key.rpartition("}")[2] == name), "")


def _nearest_table(row: Any) -> Any:  # noqa: ANN401
    return next(row.iterancestors("{*}tbl"))


FORMAT = Format("a Word document", (".docx",), read, office_folder="word/")
