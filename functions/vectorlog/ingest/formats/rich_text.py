"""RTF."""

from __future__ import annotations

from pathlib import Path

from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.pages import whole


def read(path: Path) -> Text:
    """Reads the text, including the cells of tables."""
    from striprtf.striprtf import rtf_to_text

    return whole(rtf_to_text(path.read_bytes().decode("latin-1"), errors="replace"))  # type: ignore[no-untyped-call]


FORMAT = Format("RTF", (".rtf",), read, begins=lambda head: head.startswith(b"{\\rtf"))
