"""Small blobs in SQLite: those that are put at the same time share one sync, and none makes a file or a folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from vectorlog.files.blobs import StoredBlob, check_key
from vectorlog.sqlite.database import Database
from vectorlog.sqlite.free_pages import give_back, prepare

_SCHEMA = ("CREATE TABLE IF NOT EXISTS blobs (key TEXT NOT NULL UNIQUE, stored_at INTEGER NOT NULL, content BLOB)",)
_PUT = """INSERT INTO blobs VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET stored_at = excluded.stored_at, content = excluded.content"""
_PAGE = "SELECT key, length(content), stored_at FROM blobs WHERE key {} ? AND key < ? ORDER BY key LIMIT 1000"
_FROM, _AFTER = _PAGE.format(">="), _PAGE.format(">")
"""One lower bound each: of two, SQLite takes the first to find where to begin."""
_LAST = "\U0010ffff"


class SQLiteBlobs:
    """Blobs that fit a row of a database. The methods are those of Blobs, where they have the same name.

    Args:
        path: of the database's file.
        clock: returns ms since 1970.
        read_only: nothing may be stored or deleted, and a missing file is not created.
    """

    def __init__(self, path: Path, clock: Callable[[], int], *, read_only: bool = False) -> None:
        self._clock = clock
        if not read_only:
            prepare(path)
        self._database = Database(path, _SCHEMA, synchronous="FULL", read_only=read_only)

    def put(self, items: Sequence[tuple[str, bytes]]) -> None:
        """Stores each item under its key, in one transaction that it may share with other threads'."""
        now = self._clock()
        rows = [(key, now, content) for key, content in items]
        for key, _ in items:
            check_key(key)
        self._database.write(lambda connection: connection.executemany(_PUT, rows).rowcount)

    def find(self, key: str) -> bytes | None:
        """Returns the bytes of a blob, or None if it is not here."""
        found = self.found(key)
        return None if found is None else found[0]

    def found(self, key: str) -> tuple[bytes, int] | None:
        """Returns the bytes of a blob and when it was stored, in ms since 1970, or None if it is not here."""
        check_key(key)
        row = self._database.read().execute("SELECT content, stored_at FROM blobs WHERE key = ?", (key,)).fetchone()
        return None if row is None else (row[0], row[1])

    def stored(self, key: str) -> StoredBlob | None:
        """Returns a blob as it is listed, or None if it is not here."""
        check_key(key)
        one = "SELECT key, length(content), stored_at FROM blobs WHERE key = ?"
        row = self._database.read().execute(one, (key,)).fetchone()
        return None if row is None else StoredBlob(*row)

    def stored_after(self, after: str, prefix: str = "") -> Iterator[StoredBlob]:
        """Yields the blobs whose keys come after `after` and start with `prefix`, in the order of their keys."""
        statement, begin = (_FROM, prefix) if prefix > after else (_AFTER, after)
        while page := self._database.read().execute(statement, (begin, prefix + _LAST)).fetchall():
            yield from (StoredBlob(*row) for row in page)
            statement, begin = _AFTER, page[-1][0]

    def delete(self, keys: Sequence[str]) -> None:
        """Deletes the blobs, and gives their disk back; keys without a blob are ignored."""
        here = [(key,) for key in keys if self.stored(key) is not None]
        if here:
            self._database.write(
                lambda connection: connection.executemany("DELETE FROM blobs WHERE key = ?", here).rowcount
            )
            give_back(self._database)

    def delete_unreplaced(self, blob: StoredBlob) -> bool:
        """Deletes a blob unless it was stored again since it was listed; returns whether it deleted one."""
        check_key(blob.key)
        condition = "DELETE FROM blobs WHERE key = ? AND length(content) = ? AND stored_at = ?"
        row = (blob.key, blob.size, blob.stored_at)
        return self._database.write(lambda connection: connection.execute(condition, row).rowcount) > 0

    def is_whole(self) -> bool:
        """Whether the database can be read, all of it."""
        try:
            return bool(self._database.read().execute("PRAGMA integrity_check").fetchone()[0] == "ok")
        except sqlite3.DatabaseError:
            return False

    def scrub(self) -> None:
        """See Database."""
        self._database.scrub()

    def close(self) -> None:
        """Closes the file."""
        self._database.close()
