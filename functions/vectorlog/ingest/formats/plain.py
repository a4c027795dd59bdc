"""Plain text, and whatever else is text: it is kept unchanged, but for images and the like inside of it, and for words
that the end of a line cut.
"""

from __future__ import annotations

from pathlib import Path

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.embedded import LeftOut, without_addresses
from vectorlog.ingest.formats.encodings import text_document
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.hyphenation import unwrapped


def read(path: Path) -> Text:
    """Reads the file's text."""
    data = path.read_bytes()
    return text_document(data, _write, declares=data.lstrip().startswith(b"<?xml"))


def _write(document: DocumentBuilder, text: str, left: LeftOut) -> None:
    document.plain(unwrapped(without_addresses(text, left)))


FORMAT = Format(
    "text",
    (".txt",),
    read,
    by_name=True,
    keeps=(
        "The text as it is, but a word that a line's end cut stands in one piece if it does so elsewhere. Files of any "
        "other kind that are text, such as logs, are read so too. Lines of a UTF-8 file that are in another encoding "
        "are read in that, with a warning."
    ),
    leaves_out="Addresses that hold data (`data:`).",
)
