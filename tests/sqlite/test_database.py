"""One file, many readers, one writer, shared commits."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from vectorlog.domain.errors import NoSpace
from vectorlog.sqlite.database import Database

SCHEMA = (
    "PRAGMA foreign_keys=ON",
    "CREATE TABLE IF NOT EXISTS numbers (n INTEGER PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS orphans (n INTEGER REFERENCES numbers DEFERRABLE INITIALLY DEFERRED)",
)


INSERT_TEXT = "INSERT INTO texts VALUES (?)"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "some.db", SCHEMA, synchronous="NORMAL")
    yield made
    made.close()


def insert(database: Database, number: int) -> int:
    return database.write(lambda connection: connection.execute("INSERT INTO numbers VALUES (?)", (number,)).rowcount)


def spoil(database: Database) -> int:
    """A write that only its COMMIT refuses."""
    return database.write(lambda connection: connection.execute("INSERT INTO orphans VALUES (-1)").rowcount)


def numbers(database: Database) -> list[int]:
    return [row[0] for row in database.read().execute("SELECT n FROM numbers ORDER BY n")]


class Gate:
    """Holds the database's writer until `open`, so that writes meanwhile have to wait."""

    def __init__(self, database: Database, pool: ThreadPoolExecutor) -> None:
        self._database = database
        self._opened, entered = Event(), Event()

        def hold(_: sqlite3.Connection) -> None:
            entered.set()
            self._opened.wait(10)

        self.held = pool.submit(database.write, hold)
        assert entered.wait(10)

    def open(self, waiting: int) -> None:
        """Returns once this many writes wait."""
        while len(self._database._waiting) < waiting:
            threading.Event().wait(0.001)
        self._opened.set()


def test_result_of_the_action(database: Database) -> None:
    """A write returns what its action returned, once it is committed and every reader sees it."""
    assert insert(database, 7) == 1
    assert numbers(database) == [7]


def test_error_undoes_its_own_writes_only(database: Database) -> None:
    """An action that raises leaves nothing behind; other writes of the same commit stay."""

    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO numbers VALUES (100)")
        raise LookupError("changed my mind")

    with ThreadPoolExecutor(8) as pool:
        gate = Gate(database, pool)
        before = pool.submit(insert, database, 1)
        failing: list[Future[None]] = [pool.submit(database.write, half) for _ in range(2)]
        behind = pool.submit(insert, database, 2)
        gate.open(waiting=4)
        assert (before.result(), behind.result()) == (1, 1)
        for each in failing:
            with pytest.raises(LookupError, match="changed my mind"):
                each.result()
    assert numbers(database) == [1, 2]


def test_refused_statement_is_the_writers_own(database: Database) -> None:
    """A write that breaks a constraint gets the error, and the next one succeeds."""
    insert(database, 1)
    with pytest.raises(sqlite3.IntegrityError):
        insert(database, 1)
    assert insert(database, 2) == 1
    assert numbers(database) == [1, 2]


def test_error_in_commit_reaches_everyone(database: Database) -> None:
    """If the commit fails, no write is reported as done, and nothing of it is stored."""
    with ThreadPoolExecutor(8) as pool:
        gate = Gate(database, pool)
        writes = [pool.submit(insert, database, 1), pool.submit(spoil, database), pool.submit(insert, database, 2)]
        gate.open(waiting=3)
        for each in writes:
            with pytest.raises(sqlite3.IntegrityError):
                each.result()
    assert numbers(database) == []
    assert insert(database, 3) == 1


