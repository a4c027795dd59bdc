"""EPUB books."""

from __future__ import annotations

from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.container import Container
from vectorlog.ingest.formats.encodings import decode
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.markdown import blocks
from vectorlog.ingest.formats.pages import whole
from vectorlog.ingest.formats.web import markdown


def read(path: Path) -> Text:
    """Reads the title, then the chapters in reading order."""
    with Container(path) as book:
        root = book.tree("META-INF/container.xml").find(".//{*}rootfile")
        package = root.attrib["full-path"] if root is not None else "content.opf"
        contents = book.tree(package)
        hrefs = {item.get("id"): item.get("href", "") for item in contents.iterfind(".//{*}manifest/{*}item")}
        order = [
            hrefs[item.get("idref")]
            for item in contents.iterfind(".//{*}spine/{*}itemref")
            if item.get("idref") in hrefs
        ]
        chapters = [normpath(join(dirname(package), unquote(href))) for href in order]
        title = contents.findtext(".//{*}title") or ""
        return whole(
            blocks(
                [title, *(markdown(decode(book.read(name), declares=True)) for name in chapters if name in book.names)]
            ),
            markdown=True,
        )


FORMAT = Format(
    "an EPUB book",
    (".epub",),
    read,
    media_types=("application/epub+zip",),
    keeps="The title, then the chapters in reading order, each as HTML is read.",
    leaves_out="Images, styles, scripts, fonts, recordings. A locked book (DRM) fails.",
)
