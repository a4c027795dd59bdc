"""Whether SQLite syncs what it commits: how each connection that commits is set, at the moment of its commits."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

SYNCED = 2
"""`PRAGMA synchronous` is FULL: a commit syncs the write-ahead log before it returns."""
SYNCED_LATER = 1
"""NORMAL: checkpoints sync the write-ahead log, so a power cut undoes the newest commits and damages nothing."""


@contextmanager
def commits() -> Iterator[dict[str, set[int]]]:
    """Records how commits are synced while the context lasts: by the name of the database's file, every value that
    `PRAGMA synchronous` had after a commit.
    """
    found: dict[str, set[int]] = {}

    class Recording(sqlite3.Connection):
        name = ""

        def execute(self, sql: str, parameters: object = (), /) -> sqlite3.Cursor:
            cursor: sqlite3.Cursor = super().execute(sql, parameters)  # type: ignore[arg-type]  # as it was called
            if sql.upper() == "COMMIT":
                [level] = super().execute("PRAGMA synchronous").fetchone()
                found.setdefault(self.name, set()).add(level)
            return cursor

    connect = sqlite3.connect

    def recording(path: Path | str, **options: object) -> sqlite3.Connection:
        connection: Recording = connect(path, factory=Recording, **options)  # type: ignore[call-overload]  # as it was called
        connection.name = Path(path).name
        return connection

    with mock.patch.object(sqlite3, "connect", recording):
        yield found
