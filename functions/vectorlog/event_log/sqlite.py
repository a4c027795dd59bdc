"""The event log in SQLite, and its feed."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from zlib import crc32

from vectorlog.event_log.event_log import COMMIT_BYTES, Commit, CommitTooLarge, FeedEntry
from vectorlog.sqlite.database import Database

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS commits (
        position INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, version INTEGER NOT NULL, id TEXT NOT NULL,
        events TEXT NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL, meta TEXT NOT NULL)""",
    "CREATE UNIQUE INDEX IF NOT EXISTS stream_version ON commits (stream, version)",
)
_FIELDS = "stream, version, id, events, state, at, meta"
_INSERT = f"INSERT INTO commits ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (stream, version) DO NOTHING"
_AT = f"SELECT {_FIELDS} FROM commits WHERE stream = ? AND version = ?"
_NEWEST = f"SELECT {_FIELDS} FROM commits WHERE stream = ? ORDER BY version DESC LIMIT 1"
_NEWEST_OF_MANY = """SELECT c.stream, c.version, c.id, c.events, c.state, c.at, c.meta
    FROM json_each(?) AS wanted CROSS JOIN commits AS c ON c.stream = wanted.value
    AND c.version = (SELECT max(version) FROM commits WHERE stream = wanted.value)"""
_FROM = f"SELECT {_FIELDS} FROM commits WHERE stream = ? AND version >= ? ORDER BY version LIMIT ?"
_AFTER = f"SELECT position, {_FIELDS} FROM commits WHERE position > ? ORDER BY position LIMIT ?"


class SQLiteEventLog:
    """Implements EventLog and Feed. One `append` is one transaction; concurrent appends share one fsync."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._database = Database(path, _SCHEMA, synchronous="FULL", read_only=read_only)
        self._appended = threading.Condition()
        self._end = self.last_position()

    def load(self, stream: str) -> Commit | None:
        """See EventLog."""
        row = self._database.read().execute(_NEWEST, (stream,)).fetchone()
        return Commit(*row) if row else None

    def load_many(self, streams: Sequence[str]) -> dict[str, Commit]:
        """See EventLog."""
        rows = self._database.read().execute(_NEWEST_OF_MANY, (json.dumps(list(streams)),)) if streams else ()
        return {row[0]: Commit(*row) for row in rows}

    def read(self, stream: str, start: int = 0, limit: int = 1000) -> list[Commit]:
        """See EventLog."""
        return [Commit(*row) for row in self._database.read().execute(_FROM, (stream, start, limit))]

    def append(self, commits: Sequence[Commit]) -> list[Commit]:
        """See EventLog."""
        for commit in commits:
            if commit.size > COMMIT_BYTES:
                raise CommitTooLarge(
                    f"commit {commit.version} of {commit.stream} has {commit.size} bytes; {COMMIT_BYTES} fit"
                )

        def insert(connection: sqlite3.Connection) -> list[Commit]:
            stored = []
            for commit in commits:
                row = (commit.stream, commit.version, commit.id, commit.events, commit.state, commit.at, commit.meta)
                taken = connection.execute(_INSERT, row).rowcount == 0
                stored.append(Commit(*connection.execute(_AT, row[:2]).fetchone()) if taken else commit)
            return stored

        stored = self._database.write(insert)
        with self._appended:
            self._end = self.last_position()
            self._appended.notify_all()
        return stored

    def erase(self, remains: Commit) -> None:
        """See EventLog. On the disk, `scrub` overwrites what is deleted."""

        def replace(connection: sqlite3.Connection) -> None:
            replaced = connection.execute(
                "UPDATE commits SET events = ?, state = ?, meta = ? WHERE stream = ? AND version = ? AND id = ?",
                (remains.events, remains.state, remains.meta, remains.stream, remains.version, remains.id),
            )
            if replaced.rowcount == 0:
                raise ValueError(f"{remains.stream} has no commit {remains.version} with the id {remains.id}")
            connection.execute(
                "DELETE FROM commits WHERE stream = ? AND version < ?", (remains.stream, remains.version)
            )

        self._database.write(replace)

    def scrub(self) -> None:
        """See Database."""
        self._database.scrub()

    def scan(self, section: int = 0, of: int = 1) -> Iterator[Commit]:
        """See EventLog. Each section reads the whole file."""
        position = 0
        while page := self.after(position, 1000):
            position = page[-1].position
            commits = (entry.commit for entry in page)
            yield from (each for each in commits if of == 1 or crc32(each.stream.encode()) % of == section)

    def after(self, position: int, limit: int) -> list[FeedEntry]:
        """See Feed."""
        return [FeedEntry(row[0], Commit(*row[1:])) for row in self._database.read().execute(_AFTER, (position, limit))]

    def wait(self, position: int, timeout: float) -> bool:
        """See Feed."""
        with self._appended:
            if not self._appended.wait_for(lambda: self._end > position, timeout):
                self._end = self.last_position()  # another process may have appended, such as `vectorlog keys`
            return self._end > position

    def last_position(self) -> int:
        """Returns the position of the feed's last commit; 0 if there is none."""
        row = self._database.read().execute("SELECT max(position) FROM commits").fetchone()
        return int(row[0] or 0)

    def close(self) -> None:
        """Closes the file."""
        self._database.close()
