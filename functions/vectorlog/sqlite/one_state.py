"""Several statements that see one state of a database, whatever others write meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import Connection


@contextmanager
def one_state(connection: Connection) -> Iterator[Connection]:
    """Has all statements that read from this connection see the state of the first one, until the block ends. Blocks
    may contain others.
    """
    if connection.in_transaction:
        yield connection
        return
    connection.execute("begin")
    try:
        yield connection
    finally:
        connection.execute("rollback")
