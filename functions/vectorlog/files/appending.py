"""Appends files to a file, in the kernel where it can."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

from vectorlog.files.blobs import NoSuchBlob

JOIN_BYTES = 4 * 1024 * 1024
"""Files are appended in pieces of this size."""


def append_file(key: str, source: Path, into: IO[bytes], see: Callable[[bytes], None]) -> None:
    """Appends a blob's file to another one, and shows its pieces.

    Raises:
        NoSuchBlob: the file does not exist.
    """
    try:
        opened = source.open("rb", buffering=0)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise NoSuchBlob(key) from None
    with opened:
        start = 0
        while piece := opened.read(JOIN_BYTES):
            see(piece)
            if not _share(opened, start, len(piece), into):
                into.write(piece)
            start += len(piece)


def _share(source: IO[bytes], start: int, length: int, into: IO[bytes]) -> bool:
    """Has the kernel copy a piece to the end of another file, and returns whether it did. File systems with reflinks
    then store it once.
    """
    if not hasattr(os, "copy_file_range"):  # macOS
        return False
    into.flush()
    end = into.tell()
    try:
        copied = os.copy_file_range(source.fileno(), into.fileno(), length, start, end)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        return False
    into.seek(end + copied)
    if copied == length:
        return True
    into.seek(end)  # only a part of it: the caller writes the whole piece
    return False
