"""PowerPoint presentations of 97-2003 (ppt, pps, pot)."""

from __future__ import annotations

from pathlib import Path

from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.office.old_office import read_old


def read(path: Path) -> Text:
    """Reads each slide as a page: its title and texts, then the speaker's notes."""
    return read_old(path, "ppt")


FORMAT = Format(
    "a PowerPoint 97-2003 presentation",
    (".ppt", ".pps", ".pot"),
    read,
    ole_streams=("PowerPoint Document",),
    keeps="Each slide as a page: its title and texts, then the speaker's notes.",
    leaves_out="Images, recordings, charts, macros.",
)
