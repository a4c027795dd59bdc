"""HTML."""

from __future__ import annotations

from pathlib import Path

from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.encodings import decode
from vectorlog.ingest.formats.pages import whole


def read(path: Path) -> Text:
    """The page as Markdown: its title, headings, lists, links and tables; no scripts, no navigation, no image data."""
    return whole(markdown(decode(path.read_bytes(), declares=True)))


def markdown(html: str) -> str:
    """`html` as Markdown."""
    from html_to_markdown import ConversionOptions, convert

    result = convert(html, ConversionOptions(extract_metadata=False, skip_images=True))
    title = result.metadata.document.title if result.metadata else None
    content = (result.content or "").strip()
    return f"{title}\n\n{content}" if title and title not in content[:500] else content
