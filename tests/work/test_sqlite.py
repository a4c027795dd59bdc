"""Work queues in SQLite: waiting, and restarts."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.pump import Clock
from vectorlog.sqlite.database import Database
from vectorlog.work.queue import Outgoing, Received
from vectorlog.work.sqlite import SCHEMA, SQLiteQueue

VISIBILITY = 30_000


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


def groups(received: list[Received]) -> list[str]:
    return [each.group for each in received]


class TestShares:
    """Queues are fair by project, then by group, and by the time that their messages take."""

    def test_many_stores_are_one_project(self, queue: SQLiteQueue) -> None:
        """A project with a thousand stores takes turns with a project that has one."""
        queue.send([Outgoing("flood", f"flooder/vs_{number}") for number in range(1_000)])
        queue.acknowledge([each.receipt for each in queue.receive(16, VISIBILITY)])
        queue.send([Outgoing("single", "other/vs_x")])
        assert "other/vs_x" in groups(queue.receive(2, VISIBILITY))

    def test_stores_of_a_project(self, queue: SQLiteQueue) -> None:
        """Within a project, a store with one file does not wait for another's thousand."""
        queue.send([Outgoing("flood", "acme/vs_busy") for _ in range(1_000)])
        queue.acknowledge([each.receipt for each in queue.receive(16, VISIBILITY)])
        queue.send([Outgoing("single", "acme/vs_x")])
        assert "acme/vs_x" in groups(queue.receive(2, VISIBILITY))

    def test_by_the_time_it_takes(self, queue: SQLiteQueue) -> None:
        """A project whose files take ten times as long gets a tenth of the turns, from the first measurement on."""
        queue.send([Outgoing("", "slow/vs_1") for _ in range(200)])
        queue.send([Outgoing("", "quick/vs_2") for _ in range(200)])
        served: list[str] = []
        for _ in range(100):
            [each] = queue.receive(1, VISIBILITY)
            served.append(each.group)
            queue.acknowledge([each.receipt])
            queue.charge([each.group], {each.group: 1_000 if each.group == "slow/vs_1" else 100})
        assert 7 <= served.count("slow/vs_1") <= 12

    def test_what_was_used_is_remembered(self, queue: SQLiteQueue) -> None:
        """A project that sends its slow files one by one, each when the last is done, gets no more than others."""
        queue.send([Outgoing("", "quick/vs_2") for _ in range(100)])
        served: list[str] = []
        queue.send([Outgoing("", "slow/vs_1")])
        for _ in range(60):
            [each] = queue.receive(1, VISIBILITY)
            served.append(each.group)
            queue.acknowledge([each.receipt])
            slow = each.group == "slow/vs_1"
            queue.charge([each.group], {each.group: 1_000 if slow else 100})
            if slow:
                queue.send([Outgoing("", "slow/vs_1")])
        assert 4 <= served.count("slow/vs_1") <= 8

    def test_idle_is_no_credit(self, queue: SQLiteQueue) -> None:
        """A project that did nothing while another worked gets its share from now on, and not more."""
        queue.send([Outgoing("", "early/vs_1") for _ in range(100)])
        for _ in range(50):
            [each] = queue.receive(1, VISIBILITY)
            queue.acknowledge([each.receipt])
            queue.charge([each.group], {each.group: 60_000})
        queue.send([Outgoing("", "late/vs_2") for _ in range(100)])
        order = []
        for _ in range(20):
            [each] = queue.receive(1, VISIBILITY)
            order.append(each.group)
            queue.acknowledge([each.receipt])
            queue.charge([each.group], {each.group: 60_000})
        assert 8 <= order.count("late/vs_2") <= 12

    def test_delayed_is_no_credit(self, queue: SQLiteQueue, clock: Clock) -> None:
        """A message that is delayed for a day holds no place: the others' time counts on meanwhile."""
        queue.send([Outgoing("purge", "sleeper/vs_0", delay=86_400_000)])
        self.test_idle_is_no_credit(queue)

    def test_nothing_is_kept_of_the_idle(self, queue: SQLiteQueue, database: Database) -> None:
        """Projects and groups without messages leave no rows behind."""
        for number in range(50):
            queue.send([Outgoing("", f"p{number}/vs_{group}") for group in range(5)])
            received = queue.receive(10, VISIBILITY)
            queue.acknowledge([each.receipt for each in received])
            queue.charge(groups(received), {})
        queue.send([Outgoing("", "last/vs_0")])
        queue.acknowledge([each.receipt for each in queue.receive(1, VISIBILITY)])
        count = "SELECT (SELECT count(*) FROM queue_projects) + (SELECT count(*) FROM queue_groups)"
        assert database.read().execute(count).fetchone()[0] <= 4

    def test_left_out(self, queue: SQLiteQueue) -> None:
        """A worker may leave out projects, and does not wait for their messages."""
        queue.send([Outgoing("", "busy/vs_1"), Outgoing("", "other/vs_2")])
        assert groups(queue.receive(5, VISIBILITY, besides=["busy"])) == ["other/vs_2"]
        assert queue.receive(5, VISIBILITY, besides=["busy"]) == []
        assert queue.wait(0)
        assert not queue.wait(0, besides=["busy"])

    def test_others_wait(self, queue: SQLiteQueue, clock: Clock) -> None:
        """It is known whether others have been waiting for some time."""
        queue.send([Outgoing("", "own/vs_1"), Outgoing("", "other/vs_2")])
        assert queue.others_due(["own"])
        assert not queue.others_due(["own"], 500)
        clock.now += 500
        assert queue.others_due(["own"], 500)
        assert not queue.others_due(["own", "other"], 500)

    def test_messages_of_an_older_version(self, queue: SQLiteQueue, database: Database, clock: Clock) -> None:
        """Messages that an older version left, which knew no shares, are delivered after the start."""
        insert = """INSERT INTO messages (queue, body, "group", turn, visible_at) VALUES ('embed', 'a', 'vs_1', 7, 0)"""
        database.write(lambda connection: connection.execute(insert).rowcount)
        again = SQLiteQueue(database, "embed", clock)
        again.recall()
        assert [each.body for each in again.receive(10, VISIBILITY)] == ["a"]

    def test_extended(self, queue: SQLiteQueue, clock: Clock) -> None:
        """A loan that is renewed goes on; one that is over, or given back, is not renewed."""
        queue.send([Outgoing("a", "p")])
        [lent] = queue.receive(1, VISIBILITY)
        clock.now += VISIBILITY - 1
        queue.extend([lent.receipt], VISIBILITY)
        clock.now += VISIBILITY - 1
        assert queue.receive(1, VISIBILITY) == []
        queue.release(lent.receipt, 0)
        queue.extend([lent.receipt], VISIBILITY)
        assert len(queue.receive(1, VISIBILITY)) == 1
