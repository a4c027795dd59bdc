"""An SQLite file with one writer and any number of readers. Concurrent writes share one transaction and one fsync."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from vectorlog.domain.errors import DISK_FULL, NoSpace, is_disk_full
from vectorlog.sqlite.read_only import ReadOnly, check, connect

TIMEOUT_S = 30
"""How long a statement waits for another process's transaction."""

T = TypeVar("T")


class _Job(Generic[T]):
    """A write in the queue, and its result."""

    __slots__ = ("action", "done", "error", "result")

    def __init__(self, action: Callable[[sqlite3.Connection], T]) -> None:
        self.action = action
        self.done = False
        self.result: T | None = None
        self.error: BaseException | None = None


class Database:
    """A database in WAL mode.

    With `synchronous` FULL, a write is on disk when `write` returns. With NORMAL it survives a crash of the process,
    but a power cut may undo the latest writes, newest first.

    Args:
        path: of the file.
        schema: statements that create what is not there.
        synchronous: see above.
        mapped: bytes of the file that are mapped into memory. That is worth it where rows that were not read before
            are read at random; where rows are written, mapping them anew costs more, and every connection's mapping
            counts as memory of the process.
        read_only: nothing is written, not even the schema. A missing file reads as an empty database.
    """

    def __init__(
        self,
        path: Path,
        schema: Sequence[str],
        synchronous: Literal["FULL", "NORMAL"],
        mapped: int = 0,
        *,
        read_only: bool = False,
    ) -> None:
        self._mapped = mapped
        self._schema = schema
        self._read_only = read_only
        self._path = path
        self._local = threading.local()
        self._readers: dict[threading.Thread, sqlite3.Connection] = {}
        self._readers_lock = threading.Lock()
        self._waiting: deque[_Job[Any]] = deque()
        self._lock = threading.Lock()
        self._scrub_lock = threading.Lock()
        if read_only:
            self._writer = self._connect()
            return
        # SQLite gives the files beside the database the mode of the database, which only its owner may read.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._writer = self._connect()
        self._writer.execute("PRAGMA journal_mode=WAL")
        self._writer.execute(f"PRAGMA synchronous={synchronous}")
        self._writer.execute(
            "PRAGMA secure_delete=FAST"
        )  # overwrites what is deleted, but for whole pages: see `scrub`
        for statement in schema:
            self._writer.execute(statement)

    def write(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Runs the action in a transaction and returns its result once the transaction is committed.

        Waiting actions are run in order of arrival by the thread that holds the lock, and committed together. If an
        action raises, only its own writes are rolled back. An action must not call `write` itself.

        Raises:
            NoSpace: the disk is full; nothing of the action was stored.
            ReadOnly: the database was opened to be read.
            sqlite3.Error: the write failed; nothing of the action was stored.
        """
        if self._read_only:
            raise ReadOnly(f"{self._path} was opened to be read.")
        job = _Job(action)
        self._waiting.append(job)
        with self._lock:
            if not job.done:
                self._run_waiting()
        if job.error is not None:
            if _is_disk_full(job.error):
                raise NoSpace(DISK_FULL) from job.error
            raise job.error
        return job.result  # type: ignore[return-value]  # a job without an error has a result of type T

    def read(self) -> sqlite3.Connection:
        """Returns this thread's read-only connection. A statement sees every write committed before it began.

        Raises:
            OlderDatabase: the database is `read_only`, and an older version's: it lacks something of the schema.
        """
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            connection.execute("PRAGMA query_only=ON")
            if self._read_only:
                check(connection, self._path, self._schema)
            self._local.connection = connection
            with self._readers_lock:
                for thread in [thread for thread in self._readers if not thread.is_alive()]:
                    self._readers.pop(thread).close()
                self._readers[threading.current_thread()] = connection
        return connection

    def scrub(self) -> None:
        """Overwrites what was deleted: the pages that are free, and the journal. It takes small transactions, beside
        which others run.

        Raises:
            sqlite3.OperationalError: another process has been reading for a second. Repeat it later.
        """
        with self._scrub_lock:
            while self.write(_fill_free_pages):
                continue
            self.write(lambda connection: connection.execute(_NO_FILLER))
        with self._lock:
            self._writer.execute("PRAGMA busy_timeout=1000")  # other writers wait for as long
            (busy, _, _) = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._writer.execute("PRAGMA busy_timeout=30000")
        if busy:
            raise sqlite3.OperationalError("the journal is in use and could not be emptied")

    def close(self) -> None:
        """Closes the connections of all threads."""
        with self._lock, self._readers_lock:
            for connection in (*self._readers.values(), self._writer):
                connection.close()

    def _connect(self) -> sqlite3.Connection:
        if self._read_only:
            return connect(self._path, self._schema, TIMEOUT_S)
        connection = sqlite3.connect(
            self._path, timeout=TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.execute("PRAGMA busy_timeout=30000")
        connection.execute(f"PRAGMA mmap_size={self._mapped}")
        return connection

    def _run_waiting(self) -> None:
        jobs = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            for job in jobs:
                self._run(job)
            self._writer.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001  # raised in the threads that wait for these writes
            for job in jobs:
                job.error = job.error or error
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        finally:
            for job in jobs:
                job.done = True

    def _run(self, job: _Job[Any]) -> None:
        self._writer.execute("SAVEPOINT job")
        try:
            job.result = job.action(self._writer)
        except Exception as error:
            job.error = error  # `write` raises it in the thread that the action came from
            if not self._writer.in_transaction:
                raise  # SQLite itself has rolled back everything, as it does when the disk is full
            self._writer.execute("ROLLBACK TO job")
        self._writer.execute("RELEASE job")


_NO_FILLER = "DROP TABLE IF EXISTS filler"
_FILLER = "CREATE TABLE IF NOT EXISTS filler (zeros BLOB NOT NULL)"
_FILLED = 256
"""Pages that one transaction overwrites: 1 MB takes about 10 ms."""


def _fill_free_pages(connection: sqlite3.Connection) -> bool:
    """Overwrites some free pages with zeros; returns whether there may be more."""
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    if free:
        connection.execute(_FILLER)  # another process that scrubs may have dropped it
        connection.execute("INSERT INTO filler VALUES (zeroblob(?))", (size * max(2, min(free, _FILLED)),))
    return bool(free)


def _is_disk_full(error: BaseException) -> bool:
    """Whether a write failed because the disk is full. SQLite says so itself, except when it cannot sync a file."""
    if isinstance(error, OSError):
        return is_disk_full(error)
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
