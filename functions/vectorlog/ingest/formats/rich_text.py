"""RTF."""

from __future__ import annotations

from pathlib import Path

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.office.left_out import tell_left_out
from vectorlog.ingest.formats.office.rtf import RtfReader


def read(path: Path) -> Text:
    """Reads headings, paragraphs, lists with their numbers, tables, links and text boxes; footnotes and comments after
    the paragraph that refers to them; headers where they are defined, and footers last. Hidden text is left out.
    """
    return read_rtf(path.read_bytes())


def read_rtf(data: bytes) -> Text:
    """Returns what the bytes of RTF say."""
    document = DocumentBuilder()
    reader = RtfReader(document)
    reader.read(data)
    tell_left_out(document, {"image": reader.images})
    return document.build()


FORMAT = Format(
    "RTF",
    (".rtf",),
    read,
    begins=lambda head: head.startswith(b"{\\rtf"),
    keeps=(
        "Text, including the cells of tables. Raised letters as `10^6` and `m²`, struck-out text between `~~`, as in "
        "all office formats."
    ),
    leaves_out="Other formatting, images, embedded objects.",
)
