"""The SQLite file of the embedded index: its tables, one connection that writes and a pool that reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

# A row of the index is one chunk. `block` holds rows as they were added, in arrays (see local_snapshot.ROW); rows are numbered from
# 0 within a store in order of `first`. A row is dead when its file's row is gone or a later row has its (file, n). Ids of texts and
# the numbers of a store's files are never used twice while a row names them, so what is dead stays dead.
_SCHEMA = """
create table if not exists store(
    key integer primary key autoincrement, model text not null, dimensions integer not null, name text not null,
    unique(model, dimensions, name));
create table if not exists file(
    store integer not null references store on delete cascade, number integer not null, name text not null,
    generation integer not null, row text not null, revision integer not null, attributes text not null,
    primary key(store, number)) without rowid;
create table if not exists block(
    store integer not null references store on delete cascade, first integer not null, rows blob not null, vectors blob not null,
    primary key(store, first));
create table if not exists postings(
    id integer primary key autoincrement, store integer not null references store on delete cascade, data blob not null);
create index if not exists postings_store on postings(store);
create table if not exists text(
    id integer primary key autoincrement, store integer not null, file integer not null, body text not null,
    foreign key(store, file) references file(store, number) on delete cascade);
create index if not exists text_file on text(store, file);
"""


class FolderInUse(Exception):
    """Another process has this index open: what it keeps in memory would miss what we write."""


class Database:
    """Connections to one index folder, which belongs to one process at a time."""

    def __init__(self, folder: Path) -> None:
        """Opens the folder, and makes it where it is missing.

        Raises:
            FolderInUse: another process has it open.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "chunks.db"
        self._owner = _owner(folder / "owner.db")
        self._writing = Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._writer = self._connect()
        self._writer.executescript(_SCHEMA)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, durable when the block is left; rolled back where the block raises. Waits for other writers."""
        with self._writing:
            self._writer.execute("begin immediate")
            try:
                yield self._writer
                self._writer.execute("commit")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("rollback")
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A consistent state of the file, which no writer waits for."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        connection.execute("begin")
        try:
            yield connection
        finally:
            connection.execute("rollback")
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)

    def close(self) -> None:
        """Waits for the writer, then closes everything; a second call does nothing."""
        with self._writing:
            self._closed = True
            while self._idle:
                self._idle.pop().close()
            self._writer.close()
            self._owner.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=wal", "synchronous=full", "foreign_keys=on", "busy_timeout=10000"):
            connection.execute(f"pragma {pragma}")
        return connection


def _owner(path: Path) -> sqlite3.Connection:
    """A lock that the system lets go when the process ends, on every platform: an open exclusive transaction."""
    owner = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
    try:
        owner.execute("begin exclusive")
    except sqlite3.OperationalError as error:
        owner.close()
        raise FolderInUse(f"{path.parent} is in use by another process.") from error
    return owner
