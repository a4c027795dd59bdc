"""The promises of every work queue."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Protocol, cast
from uuid import uuid4

import pytest
from moto.sqs import models as moto_sqs

from tests.simulation.sqs import SQS
from tests.support import moto_aws
from vectorlog.runtime.aws import clients
from vectorlog.sqlite.database import Database
from vectorlog.work.queue import Backlog, Outgoing, Queue, Received
from vectorlog.work.sqlite import SCHEMA, SQLiteQueue
from vectorlog.work.sqs import SQSQueue

if TYPE_CHECKING:
    from botocore.client import BaseClient

VISIBILITY = 30_000


class Setting(Protocol):
    """An empty queue, and a way to let its time pass: a real adapter waits in `advance`."""

    queue: Queue
    fair: bool
    now: int

    def advance(self, ms: int) -> None: ...


class SQLiteSetting:
    fair = True

    def __init__(self, database: Database) -> None:
        self.now = 1_700_000_000_000
        self.queue: Queue = SQLiteQueue(database, "embed", lambda: self.now)

    def advance(self, ms: int) -> None:
        self.now += ms


@contextmanager
def sqlite(folder: Path) -> Iterator[Setting]:
    database = Database(folder / "work.db", SCHEMA, synchronous="NORMAL")
    SQLiteQueue(database, "other", lambda: 0).send([Outgoing("of another queue", "p")])
    yield SQLiteSetting(database)
    database.close()


class MotoSetting:
    """SQS in moto, whose time is a number."""

    # moto gives the oldest message first; SQS itself is fair by MessageGroupId, which tests/work/test_sqs.py checks.
    fair = False

    def __init__(self) -> None:
        self.now = 1_700_000_000_000
        url = moto_aws.sqs().create_queue(QueueName="embed")["QueueUrl"]
        self.queue: Queue = SQSQueue(moto_aws.sqs(), url, lambda: self.now)

    def advance(self, ms: int) -> None:
        self.now += ms


@contextmanager
def moto(_: Path) -> Iterator[Setting]:
    with moto_aws.aws(), pytest.MonkeyPatch.context() as patch:
        setting = MotoSetting()
        patch.setattr(moto_sqs, "unix_time_millis", lambda: setting.now)
        patch.setattr(moto_sqs, "unix_time", lambda: setting.now / 1000)
        patch.setattr(
            moto_sqs.Message, "visible", property(lambda message: setting.now >= message.visible_at)
        )  # moto: one ms later
        # moto takes an older receipt of a message for a newer one, which SQS does not (API reference, DeleteMessage)
        patch.setattr(
            moto_sqs.Message, "had_receipt_handle", lambda message, receipt: message.receipt_handle == receipt
        )
        yield setting


class SimulatedSetting:
    """The adapter of SQS over the simulation's rules of SQS, without its surprises."""

    fair = False

    def __init__(self) -> None:
        self.now = 1_700_000_000_000
        client = SQS(lambda: self.now, Random(1), most_receives=1000, calm=True)
        self.queue: Queue = SQSQueue(cast(Any, client), "embed", lambda: self.now)

    def advance(self, ms: int) -> None:
        self.now += ms


@contextmanager
def simulated(_: Path) -> Iterator[Setting]:
    yield SimulatedSetting()


