"""Parts of artefacts (`artefact.py`) as files, of a folder or of an export: how many chunks they have, and whether they
are whole.
"""

from __future__ import annotations

import json
from pathlib import Path

from vectorlog.files.part_line import runs


def chunks_in(part: Path) -> int:
    """Returns the number of chunks in a part, from its file."""
    with part.open("rb") as file:
        return len(json.loads(file.readline())["spans"])


def whole_chunks_in(part: Path) -> int | None:
    """Returns the number of chunks in a part, from its file; None if the file is cut off."""
    with part.open("rb") as file:
        line = file.readline()
    try:
        header = json.loads(line)
    except ValueError:
        return None
    vectors = max((run.stop for run in runs(header)), default=0)
    whole = len(line) + 2 * header["dimensions"] * vectors
    return len(header["spans"]) if part.stat().st_size == whole else None
