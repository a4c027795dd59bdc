"""Word documents of 97-2003 (doc, dot)."""

from __future__ import annotations

from pathlib import Path

from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.office.old_office import read_old


def read(path: Path) -> Text:
    """Reads headings, paragraphs, lists, tables, links, text boxes, notes, comments, headers and footers."""
    return read_old(path, "doc")


FORMAT = Format(
    "a Word 97-2003 document",
    (".doc", ".dot"),
    read,
    ole_streams=("WordDocument",),
    keeps="Headings, paragraphs, lists, tables, links, text boxes, notes, comments, headers and footers.",
    leaves_out="Images, embedded objects, macros.",
)
