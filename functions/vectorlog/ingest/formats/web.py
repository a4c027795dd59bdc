"""HTML."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.encoding.decoding import decoded
from vectorlog.ingest.formats.encodings import tell
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.web_depth import flattened
from vectorlog.ingest.formats.web_images import images_as_text
from vectorlog.ingest.formats.web_main import arranged, short_links
from vectorlog.ingest.formats.web_math import with_plain_math

_TITLE = re.compile(r"<title[^<>]*>([^<]*)</title>", re.IGNORECASE)
_HTML = re.compile(
    # Atomic, because otherwise backtracking over where comments end doubles the time with each comment.
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?>(?:<!--.*?-->\s*)*)<(?:!doctype\s+html|html[\s>])",
    re.IGNORECASE | re.DOTALL,
)
_BEGINNING = 500
"""Characters searched for the title, which most pages repeat as their first heading."""


def read(path: Path) -> Text:
    """Reads the page as Markdown: title, headings, lists, links, tables, the main text first; no menus, no scripts."""
    document, found = DocumentBuilder(), decoded(path.read_bytes(), declares=True)
    tell(document, found)
    document.markdown(markdown(found.text))
    return document.build()


def markdown(html: str, *, titled: bool = True) -> str:
    """Converts HTML to Markdown, with the page's title first if it is `titled`."""
    from html_to_markdown import ConversionOptions, PreprocessingOptions, convert

    options = ConversionOptions(
        extract_metadata=False,
        skip_images=True,
        preprocessing=PreprocessingOptions(enabled=False),  # it leaves out forms and headers, whatever is in them
    )
    content = (
        convert(flattened(images_as_text(short_links(with_plain_math(arranged(html))))), options).content or ""
    ).strip()
    title = title_of(html) if titled else ""
    return content if title in content[:_BEGINNING] else f"{title}\n\n{content}"


def title_of(html: str) -> str:
    """Returns the page's title, on one line; empty if it has none."""
    match = _TITLE.search(html)
    return " ".join(unescape(match[1]).split()) if match else ""


FORMAT = Format(
    "HTML",
    (".html", ".htm", ".xhtml"),
    read,
    begins=lambda head: _HTML.match(head) is not None,
    by_name=True,
    keeps=(
        "Title, headings, paragraphs, lists, links and tables, as Markdown, raised letters as `10^6` and `m²`, "
        "formulas in MathML on one line: the main text first, then headers without a heading, asides and footers. Of "
        "an image that is shown, the text that the page offers instead."
    ),
    leaves_out=(
        "Menus and cookie banners, unless they are most of the page; hidden elements, scripts, styles, images; the "
        "addresses of links inside the page, in `data:` and `javascript:`, and of more than 300 characters. In "
        "elements nested deeper than 1,000 levels, all structure but lines."
    ),
)
