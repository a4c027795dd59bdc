"""Work queues in SQLite: waiting, and restarts."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vectorlog.sqlite.database import Database
from vectorlog.work.queue import Outgoing
from vectorlog.work.sqlite import SCHEMA, SQLiteQueue

VISIBILITY = 30_000


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "work.db", SCHEMA, synchronous="NORMAL")
    yield made
    made.close()


@pytest.fixture
def queue(database: Database, clock: Clock) -> SQLiteQueue:
    return SQLiteQueue(database, "embed", clock)


class TestWait:
    def test_nothing(self, queue: SQLiteQueue) -> None:
        """Without a message a wait ends in time and says so."""
        assert not queue.wait(0)

    def test_already_there(self, queue: SQLiteQueue) -> None:
        """If a message is due, receiving does not wait."""
        queue.send([Outgoing("a", "p")])
        assert queue.wait(30)

    def test_woken_by_send(self, queue: SQLiteQueue) -> None:
        """A waiting worker is woken by a sent message."""
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(queue.wait, 30)
            queue.send([Outgoing("a", "p")])
            assert waiting.result(timeout=10)

    def test_woken_by_release(self, queue: SQLiteQueue) -> None:
        """A waiting worker is woken by a message that another worker returns, long before the loan would have ended."""
        queue.send([Outgoing("a", "p")])
        [lent] = queue.receive(1, VISIBILITY)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(queue.wait, 30)
            queue.release(lent.receipt, 0)
            assert waiting.result(timeout=10)

    def test_not_yet_visible(self, queue: SQLiteQueue, clock: Clock) -> None:
        """A delayed message counts from its due time on."""
        queue.send([Outgoing("a", "p", delay=20)])
        assert not queue.wait(0)
        clock.now += 20
        assert queue.wait(0)


class TestRestart:
    def test_what_was_sent_is_there(self, queue: SQLiteQueue, database: Database, clock: Clock) -> None:
        """A queue that is opened again has its messages."""
        queue.send([Outgoing("a", "p"), Outgoing("b", "p", delay=5)])
        again = SQLiteQueue(database, "embed", clock)
        assert again.depth() == 2
        assert [each.body for each in again.receive(10, VISIBILITY)] == ["a"]

    def test_recall(self, queue: SQLiteQueue, database: Database, clock: Clock) -> None:
        """Messages that a process held when it died are received immediately by the next one, including postponed
        ones.
        """
        queue.send([Outgoing("held", "p"), Outgoing("put off", "p"), Outgoing("delayed", "p", delay=5)])
        held, put_off = queue.receive(10, VISIBILITY)
        queue.release(put_off.receipt, 9 * VISIBILITY)
        again = SQLiteQueue(database, "embed", clock)
        again.recall()
        assert {each.body for each in again.receive(10, VISIBILITY)} == {"held", "put off"}
        again.acknowledge([held.receipt])
        assert again.depth() == 3  # the dead one's receipt is worthless

    def test_turns_go_on(self, queue: SQLiteQueue, database: Database, clock: Clock) -> None:
        """After a restart, a new project takes turns with one whose messages were already waiting."""
        queue.send([Outgoing("old", "old") for _ in range(100)])
        queue.acknowledge([each.receipt for each in queue.receive(60, VISIBILITY)])
        again = SQLiteQueue(database, "embed", clock)
        again.send([Outgoing("new", "new") for _ in range(100)])
        assert [each.body for each in again.receive(40, VISIBILITY)].count("old") == 20
