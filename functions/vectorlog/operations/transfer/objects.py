"""Imports the objects of an export as blobs."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from vectorlog.files.blobs import Blobs
from vectorlog.operations.readers import ALONE, Readers
from vectorlog.operations.transfer.summary import LogSummary

TOGETHER = 64
"""How many objects are written and synced at a time."""


def put(
    blobs: Blobs, objects: Iterable[tuple[str, int, IO[bytes]]], summary: LogSummary, readers: Readers = ALONE
) -> tuple[int, int]:
    """Stores every needed object that does not exist yet, `TOGETHER` at a time.

    Returns:
        The number of objects in the export, and of those that existed.

    Objects that were written after the export's commits are not needed, because no commit refers to them.
    """
    count = existing = 0

    def needed(folder: Path) -> Iterator[tuple[str, Path]]:
        nonlocal count
        for key, _, opened in objects:
            count += 1
            if summary.needs(key):
                path = folder / str(count)
                with path.open("wb") as file:
                    shutil.copyfileobj(opened, file)
                yield key, path

    with tempfile.TemporaryDirectory() as folder:
        rest = needed(Path(folder))
        while batch := list(islice(rest, TOGETHER)):
            sizes = readers.each(blobs.size, [key for key, _ in batch])
            missing = list[tuple[str, Path]]()
            for (key, path), size in zip(batch, sizes, strict=True):
                if size == path.stat().st_size:
                    path.unlink()
                    existing += 1
                else:
                    missing.append((key, path))
            if missing:
                blobs.put(missing)
    return count, existing
