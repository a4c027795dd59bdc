"""Documents of a few common forms: a text without pages, pages, and sheets."""

from __future__ import annotations

from collections.abc import Iterable

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.encoding.decoding import Decoded
from vectorlog.ingest.formats.encodings import tell


def whole(text: str | Decoded, *, markdown: bool = False, title: str = "") -> Text:
    """Returns a text without pages; one in Markdown has blocks. If its encoding is not sure, it has a warning."""
    document = DocumentBuilder(title)
    if isinstance(text, Decoded):
        tell(document, text)
        text = text.text
    (document.markdown if markdown else document.plain)(text)
    return document.build()


def paged(pages: Iterable[str], *, markdown: bool = False, title: str = "") -> Text:
    """Joins pages with a blank line between them; those in Markdown have blocks."""
    document = DocumentBuilder(title)
    for page in pages:
        document.page()
        (document.markdown if markdown else document.plain)(page)
    return document.build()


def sheets(named: Iterable[tuple[str, str]]) -> Text:
    """Joins sheets, each a name and a text in Markdown, as pages."""
    document = DocumentBuilder()
    for name, text in named:
        document.page(sheet=name)
        document.markdown(text)
    return document.build()
