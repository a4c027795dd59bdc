"""Plain text, and whatever else is text: it is kept unchanged, but for images and the like inside of it."""

from __future__ import annotations

from pathlib import Path

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.encoding.decoding import decoded
from vectorlog.ingest.formats.embedded import LeftOut, without_addresses
from vectorlog.ingest.formats.encodings import tell
from vectorlog.ingest.formats.format import Format


def read(path: Path) -> Text:
    """Reads the file's text."""
    data = path.read_bytes()
    found = decoded(data, declares=data.lstrip().startswith(b"<?xml"))
    document, left = DocumentBuilder(), LeftOut()
    tell(document, found)
    document.plain(without_addresses(found.text, left))
    left.tell(document)
    return document.build()


FORMAT = Format("text", (".txt",), read, by_name=True)