class RealSetting:
    """SQS, whose time passes by itself: five seconds of a test are one real second, the smallest unit of SQS."""

    fair = False  # ElasticMQ gives the oldest message first

    def __init__(self, client: BaseClient, url: str) -> None:
        self.now = 0
        self.queue: Queue = Quick(client, url, lambda: time.time_ns() // 1_000_000)

    def advance(self, ms: int) -> None:
        before, self.now = self.now, self.now + ms
        time.sleep(
            self.now // 5_000 - before // 5_000 + 0.3
        )  # a time-out that began before this call ends 0.3 s before its return


class Quick(SQSQueue):
    """Takes times of a test and passes a fifth of them to SQS."""

    def send(self, messages: Sequence[Outgoing]) -> None:
        super().send([replace(message, delay=message.delay // 5) for message in messages])

    def receive(self, limit: int, visibility: int) -> list[Received]:
        return super().receive(limit, visibility // 5)

    def release(self, receipt: str, delay: int) -> None:
        super().release(receipt, delay // 5)


@contextmanager
def sqs(_: Path) -> Iterator[Setting]:
    client = clients.sqs()
    url = client.create_queue(QueueName=f"embed-{uuid4().hex}")["QueueUrl"]
    yield RealSetting(client, url)
    client.delete_queue(QueueUrl=url)


@pytest.fixture(
    params=[sqlite, moto, simulated, pytest.param(sqs, marks=pytest.mark.aws)], ids=lambda adapter: adapter.__name__
)
def setting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Setting]:
    with request.param(tmp_path) as made:
        yield made


@pytest.fixture
def queue(setting: Setting) -> Queue:
    return setting.queue


@pytest.fixture
def fairness(setting: Setting) -> None:
    if not setting.fair:
        pytest.skip("this stand-in for SQS is not fair between groups; SQS is")


def drain(queue: Queue, limit: int = 10) -> list[Received]:
    """Receives and acknowledges until the queue is empty."""
    drained = []
    while received := queue.receive(limit, VISIBILITY):
        queue.acknowledge([each.receipt for each in received])
        drained += received
    return drained


def send(queue: Queue, group: str, count: int) -> None:
    queue.send([Outgoing(f"{group}{number}", group) for number in range(count)])


class TestQueue:
    def test_empty(self, queue: Queue) -> None:
        """An empty queue returns nothing, without waiting; sending and acknowledging nothing does nothing."""
        queue.send([])
        queue.acknowledge([])
        assert queue.receive(10, VISIBILITY) == []

    def test_what_was_sent(self, queue: Queue) -> None:
        """Body and group come back as they were sent, including text in any script."""
        queue.send([Outgoing('{"é":"漢 \U0001f600"}', "project-é")])
        [received] = queue.receive(10, VISIBILITY)
        assert (received.body, received.group, received.receives) == ('{"é":"漢 \U0001f600"}', "project-é", 1)

    def test_every_message(self, queue: Queue) -> None:
        """Each message is received, equal bodies as often as they were sent, never more per receive than the limit."""
        send(queue, "p", 25)
        send(queue, "p", 5)
        received = []
        while page := queue.receive(7, VISIBILITY):
            assert len(page) <= 7
            received += page
        assert sorted(each.body for each in received) == sorted([f"p{number}" for number in (*range(25), *range(5))])

    def test_lent_to_one(self, setting: Setting) -> None:
        """Nobody else gets a lent message until its loan ends; then its count of receives is two."""
        setting.queue.send([Outgoing("a", "p")])
        [first] = setting.queue.receive(10, VISIBILITY)
        setting.advance(VISIBILITY - 1)
        assert setting.queue.receive(10, VISIBILITY) == []
        setting.advance(1)
        [second] = setting.queue.receive(10, VISIBILITY)
        assert (second.body, second.receives) == ("a", 2)
        assert second.receipt != first.receipt

    def test_acknowledged(self, setting: Setting) -> None:
        """An acknowledged message never comes back; the others of its batch do."""
        send(setting.queue, "p", 3)
        done, *others = setting.queue.receive(10, VISIBILITY)
        setting.queue.acknowledge([done.receipt])
        setting.queue.acknowledge([done.receipt])
        setting.advance(VISIBILITY)
        assert {each.body for each in setting.queue.receive(10, VISIBILITY)} == {each.body for each in others}

    def test_stale_receipt(self, setting: Setting) -> None:
        """A worker that was too slow can neither acknowledge nor return what another one works on now."""
        setting.queue.send([Outgoing("a", "p")])
        [late] = setting.queue.receive(1, VISIBILITY)
        setting.advance(VISIBILITY)
        [held] = setting.queue.receive(1, VISIBILITY)
        setting.queue.acknowledge([late.receipt])
        setting.queue.release(late.receipt, 0)
        assert setting.queue.receive(1, VISIBILITY) == []
        setting.advance(VISIBILITY)
        [again] = setting.queue.receive(1, VISIBILITY)
        assert (again.body, again.receives) == (held.body, 3)

    def test_release(self, setting: Setting) -> None:
        """A returned message comes again after its delay, without waiting for the end of the loan."""
        setting.queue.send([Outgoing("a", "p")])
        [lent] = setting.queue.receive(1, VISIBILITY)
        setting.queue.release(lent.receipt, 5_000)
        setting.advance(4_999)
        assert setting.queue.receive(1, VISIBILITY) == []
        setting.advance(1)
        assert [each.receives for each in setting.queue.receive(1, VISIBILITY)] == [2]

    def test_release_at_once(self, queue: Queue) -> None:
        """Without a delay it is available immediately."""
        queue.send([Outgoing("a", "p")])
        [lent] = queue.receive(1, VISIBILITY)
        queue.release(lent.receipt, 0)
        assert [each.body for each in queue.receive(1, VISIBILITY)] == ["a"]

    def test_release_extends(self, setting: Setting) -> None:
        """A message may be delayed beyond the end of its loan."""
        setting.queue.send([Outgoing("a", "p")])
        [lent] = setting.queue.receive(1, VISIBILITY)
        setting.queue.release(lent.receipt, 3 * VISIBILITY)
        setting.advance(2 * VISIBILITY)
        assert setting.queue.receive(1, VISIBILITY) == []
        setting.advance(VISIBILITY)
        assert len(setting.queue.receive(1, VISIBILITY)) == 1

    def test_delay(self, setting: Setting) -> None:
        """A delayed message is not received before its time, and holds up nobody."""
        setting.queue.send([Outgoing("later", "p", delay=10_000), Outgoing("now", "p")])
        assert [each.body for each in drain(setting.queue)] == ["now"]
        setting.advance(9_999)
        assert drain(setting.queue) == []
        setting.advance(1)
        assert [each.body for each in drain(setting.queue)] == ["later"]

    @pytest.mark.usefixtures("fairness")
    def test_late_group(self, queue: Queue) -> None:
        """A late message of one project is received before the hundredth of a busy one."""
        send(queue, "busy", 200)
        for each in queue.receive(10, VISIBILITY):
            queue.acknowledge([each.receipt])
        queue.send([Outgoing("late", "late")])
        order = [each.body for each in drain(queue)]
        assert order.index("late") < 100 - 10
        assert len(order) == 191

    @pytest.mark.usefixtures("fairness")
    def test_late_group_does_not_push_in(self, queue: Queue) -> None:
        """A project that arrives late with much work shares with one that was waiting; it does not go before it."""
        send(queue, "old", 100)
        for _ in range(5):
            queue.acknowledge([each.receipt for each in queue.receive(10, VISIBILITY)])
        send(queue, "new", 100)
        assert [each.group for each in drain(queue)][:40].count("old") >= 10

    @pytest.mark.usefixtures("fairness")
    def test_two_busy_groups(self, queue: Queue) -> None:
        """Two projects with much work share: neither gets far ahead of the other."""
        send(queue, "a", 60)
        send(queue, "b", 60)
        half = [each.group for each in drain(queue)][:60]
        assert 15 <= half.count("b") <= 45

    def test_backlog(self, queue: Queue, setting: Setting) -> None:
        """What a queue holds is told: what waits, what a worker has, and what is due later."""
        assert queue.backlog() == Backlog(0, 0, 0)
        send(queue, "a", 3)
        queue.send([Outgoing("later", "a", delay=60_000)])
        [lent] = queue.receive(1, VISIBILITY)
        held = queue.backlog()
        assert (held.waiting, held.in_progress, held.delayed) == (2, 1, 1)
        queue.acknowledge([lent.receipt])
        held = queue.backlog()
        assert (held.waiting, held.in_progress, held.delayed) == (2, 0, 1)
        assert held.oldest_at is None or abs(held.oldest_at - setting.now) < 1000

    def test_many_workers(self, queue: Queue) -> None:
        """With parallel senders and workers everything arrives, and nothing twice while it is lent."""

        def work(worker: int) -> list[str]:
            send(queue, f"group{worker}-", 25)
            return [each.body for each in drain(queue, limit=4)]

        with ThreadPoolExecutor(8) as pool:
            worked = [body for bodies in pool.map(work, range(8)) for body in bodies]
        worked += [each.body for each in drain(queue)]
        assert sorted(worked) == sorted(f"group{worker}-{number}" for worker in range(8) for number in range(25))
