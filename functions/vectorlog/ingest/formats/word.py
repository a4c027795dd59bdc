"""Word documents (docx, docm, dotx, dotm)."""

from __future__ import annotations

from pathlib import Path

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.office.body import Body
from vectorlog.ingest.formats.office.left_out import warn_left_out
from vectorlog.ingest.formats.office.package import Package


def read(path: Path) -> Text:
    """Reads what Word shows: headings, paragraphs, lists with their numbers, tables, links, text boxes, charts,
    SmartArt, footnotes, endnotes and comments after the paragraph that refers to them, headers first and footers last.

    Deleted and hidden text is left out.
    """
    document = DocumentBuilder()
    with Package(path) as package:
        main = package.main("word/", "document.xml")
        body = Body(package, main, document)
        for text in body.furniture("header"):
            document.paragraph(text)
        body.part(main, package.root(main, "document"))
        body.rest()
        for text in body.furniture("footer"):
            document.paragraph(text)
        if not body.titled:
            document.title = package.title()
        warn_left_out(document, package, body.left)
    return document.build()


FORMAT = Format(
    "a Word document",
    (".docx", ".docm", ".dotx", ".dotm"),
    read,
    office_folder="word/",
    keeps=(
        "Headings, paragraphs, lists with their numbers, tables, links, text boxes, texts of charts and SmartArt; "
        "footnotes, endnotes and comments after the paragraph that refers to them; headers first and footers last, "
        "once each."
    ),
    leaves_out=(
        "Deleted and hidden text, images, macros, embedded objects. Macros and damaged parts are told in a warning."
    ),
)
