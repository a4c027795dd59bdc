"""OpenDocument texts and presentations (odt, odp)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.container import Container
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.markdown import blocks, heading, table
from vectorlog.ingest.formats.pages import paged, whole

_SKIPPED = {"annotation", "tracked-changes", "forms", "sequence-decls"}


def read(path: Path) -> Text:
    """Reads headings, paragraphs, lists, tables and links; the slides of a presentation are its pages."""
    with Container(path) as container:
        body = container.tree("content.xml").find("{*}body")
    if body is None:
        raise ValueError("content.xml has no body")
    slides = [part for part in body.iter() if _kind(part) == "page"]
    if slides:
        return paged((blocks(_blocks(slide)) for slide in slides), markdown=True)
    return whole(blocks(_blocks(body)), markdown=True)


def _blocks(parent: Element, prefix: str = "") -> Iterator[str]:
    for part in parent:
        match _kind(part):
            case "h":
                yield heading(int(_attribute(part, "outline-level") or 1), _inline(part))
                yield from _framed(part)
            case "p":
                yield prefix + text if (text := _inline(part).strip()) else ""
                yield from _framed(part)
            case "table":
                rows = [row for row in part.iter() if _kind(row) == "table-row"]
                yield table([[" ".join(_blocks(cell)) for cell in row if _kind(cell) == "table-cell"] for row in rows])
            case "list-item":
                yield from _blocks(part, "- ")
            case "notes":
                yield from _blocks(part, "Notes: ")
            case kind if kind not in _SKIPPED:
                yield from _blocks(part, prefix)


def _framed(paragraph: Element) -> Iterator[str]:
    """Yields the text of the boxes anchored in a paragraph."""
    for part in paragraph:
        yield from _blocks(part) if _kind(part) == "frame" else _framed(part)


def _inline(parent: Element) -> str:
    out = [parent.text or ""]
    for part in parent:
        match _kind(part):
            case "s":
                out.append(" " * min(int(_attribute(part, "c") or 1), 100))
            case "tab":
                out.append("\t")
            case "line-break":
                out.append("\n")
            case "a":
                out.append(f"[{_inline(part)}]({_attribute(part, 'href')})")
            case kind if kind not in _SKIPPED and kind != "frame":
                out.append(_inline(part))
        out.append(part.tail or "")
    return "".join(out)


def _kind(part: Element) -> str:
    return part.tag.rpartition("}")[2]


def _attribute(part: Element, name: str) -> str | None:
    return next((value for key, value in part.items() if key.rpartition("}")[2] == name), None)


FORMAT = Format(
    "an OpenDocument file",
    (".odt", ".odp"),
    read,
    media_types=("application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.presentation"),
    keeps="Headings, paragraphs, lists, tables and links; each slide of a presentation as a page.",
    leaves_out="Images, drawings, macros, tracked changes.",
)
