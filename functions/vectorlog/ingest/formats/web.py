"""HTML."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.encodings import decode
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.pages import whole

_TITLE = re.compile(r"<title[^<>]*>([^<]*)</title>", re.IGNORECASE)
_HTML = re.compile(
    # Atomic, because comments that may end at any later `-->` take twice as long for each one more.
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:(?><!--.*?-->)\s*)*+<(?:!doctype\s+html|html[\s>])",
    re.IGNORECASE | re.DOTALL,
)
_BEGINNING = 500
"""Characters in which a title is looked for: most pages repeat it as their first heading."""


def read(path: Path) -> Text:
    """The page as Markdown: its title, headings, lists, links and tables; no scripts, no navigation, no image data."""
    return whole(markdown(decode(path.read_bytes(), declares=True)))


def markdown(html: str) -> str:
    """`html` as Markdown."""
    from html_to_markdown import ConversionOptions, convert

    content = (convert(html, ConversionOptions(extract_metadata=False, skip_images=True)).content or "").strip()
    found = _TITLE.search(html)
    title = " ".join(unescape(found[1]).split()) if found else ""
    return content if title in content[:_BEGINNING] else f"{title}\n\n{content}"


FORMAT = Format(
    "HTML",
    (".html", ".htm", ".xhtml"),
    read,
    begins=lambda head: _HTML.match(head) is not None,
    by_name=True,
)
