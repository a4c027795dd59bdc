"""Pages of a database that removed rows leave: they are given back to the file system."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

from vectorlog.sqlite.database import Database

log = logging.getLogger(__name__)

_FREE = 4
"""The file is shortened once one page in this many is free."""
_FEW = 256
"""Number of free pages that always stay: 1 MB."""
_STEP = 256
"""Pages that one transaction gives back. It takes about 10 ms, for which other writes wait; searches never do."""
_SMALL = 4_096
"""Number of pages up to which an older file is converted in any case: 16 MB take less than a second."""
_INCREMENTAL = 2


def prepare(path: Path) -> None:
    """Makes a file that can give pages back, or converts one of an earlier version that is small or largely free.

    No other connection may be open. A file that cannot be converted, for example because the disk is full, stays as it
    is, which is logged.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite's own files get its mode
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        (mode,) = connection.execute("pragma auto_vacuum").fetchone()
        pages, free = _pages(connection)
        if mode == _INCREMENTAL or (pages > _SMALL and free < pages // _FREE):
            return
        try:
            connection.execute("pragma auto_vacuum=incremental")
            connection.execute("vacuum")
        except sqlite3.OperationalError as error:
            log.warning("%s has %s free pages of %s, and could not be shortened: %s", path, free, pages, error)


def give_back(database: Database) -> None:
    """Shortens the file, in small transactions, until few of its pages are free; does nothing to a file that
    `prepare` has not converted.
    """
    while _too_many(database.read()):
        if not database.write(_give_back_some):
            return


def _give_back_some(connection: Connection) -> bool:
    """Gives some pages back; returns whether that is possible."""
    _, before = _pages(connection)
    for _ in range(min(_STEP, before)):
        connection.execute("pragma incremental_vacuum(1)")  # sqlite3 runs it for one page, whatever its number
    return _pages(connection)[1] < before


def _too_many(connection: Connection) -> bool:
    pages, free = _pages(connection)
    return free > max(_FEW, pages // _FREE)


def _pages(connection: Connection) -> tuple[int, int]:
    """Returns how many pages the file has, and how many of them are free."""
    (pages,) = connection.execute("pragma page_count").fetchone()
    (free,) = connection.execute("pragma freelist_count").fetchone()
    return pages, free
