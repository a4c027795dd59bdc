"""Files and folders that only their owner may read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE, S_ISDIR, S_ISREG
from typing import IO

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
_OTHERS = 0o077


@contextmanager
def private_file(path: Path) -> Iterator[IO[bytes]]:
    """Creates or empties a file that only its owner may read, whatever the umask, and opens it for writing."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE), "wb") as file:
        yield file


def close_to_others(paths: Iterable[Path], *, inside: bool = True) -> int:
    """Takes the rights of other users away from files and folders that belong to this user.

    It does not follow links. Files that disappear meanwhile are ignored.

    Args:
        paths: the files and folders.
        inside: whether everything in a folder is meant too.

    Returns:
        How many of them had been open to others.
    """
    changed = 0
    for path in paths:
        changed += _close(path)
        for folder, folders, files in os.walk(path) if inside else ():
            changed += sum(_close(Path(folder, name)) for name in (*folders, *files))
    return changed


def _close(path: Path) -> int:
    try:
        status = path.lstat()
        if not (S_ISREG(status.st_mode) or S_ISDIR(status.st_mode)):
            return 0
        if status.st_uid != os.geteuid() or not status.st_mode & _OTHERS:
            return 0
        path.chmod(S_IMODE(status.st_mode) & ~_OTHERS)
    except FileNotFoundError:
        return 0
    return 1
