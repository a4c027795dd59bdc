"""EPUB books."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote
from xml.etree import ElementTree

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.encoding.decoding import decoded
from vectorlog.ingest.formats.container import Container
from vectorlog.ingest.formats.encodings import tell
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.web import markdown, title_of

_HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)


def read(path: Path) -> Text:
    """Reads the title, then the chapters in reading order, each once; what has no heading gets the one that the table
    of contents gives it.
    """
    with Container(path) as book:
        root = book.tree("META-INF/container.xml").find(".//{*}rootfile")
        package = root.attrib["full-path"] if root is not None else "content.opf"
        contents = book.tree(package)
        folder = dirname(package)
        items = {item.get("id"): item for item in contents.iterfind(".//{*}manifest/{*}item")}
        title = " ".join((contents.findtext(".//{*}title") or "").split())
        document = DocumentBuilder(title)
        document.heading(1, title, marked=False, given=True)
        named = _contents(book, folder, list(items.values()))
        for name in _chapters(contents, folder, items):
            if name in book.names:
                found = decoded(book.read(name), declares=True)
                tell(document, found, name)
                _chapter(document, found.text, named.get(name, ""))
            else:
                document.warn("damaged", "A chapter that the book names is not in it.", name)
        return document.build()


def _chapters(
    contents: ElementTree.Element, folder: str, items: dict[str | None, ElementTree.Element]
) -> Iterator[str]:
    """Yields the chapters' names in reading order, without the table of contents."""
    seen = set()
    for each in contents.iterfind(".//{*}spine/{*}itemref"):
        item = items.get(each.get("idref"))
        if item is None or "nav" in item.get("properties", "").split():
            continue
        name = _place(folder, item.get("href", ""))
        if name not in seen:
            seen.add(name)
            yield name


def _chapter(document: DocumentBuilder, html: str, listed: str) -> None:
    text = markdown(html, titled=False)
    if text and not _HEADING.search(text):
        own = title_of(html)
        document.heading(2, listed or (own if own != document.title else ""))
    document.markdown(text)


def _contents(book: Container, folder: str, items: list[ElementTree.Element]) -> dict[str, str]:
    """Returns chapters' titles from the table of contents of EPUB 3 or 2; none if it is missing or damaged."""
    titles: dict[str, str] = {}
    for item in items:
        is_nav = "nav" in item.get("properties", "").split()
        name = _place(folder, item.get("href", ""))
        if name not in book.names or not (is_nav or item.get("media-type") == "application/x-dtbncx+xml"):
            continue
        try:
            tree = book.tree(name)
        except ElementTree.ParseError:
            continue
        found = (
            ((link.get("href", ""), "".join(link.itertext())) for link in tree.iterfind(".//{*}a"))
            if is_nav
            else (
                (_source(point), point.findtext("{*}navLabel/{*}text") or "")
                for point in tree.iterfind(".//{*}navPoint")
            )
        )
        for target, title in found:
            titles.setdefault(_place(dirname(name), target), " ".join(title.split()))
    return titles


def _source(point: ElementTree.Element) -> str:
    content = point.find("{*}content")
    return "" if content is None else content.get("src", "")


def _place(folder: str, href: str) -> str:
    return normpath(join(folder, unquote(href.partition("#")[0])))


FORMAT = Format(
    "an EPUB book",
    (".epub",),
    read,
    media_types=("application/epub+zip",),
    keeps=(
        "The title, then the chapters in reading order, each as HTML is read; a chapter without a heading gets the one "
        "in the table of contents. Notes in asides follow their chapter."
    ),
    leaves_out=(
        "The table of contents, images, styles, scripts, fonts, recordings; files that are not in the reading order. A "
        "locked book (DRM) fails."
    ),
)