def test_error_in_begin_reaches_everyone(database: Database, tmp_path: Path) -> None:
    """A write that was refused because another process holds the file is not made later without its caller."""
    database.write(lambda connection: connection.execute("PRAGMA busy_timeout=0").fetchone())
    other = sqlite3.connect(tmp_path / "some.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        insert(database, 1)
    other.execute("ROLLBACK")
    assert insert(database, 2) == 1
    assert numbers(database) == [2]


def test_told_is_true(database: Database) -> None:
    """Whatever fails beside it: a write that returned is stored, and one that raised is not."""

    def write(number: int) -> int | None:
        try:
            insert(database, number)
            if number % 10 == 0:
                spoil(database)
        except sqlite3.IntegrityError:
            return None
        return number

    with ThreadPoolExecutor(16) as pool:
        told = {number for number in pool.map(write, range(400)) if number is not None}
    spoiled = set(range(0, 400, 10))
    assert told <= set(numbers(database)) <= told | spoiled
    assert len(told) > 0


def test_many_threads(database: Database) -> None:
    """However many write in parallel, each gets its own result."""
    with ThreadPoolExecutor(210) as pool:
        gate = Gate(database, pool)
        writes = [pool.submit(database.write, lambda _, number=number: number) for number in range(200)]
        gate.open(waiting=200)
        assert [each.result() for each in writes] == list(range(200))


def test_readers_do_not_wait(database: Database) -> None:
    """A reader sees what was committed before, while a write is in progress."""
    insert(database, 1)
    with ThreadPoolExecutor(1) as pool:
        gate = Gate(database, pool)
        assert numbers(database) == [1]
        gate.open(waiting=0)
        gate.held.result()


def test_full_disk(tmp_path: Path) -> None:
    """A write that the disk has no room for is refused as such and leaves nothing, whether the write itself or what
    shares its transaction is too large, and the next one that fits works.
    """
    database = Database(tmp_path / "small.db", [*SCHEMA, "CREATE TABLE texts (t TEXT)"], synchronous="NORMAL")
    database.write(lambda connection: connection.execute("PRAGMA max_page_count=12"))
    with ThreadPoolExecutor(4) as pool:
        gate = Gate(database, pool)
        others = [pool.submit(insert, database, number) for number in (1, 2)]
        large = pool.submit(database.write, lambda connection: connection.execute(INSERT_TEXT, ["x" * 100_000]))
        gate.open(waiting=3)
        with pytest.raises(NoSpace, match="disk is full"):
            large.result()
    kept = [number for number, each in enumerate(others, 1) if each.exception() is None]
    assert all(isinstance(each.exception(), NoSpace | None) for each in others)
    assert numbers(database) == kept
    assert insert(database, 3) == 1
    assert numbers(database) == [*kept, 3]
    database.close()


def test_readers_cannot_write(database: Database) -> None:
    """A connection for reading refuses to change anything."""
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.read().execute("INSERT INTO numbers VALUES (1)")


def test_connections_end_with_their_threads(database: Database) -> None:
    """Threads that come and go do not use up the process's file descriptors."""
    for _ in range(50):
        thread = threading.Thread(target=numbers, args=(database,))
        thread.start()
        thread.join()
    assert len(database._readers) <= 2


def test_survives(tmp_path: Path) -> None:
    """Written data is there when the file is opened again."""
    for number in range(3):
        database = Database(tmp_path / "some.db", SCHEMA, synchronous="FULL")
        insert(database, number)
        database.close()
    database = Database(tmp_path / "some.db", SCHEMA, synchronous="FULL")
    assert numbers(database) == [0, 1, 2]
    database.close()


def test_scrubs_at_once(tmp_path: Path) -> None:
    """Several threads may scrub the same database at the same moment."""
    path, secret = tmp_path / "a.db", "wolpertinger " * 300
    database = Database(path, ("CREATE TABLE t (text TEXT)",), "NORMAL")
    for _ in range(3):
        database.write(
            lambda connection: connection.executemany("INSERT INTO t VALUES (?)", [(secret,)] * 2000).rowcount
        )
        database.write(lambda connection: connection.execute("DELETE FROM t").rowcount)
        with ThreadPoolExecutor(4) as threads:
            for done in [threads.submit(database.scrub) for _ in range(4)]:
                done.result()
        assert not [file for file in tmp_path.iterdir() if b"wolpertinger" in file.read_bytes()]
    other.close()
    database.close()


def test_scrub(tmp_path: Path) -> None:
    """What was deleted or replaced is nowhere in the files afterwards: in no page, free or not, and not in the journal.
    What is kept stays, and the file does not grow by much.
    """
    path, secret = tmp_path / "a.db", "wolpertinger " * 300
    database = Database(path, ("CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)",), "NORMAL")
    insert, kept = "INSERT INTO t VALUES (?, ?)", "kept " * 300
    database.write(lambda connection: connection.executemany(insert, [(n, secret) for n in range(1500)]).rowcount)
    database.write(lambda connection: connection.execute("UPDATE t SET text = ? WHERE n % 3 = 0", (kept,)).rowcount)
    database.write(lambda connection: connection.execute("DELETE FROM t WHERE text = ?", (secret,)).rowcount)
    size = path.stat().st_size
    assert any(b"wolpertinger" in file.read_bytes() for file in tmp_path.iterdir())
    for _ in range(2):
        database.scrub()
        assert not [file for file in tmp_path.iterdir() if b"wolpertinger" in file.read_bytes()]
    assert path.stat().st_size <= max(size, 1_000_000) * 8
    assert database.read().execute("SELECT count(*) FROM t WHERE text = ?", (kept,)).fetchone() == (500,)
    database.close()
