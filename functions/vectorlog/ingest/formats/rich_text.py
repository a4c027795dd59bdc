"""RTF."""

from __future__ import annotations

from pathlib import Path

from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.pages import whole


def read(path: Path) -> Text:
    """Reads the text, including the cells of tables."""
    return whole(text_of(path.read_bytes()))


def text_of(data: bytes) -> str:
    """Returns the text of RTF."""
    from striprtf.striprtf import rtf_to_text

    text: str = rtf_to_text(data.decode("latin-1"), errors="replace")  # type: ignore[no-untyped-call]
    return text


FORMAT = Format(
    "RTF",
    (".rtf",),
    read,
    begins=lambda head: head.startswith(b"{\\rtf"),
    keeps="Text, including the cells of tables.",
    leaves_out="Formatting, images, embedded objects.",
)
