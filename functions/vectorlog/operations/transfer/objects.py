"""Imports the objects of an export as blobs."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from vectorlog.files.blobs import Blobs
from vectorlog.operations.transfer.summary import LogSummary

TOGETHER = 64
"""How many objects are written and synced at a time."""


def put(blobs: Blobs, objects: Iterable[tuple[str, int, IO[bytes]]], summary: LogSummary) -> tuple[int, int]:
    """Stores every needed object that does not exist yet.

    Returns:
        The number of objects in the export, and of those that existed.

    Objects that were written after the export's commits are not needed, because no commit refers to them.
    """
    count = existing = 0

    def missing(folder: Path) -> Iterator[tuple[str, Path]]:
        nonlocal count, existing
        for key, size, opened in objects:
            count += 1
            if not summary.needs(key):
                continue
            if blobs.size(key) == size:
                existing += 1
            else:
                path = folder / str(count)
                with path.open("wb") as file:
                    shutil.copyfileobj(opened, file)
                yield key, path

    with tempfile.TemporaryDirectory() as folder:
        rest = missing(Path(folder))
        while batch := list(islice(rest, TOGETHER)):
            blobs.put(batch)
    return count, existing
