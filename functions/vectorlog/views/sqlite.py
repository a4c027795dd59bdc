"""The views in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, assert_never
from zlib import crc32

from vectorlog.sqlite.database import Database
from vectorlog.views.table import NO_ROW, Add, Key, Put, Remove, Row, RowClosed, RowConflict, Write, check

T = TypeVar("T")

FRESH = "fresh_views"
"""The table that a rebuild fills while `views` serves. If no rebuild is running, it was left by one that was killed."""

OUTBOX = "outbox"
"""The table of what is to be sent to others (`webhooks/outbox.py`), which no rebuild touches."""

TOGETHER = 4
"""The number of rows from which one statement reads all of them. Each statement of its own also gives up the
interpreter's lock, and has to wait for it again.
"""
_TABLE = """CREATE TABLE IF NOT EXISTS {} (
    pk TEXT NOT NULL, sk TEXT NOT NULL, version INTEGER NOT NULL, data TEXT NOT NULL, status TEXT, deadline INTEGER,
    gone INTEGER NOT NULL, closed INTEGER NOT NULL, counts TEXT NOT NULL, expires_at INTEGER,
    PRIMARY KEY (pk, sk)) WITHOUT ROWID"""
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS views_status ON views (pk, status, sk) WHERE status IS NOT NULL AND NOT gone",
    "CREATE INDEX IF NOT EXISTS views_deadline ON views (deadline) WHERE deadline IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS views_expires ON views (expires_at) WHERE expires_at IS NOT NULL",
)
SCHEMA = (_TABLE.format("views"), _TABLE.format(OUTBOX), *_INDEXES)
_FIELDS = "pk, sk, version, data, status, deadline, gone, closed, counts"
_VALUES = """VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '{}')
    ON CONFLICT (pk, sk) DO UPDATE SET version = excluded.version, data = excluded.data, status = excluded.status,
    deadline = excluded.deadline, gone = excluded.gone, closed = excluded.closed, expires_at = excluded.expires_at"""
_SUMS = f"""VALUES (?, ?, {NO_ROW}, '', 0, 0, ?)
    ON CONFLICT (pk, sk) DO UPDATE SET counts = excluded.counts"""


class SQLiteTable:
    """Implements Table in a database that may hold other derived data too; `name` is `views`, `FRESH` or `OUTBOX`."""

    def __init__(self, database: Database | Transaction, name: str = "views") -> None:
        self._database = database
        self._name = name
        self._current = f"SELECT version, closed, counts, status FROM {name} WHERE pk = ? AND sk = ?"
        self._get = f"SELECT {_FIELDS} FROM {name} WHERE pk = ? AND sk = ?"
        fields = ", ".join(f"found.{field}" for field in _FIELDS.split(", "))
        self._get_many = f"""SELECT {fields} FROM json_each(?) AS wanted CROSS JOIN {name} AS found
            ON found.pk = json_extract(wanted.value, '$[0]') AND found.sk = json_extract(wanted.value, '$[1]')"""
        self._put = (
            f"INSERT INTO {name} (pk, sk, version, data, status, deadline, gone, closed, expires_at, counts) {_VALUES}"
        )
        self._add = f"INSERT INTO {name} (pk, sk, version, data, gone, closed, counts) {_SUMS}"

    def get(self, keys: Sequence[Key], *, counts: bool = True) -> dict[Key, Row]:  # noqa: ARG002
        """See Table."""
        read, wanted = self._database.read(), list(dict.fromkeys(keys))
        if len(wanted) >= TOGETHER:
            records = read.execute(self._get_many, (json.dumps(wanted),)).fetchall()
        else:
            records = [found for key in wanted if (found := read.execute(self._get, key).fetchone())]
        return {row.key: row for row in map(_row, records)}

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
        tombstones: bool = False,
    ) -> list[Row]:
        """See Table."""
        low, high = (before, after) if descending else (after, before)
        conditions, values = ["pk = ?", *([] if tombstones else ["NOT gone"])], [pk]
        for condition, value in (("status = ?", status), ("sk > ?", low), ("sk < ?", high)):
            if value is not None:
                conditions.append(condition)
                values.append(value)
        if prefix:
            conditions += ["sk >= ?", "sk < ?"]
            values += [prefix, prefix + "\U0010ffff"]
        order = "DESC" if descending else "ASC"
        statement = f"SELECT {_FIELDS} FROM {self._name} WHERE {' AND '.join(conditions)} ORDER BY sk {order} LIMIT ?"
        return [_row(record) for record in self._database.read().execute(statement, (*values, limit))]

    def write(self, writes: Sequence[Write]) -> None:
        """See Table."""
        check(writes)

        def apply(connection: sqlite3.Connection) -> None:
            for each in writes:
                self._apply(connection, each)

        self._database.write(apply)

    def spread(self, keys: Sequence[Key]) -> None:
        """Does nothing: one write is made at a time."""

    def gather(self, key: Key, quiet: Callable[[Row], bool]) -> None:
        """Does nothing: no row is spread."""

    def due(self, at: int, limit: int = 100) -> list[Row]:
        """See Table. It also deletes tombstones that have expired."""
        self._database.write(
            lambda connection: connection.execute(f"DELETE FROM {self._name} WHERE expires_at <= ?", (at,)).rowcount
        )
        statement = f"SELECT {_FIELDS} FROM {self._name} WHERE deadline <= ? ORDER BY deadline LIMIT ?"
        return [_row(record) for record in self._database.read().execute(statement, (at, limit))]

    def earliest_deadline(self, until: int, prefixes: Sequence[str]) -> int | None:
        """See Table."""
        begins = " OR ".join("instr(sk, ?) = 1" for _ in prefixes)
        statement = f"SELECT deadline FROM {self._name} WHERE deadline <= ? AND ({begins}) ORDER BY deadline LIMIT 1"
        record: tuple[int] | None = self._database.read().execute(statement, (until, *prefixes)).fetchone()
        return record[0] if record else None

    def scan(self, section: int = 0, of: int = 1) -> Iterator[Row]:
        """See Table. Each section reads the whole table."""
        last = ("", "")
        statement = f"SELECT {_FIELDS} FROM {self._name} WHERE (pk, sk) > (?, ?) ORDER BY pk, sk LIMIT 1000"
        while page := [_row(record) for record in self._database.read().execute(statement, last)]:
            yield from (row for row in page if of == 1 or crc32(row.key.pk.encode()) % of == section)
            last = page[-1].key

    def close(self) -> None:
        """Does nothing: the creator of the database closes it."""

    def _apply(self, connection: sqlite3.Connection, write: Write) -> None:
        current = connection.execute(self._current, write.key).fetchone()
        match write:
            case Put():
                if (current[0] if current else NO_ROW) != write.replaces:
                    raise RowConflict(f"{write.key} is not at version {write.replaces}")
                held: dict[str, int] = json.loads(current[2]) if current and write.counts else {}
                if any(held.get(name) != number for name, number in write.counts.items()):
                    raise RowConflict(f"{write.key} has other counts")
                values = (
                    *write.key,
                    write.version,
                    write.data,
                    write.status,
                    write.deadline,
                    write.gone,
                    write.closed,
                    write.expires_at,
                )
                connection.execute(self._put, values)
            case Add():
                version, closed, _, status = current or (NO_ROW, 0, "", None)
                if write.alive is not None and (closed or not write.fits(version, status)):
                    raise RowConflict(f"{write.key} is closed, or not what the counts are for")
                if closed:
                    raise RowClosed(f"{write.key} is closed")
                counts: dict[str, int] = json.loads(current[2]) if current else {}
                for name, number in write.counts.items():
                    counts[name] = counts.get(name, 0) + number
                connection.execute(self._add, (*write.key, json.dumps(counts)))
            case Remove():
                if write.replaces is not None and (current[0] if current else NO_ROW) != write.replaces:
                    raise RowConflict(f"{write.key} is not at version {write.replaces}")
                connection.execute(f"DELETE FROM {self._name} WHERE pk = ? AND sk = ?", write.key)
            case _ as never:
                assert_never(never)


class Transaction:
    """An open transaction, which `SQLiteTable` can use instead of a database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def read(self) -> sqlite3.Connection:
        """Returns the connection, which reads what the transaction sees."""
        return self._connection

    def write(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Runs the action and returns its result; if it raises, its own writes are undone."""
        self._connection.execute("SAVEPOINT part")
        try:
            return action(self._connection)
        except Exception:
            self._connection.execute("ROLLBACK TO part")
            raise
        finally:
            self._connection.execute("RELEASE part")


def begin_fresh(connection: sqlite3.Connection) -> None:
    """Creates the table `FRESH`, empty."""
    connection.execute(f"DROP TABLE IF EXISTS {FRESH}")
    connection.execute(_TABLE.format(FRESH))


def serve_fresh(connection: sqlite3.Connection) -> None:
    """Replaces the table that serves by `FRESH`."""
    connection.execute("DROP TABLE views")
    connection.execute(f"ALTER TABLE {FRESH} RENAME TO views")
    for index in _INDEXES:
        connection.execute(index)


def _row(record: tuple[str, str, int, str, str | None, int | None, int, int, str]) -> Row:
    pk, sk, version, data, status, deadline, gone, closed, counts = record
    return Row(
        Key(pk, sk),
        version,
        data,
        status,
        deadline,
        bool(gone),
        bool(closed),
        json.loads(counts) if counts != "{}" else {},
    )
