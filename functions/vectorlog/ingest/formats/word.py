"""Word documents (docx, docm, dotx, dotm)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from posixpath import basename

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.office.body import Body
from vectorlog.ingest.formats.office.left_out import warn_left_out
from vectorlog.ingest.formats.office.package import Package
from vectorlog.ingest.formats.office.sink import Sink
from vectorlog.ingest.inside import Inside, allowance


def read(path: Path) -> Text:
    """Reads what Word shows: headings, paragraphs, lists with their numbers, tables, links, text boxes, charts,
    SmartArt, documents that are embedded as a piece of the text (`altChunk`), footnotes, endnotes and comments after
    the paragraph that refers to them, headers first and footers last.

    Deleted and hidden text is left out.
    """
    document = DocumentBuilder()
    with Package(path) as package, allowance(package.bytes) as left:
        main = package.main("word/", "document.xml")
        inside = Inside(document, left)
        body = Body(package, main, document)
        body.on_chunk = partial(_chunk, package, inside)
        for text in body.furniture("header"):
            document.paragraph(text)
        body.part(main, package.root(main, "document"))
        body.rest()
        for text in body.furniture("footer"):
            document.paragraph(text)
        if not body.titled:
            document.title = package.title()
        warn_left_out(document, package, body.left)
        inside.finish()
    return document.build()


def _chunk(package: Package, inside: Inside, part: str, out: Sink) -> None:
    """Writes a document that Word shows as a piece of this one (`altChunk`): HTML, RTF, Word or plain text."""
    text = inside.text(basename(part), package.read(part)) if package.has(part) else None
    if text is None:
        return
    if isinstance(out, DocumentBuilder):
        out.markdown(text.text)
    else:
        out.paragraph(text.text)


FORMAT = Format(
    "a Word document",
    (".docx", ".docm", ".dotx", ".dotm"),
    read,
    office_folder="word/",
    keeps=(
        "Headings, paragraphs, lists with their numbers, tables, links, text boxes, texts of charts and SmartArt; "
        "footnotes, endnotes and comments after the paragraph that refers to them; headers first and footers last, "
        "once each. Raised letters as `10^6` and `m²`, struck-out text between `~~`, formulas on one line."
    ),
    leaves_out=("Deleted and hidden text, images, macros. Macros and damaged parts are told in a warning."),
)
