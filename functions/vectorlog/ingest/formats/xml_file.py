"""XML of any kind, whose text is kept as it is written, but for references to characters and binary data."""

from __future__ import annotations

import re
from pathlib import Path

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.embedded import LeftOut, without_data
from vectorlog.ingest.formats.encodings import text_document
from vectorlog.ingest.formats.format import Format

_REFERENCE = re.compile(r"&#(?:(\d{1,7})|x([0-9a-fA-F]{1,6}));")
_MARKUP = frozenset("<>&\"'")


def read(path: Path) -> Text:
    """Reads the text. It is not parsed, so entities that it declares are not resolved."""
    return text_document(path.read_bytes(), _write, declares=True)


def _write(document: DocumentBuilder, text: str, left: LeftOut) -> None:
    document.plain(_REFERENCE.sub(_character, without_data(text, left)))


def _character(reference: re.Match[str]) -> str:
    """Returns the character that a reference stands for; what is markup or no character stays a reference."""
    code = int(reference[1]) if reference[1] else int(reference[2], 16)
    character = chr(code) if code <= 0x10FFFF else ""
    return reference[0] if character in _MARKUP or not character or not character.isprintable() else character


FORMAT = Format(
    "XML",
    (".xml", ".xsd", ".xsl", ".svg", ".rss", ".atom"),
    read,
    by_name=True,
    keeps="The text as it is, with its markup; numeric references to letters become letters.",
    leaves_out="Binary data in base64 or hexadecimal digits, and `data:` addresses; a warning tells it.",
)
