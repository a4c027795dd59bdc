"""Markdown, whose text is kept unchanged."""

from __future__ import annotations

from pathlib import Path

from vectorlog.ingest.document import Text
from vectorlog.ingest.encoding.decoding import decoded
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.markdown_blocks import front_title
from vectorlog.ingest.formats.pages import whole


def read(path: Path) -> Text:
    """Reads the file's text and finds its blocks."""
    text = decoded(path.read_bytes())
    return whole(text, markdown=True, title=front_title(text.text))


FORMAT = Format(
    "Markdown",
    (".md", ".markdown"),
    read,
    by_name=True,
    keeps="The text as it is, with its headings, lists, code and tables as structure; the title of the front matter.",
    leaves_out="Nothing.",
)
