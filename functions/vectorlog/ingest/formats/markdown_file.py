"""Markdown, whose text is kept unchanged, but for images that are written in it."""

from __future__ import annotations

from pathlib import Path

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.embedded import LeftOut, without_addresses
from vectorlog.ingest.formats.encodings import text_document
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.markdown_blocks import front_title


def read(path: Path) -> Text:
    """Reads the file's text and finds its blocks."""
    return text_document(path.read_bytes(), _write)


def _write(document: DocumentBuilder, text: str, left: LeftOut) -> None:
    document.title = front_title(text)
    document.markdown(without_addresses(text, left))


FORMAT = Format(
    "Markdown",
    (".md", ".markdown"),
    read,
    by_name=True,
    keeps="The text as it is, with its headings, lists, code and tables as structure; the title of the front matter.",
    leaves_out="`data:` addresses; a warning tells it.",
)
