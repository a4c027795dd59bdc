"""The tables of the embedded index, and the lock on its folder."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

from vectorlog.index.analyser import VERSION
from vectorlog.sqlite.database import Database
from vectorlog.sqlite.free_pages import prepare

# A row of the index is one chunk. A `block` has the rows of one add as an array (see rows.ROW). Rows are numbered
# within a store, in order of `first`. A `segment` has the rows from `first` to that of the next segment; a store
# without any is one segment. Postings belong to a segment, and number its rows from 0. A row of a segment in memory is
# dead if its file has been deleted from `file`, or if a later row has the same (file, n). Of a sealed segment, which
# has a derived file (see sealed.py), `dead` has a bit for each row. Ids of texts and numbers of files are not reused
# while a row refers to them, so a dead row stays dead.
SCHEMA = (
    "pragma foreign_keys=on",  # for the writer, whose deletes cascade
    "pragma journal_size_limit=4194304",  # the write-ahead log is shortened to 4 MB after a large write
    """create table if not exists store(
    key integer primary key autoincrement, model text not null, dimensions integer not null, name text not null,
    centre blob, unique(model, dimensions, name))""",
    """create table if not exists file(
    store integer not null references store on delete cascade, number integer not null, name text not null,
    generation integer not null, row text not null, revision integer not null, attributes text not null,
    primary key(store, number)) without rowid""",
    """create index if not exists file_name on file(store, name)""",
    """create index if not exists file_row on file(store, row)""",  # the store's list, for ties
    """create table if not exists segment(
    store integer not null references store on delete cascade, first integer not null, file text, dead blob,
    primary key(store, first)) without rowid""",
    """create table if not exists block(
    store integer not null references store on delete cascade, first integer not null,
    rows blob not null, vectors blob not null, format integer not null default 1,
    primary key(store, first))""",
    """create table if not exists postings(
    id integer primary key autoincrement, store integer not null references store on delete cascade,
    data blob not null, segment integer not null default 0)""",
    """create index if not exists postings_store on postings(store)""",
    """create table if not exists text(
    id integer primary key autoincrement, store integer not null, file integer not null, body text not null,
    location text, n integer,
    foreign key(store, file) references file(store, number) on delete cascade)""",
)


_ADDED = (
    ("text", "location", "text"),
    ("text", "n", "integer"),
    ("block", "format", "integer not null default 1"),
    ("postings", "segment", "integer not null default 0"),
    ("store", "centre", "blob"),
)
"""Columns that the first version did not have."""

OLDER = "An earlier version made the text index; `vectorlog rebuild index` makes it anew."


class OlderTerms(Exception):
    """The terms of this index are of another version, so today's would not find them. It has to be made anew."""


def has_other_terms(folder: Path) -> bool:
    """Returns whether there is an index in the folder whose terms are of another version. It may be open elsewhere."""
    path = folder / "chunks.db"
    if not path.is_file():
        return False
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return _has_stores(connection) and _version(connection) != VERSION


def upgrade(database: Database) -> None:
    """Adds what a database of an earlier version lacks: the location of chunks (as JSON) and their n, the format of
    rows, the segment of postings, and the centre of a store (float32, see codes.py).

    Raises:
        OlderTerms: its terms are not of today's version.
    """
    for table, column, kind in _ADDED:
        columns = {name for _, name, *_ in database.read().execute(f"pragma table_info({table})")}
        if column not in columns:
            database.write(partial(_alter, f"alter table {table} add column {column} {kind}"))
    database.write(partial(_alter, "create index if not exists text_chunk on text(store, file, n)"))
    database.write(partial(_alter, "drop index if exists text_file"))
    if _version(database.read()) == VERSION:
        return
    if _has_stores(database.read()):
        raise OlderTerms(OLDER)
    database.write(lambda connection: connection.execute(f"pragma user_version = {VERSION}"))


def _version(connection: sqlite3.Connection) -> int:
    """Returns the version of the terms; 0 is Lucene's English terms."""
    version: int = connection.execute("pragma user_version").fetchone()[0]
    return version


def _has_stores(connection: sqlite3.Connection) -> bool:
    tables = connection.execute("select count(*) from sqlite_master where name = 'store'").fetchone()[0]
    return bool(tables and connection.execute("select exists(select 1 from store)").fetchone()[0])


def _alter(statement: str, connection: sqlite3.Connection) -> None:
    connection.execute(statement)


class FolderInUse(Exception):
    """Another process has this index open. Its copy in memory would not include our writes."""


def lock_folder(folder: Path) -> sqlite3.Connection:
    """Locks the folder for this process until the returned connection is closed or the process ends.

    The lock is an open exclusive transaction, which works on every platform.

    Raises:
        FolderInUse: another process has locked the folder.
    """
    os.close(os.open(folder / "owner.db", os.O_RDWR | os.O_CREAT, 0o600))  # SQLite's own files get its mode
    owner = sqlite3.connect(folder / "owner.db", isolation_level=None, check_same_thread=False, timeout=0)
    try:
        owner.execute("begin exclusive")
    except sqlite3.OperationalError as error:
        owner.close()
        raise FolderInUse(f"{folder} is in use by another process.") from error
    return owner


def owned(folder: Path) -> sqlite3.Connection:
    """Makes what is missing of the folder and of its database, and returns the lock on it.

    Raises:
        FolderInUse: another process has the folder open.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    owner = lock_folder(folder)
    prepare(folder / "chunks.db")
    return owner
