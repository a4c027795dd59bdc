"""The views in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import assert_never

from vectorlog.sqlite.database import Database
from vectorlog.views.table import NO_ROW, Add, Key, Put, Remove, Row, RowClosed, RowConflict, Write, check

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS views (
        pk TEXT NOT NULL, sk TEXT NOT NULL, version INTEGER NOT NULL, data TEXT NOT NULL, status TEXT, deadline INTEGER,
        gone INTEGER NOT NULL, closed INTEGER NOT NULL, counts TEXT NOT NULL, expires_at INTEGER,
        PRIMARY KEY (pk, sk)) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS views_status ON views (pk, status, sk) WHERE status IS NOT NULL AND NOT gone",
    "CREATE INDEX IF NOT EXISTS views_deadline ON views (deadline) WHERE deadline IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS views_expires ON views (expires_at) WHERE expires_at IS NOT NULL",
)
_FIELDS = "pk, sk, version, data, status, deadline, gone, closed, counts"
_GET = f"SELECT {_FIELDS} FROM views WHERE pk = ? AND sk = ?"
_STANDING = "SELECT version, closed, counts FROM views WHERE pk = ? AND sk = ?"
_PUT = """INSERT INTO views (pk, sk, version, data, status, deadline, gone, closed, expires_at, counts)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '{}')
    ON CONFLICT (pk, sk) DO UPDATE SET version = excluded.version, data = excluded.data, status = excluded.status,
    deadline = excluded.deadline, gone = excluded.gone, closed = excluded.closed, expires_at = excluded.expires_at"""
_ADD = f"""INSERT INTO views (pk, sk, version, data, gone, closed, counts) VALUES (?, ?, {NO_ROW}, '', 0, 0, ?)
    ON CONFLICT (pk, sk) DO UPDATE SET counts = excluded.counts"""


class SQLiteTable:
    """Implements Table in a database that other derived things may share."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, keys: Sequence[Key]) -> dict[Key, Row]:
        """See Table."""
        read = self._database.read()
        found = (read.execute(_GET, key).fetchone() for key in dict.fromkeys(keys))
        return {row.key: row for row in map(_row, filter(None, found))}

    def query(
        self,
        pk: str,
        *,
        prefix: str = "",
        after: str | None = None,
        before: str | None = None,
        limit: int = 100,
        descending: bool = False,
        status: str | None = None,
    ) -> list[Row]:
        """See Table."""
        low, high = (before, after) if descending else (after, before)
        conditions, values = ["pk = ?", "NOT gone"], [pk]
        for condition, value in (("status = ?", status), ("sk > ?", low), ("sk < ?", high)):
            if value is not None:
                conditions.append(condition)
                values.append(value)
        if prefix:
            conditions += ["sk >= ?", "sk < ?"]
            values += [prefix, prefix + "\U0010ffff"]
        order = "DESC" if descending else "ASC"
        statement = f"SELECT {_FIELDS} FROM views WHERE {' AND '.join(conditions)} ORDER BY sk {order} LIMIT ?"
        return [_row(found) for found in self._database.read().execute(statement, (*values, limit))]

    def write(self, writes: Sequence[Write]) -> None:
        """See Table."""
        check(writes)

        def apply(connection: sqlite3.Connection) -> None:
            for each in writes:
                _apply(connection, each)

        self._database.write(apply)

    def due(self, at: int, limit: int = 100) -> list[Row]:
        """See Table; also lets tombstones vanish whose time is over."""
        self._database.write(lambda connection: connection.execute("DELETE FROM views WHERE expires_at <= ?", (at,)).rowcount)
        statement = f"SELECT {_FIELDS} FROM views WHERE deadline <= ? ORDER BY deadline LIMIT ?"
        return [_row(found) for found in self._database.read().execute(statement, (at, limit))]

    def earliest_deadline(self, until: int, prefixes: Sequence[str]) -> int | None:
        """See Table."""
        begins = " OR ".join("instr(sk, ?) = 1" for _ in prefixes)
        statement = f"SELECT deadline FROM views WHERE deadline <= ? AND ({begins}) ORDER BY deadline LIMIT 1"
        found: tuple[int] | None = self._database.read().execute(statement, (until, *prefixes)).fetchone()
        return found[0] if found else None

    def scan(self) -> Iterator[Row]:
        """See Table."""
        last = ("", "")
        statement = f"SELECT {_FIELDS} FROM views WHERE (pk, sk) > (?, ?) ORDER BY pk, sk LIMIT 1000"
        while page := [_row(found) for found in self._database.read().execute(statement, last)]:
            yield from page
            last = page[-1].key

    def close(self) -> None:
        """Whoever made the database closes it."""


def _apply(connection: sqlite3.Connection, write: Write) -> None:
    found = connection.execute(_STANDING, write.key).fetchone()
    match write:
        case Put():
            if (found[0] if found else NO_ROW) != write.replaces:
                raise RowConflict(f"{write.key} is not at version {write.replaces}")
            values = (*write.key, write.version, write.data, write.status, write.deadline, write.gone, write.closed, write.expires_at)
            connection.execute(_PUT, values)
        case Add():
            if found and found[1]:
                raise RowClosed(f"{write.key} is closed")
            counts: dict[str, int] = json.loads(found[2]) if found else {}
            for name, number in write.counts.items():
                counts[name] = counts.get(name, 0) + number
            connection.execute(_ADD, (*write.key, json.dumps(counts)))
        case Remove():
            connection.execute("DELETE FROM views WHERE pk = ? AND sk = ?", write.key)
        case _ as never:
            assert_never(never)


def _row(found: tuple[str, str, int, str, str | None, int | None, int, int, str]) -> Row:
    pk, sk, version, data, status, deadline, gone, closed, counts = found
    return Row(Key(pk, sk), version, data, status, deadline, bool(gone), bool(closed), json.loads(counts) if counts != "{}" else {})
