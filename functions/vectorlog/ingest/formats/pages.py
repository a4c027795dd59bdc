"""Documents of a few common forms: a text without pages, pages, and sheets."""

from __future__ import annotations

from collections.abc import Iterable

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text


def whole(text: str, *, markdown: bool = False, title: str = "") -> Text:
    """Returns a text without pages; one in Markdown has blocks."""
    document = DocumentBuilder(title)
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
