"""The objects of an export, on their way into blobs."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from vectorlog.files.blobs import Blobs
from vectorlog.operations.transfer.commits import LogSummary

TOGETHER = 64
"""Objects that are kept at a time, and synced together."""


def put(blobs: Blobs, found: Iterable[tuple[str, int, IO[bytes]]], streamed: LogSummary) -> int:
    """Keeps every object that is needed and not there yet; gives how many the export has. What was written while the
    export was made, after its commits, is nobody's here.
    """
    count = 0

    def missing(folder: Path) -> Iterator[tuple[str, Path]]:
        nonlocal count
        for key, size, opened in found:
            count += 1
            if streamed.needs(key) and blobs.size(key) != size:
                path = folder / str(count)
                with path.open("wb") as file:
                    shutil.copyfileobj(opened, file)
                yield key, path

    with tempfile.TemporaryDirectory() as folder:
        rest = missing(Path(folder))
        while batch := list(islice(rest, TOGETHER)):
            blobs.put(batch)
    return count
