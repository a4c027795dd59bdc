"""Databases that are opened to be read: they are never written, even if another version of the code made them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path


class OlderDatabase(Exception):
    """An older version made a database, which lacks what this one reads. The message says what, and what helps."""


class ReadOnly(Exception):
    """Something was to be written to a database that is opened to be read."""


def connect(path: Path, schema: Sequence[str], timeout: float) -> sqlite3.Connection:
    """Opens a database that can only be read. One that is missing reads as one without rows, and is not created."""
    if not path.is_file():
        return _empty(schema)
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=timeout, isolation_level=None, check_same_thread=False
    )


def check(connection: sqlite3.Connection, path: Path, schema: Sequence[str]) -> None:
    """Checks that a database has the tables and columns of the schema.

    Raises:
        OlderDatabase: it lacks some.
    """
    with closing(_empty(schema)) as whole:
        wanted, there = _columns(whole), _columns(connection)
    tables = wanted.keys() - there.keys()
    columns = {f"{table}.{name}" for table in wanted.keys() & there.keys() for name in wanted[table] - there[table]}
    lacking = sorted(tables | columns)
    if lacking:
        raise OlderDatabase(
            f"{path} was made by an older version of Vectorlog and lacks {', '.join(lacking)}, so this version cannot "
            f"read it. Use the version that made it. To go on with this one, start its server on the folder: that "
            f"brings it up to date."
        )


def _empty(schema: Sequence[str]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    for statement in schema:
        connection.execute(statement)
    return connection


def _columns(connection: sqlite3.Connection) -> dict[str, set[str]]:
    """Returns the columns of each table."""
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {
        table: {name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}
        for table in tables
    }
