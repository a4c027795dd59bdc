"""The work behind the requests, without threads: pages and messages arrive twice, late and in other orders if a test
says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import cast

from tests.support.stubs import Inline, StubReader
from vectorlog.deployment import Deployment
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.ingest.deliveries import Deliveries
from vectorlog.ingest.ingester import Ingester
from vectorlog.reactions.projector import Projector
from vectorlog.reactions.sweep import sweep
from vectorlog.reactions.worker import Worker
from vectorlog.work import messages as work_messages
from vectorlog.work.queue import Received
from vectorlog.work.sqlite import SQLiteQueue

LENT_MS = 30 * 86_400_000
START_MS = 1_700_000_000_000


class Clock:
    """Milliseconds since 1970, as set by tests."""

    def __init__(self) -> None:
        self.now = START_MS

    def __call__(self) -> int:
        return self.now

    def advance(self, ms: int) -> None:
        self.now += ms


class Pump:
    """The work behind the requests, one step at a time. A step that dies leaves its page unread or its message lent."""

    def __init__(
        self, deployment: Deployment, feed: SQLiteEventLog, projector: Projector, work: SQLiteQueue, embed: SQLiteQueue
    ) -> None:
        self.deployment = deployment
        self.feed = feed
        self.position = 0
        self.time_left: Callable[[], bool] = lambda: True
        self.projector = projector
        self.work = work
        self.embed = embed
        self._worker = Worker(deployment, projector)
        self._deliveries = Deliveries(Ingester(deployment, StubReader(), Inline()), embed, (0,), deployment.telemetry)

    def project(self, limit: int = 256, *, order: Random | None = None) -> int:
        """Projects the next page; `order` shuffles it and keeps each stream's own order."""
        page = self.feed.after(self.position, limit)
        if page:
            commits = [fed.commit for fed in page]
            self.projector.handle(commits if order is None else merged(commits, order))
            self.position = page[-1].position
        return len(page)

    def again(self, draw: Random) -> None:
        """Delivers part of the pages that were read before once more."""
        if self.position:
            page = self.feed.after(draw.randrange(self.position), draw.randint(1, 20))
            self.projector.handle(merged([fed.commit for fed in page if fed.position <= self.position], draw))

    def work_one(self, draw: Random | None = None, *, twice: bool = False) -> bool:
        """Handles one due message; returns whether there was one."""
        received = self._receive(self.work, 1, draw)
        for each in received:
            message = work_messages.decode(each.body)
            self._worker.work(message)
            if twice:
                self._worker.work(message)
        self.work.acknowledge([each.receipt for each in received])
        return bool(received)

    def ingest_some(self, limit: int = 16, draw: Random | None = None, *, twice: bool = False) -> bool:
        """Ingests some due messages; returns whether there were any."""
        received = self._receive(self.embed, limit, draw)
        for _ in range(2 if twice else 1):
            failed = self._deliveries.take(received, self.time_left)
            assert not failed, f"an ingest failed: {failed[0].error!r}"
        self.embed.acknowledge([each.receipt for each in received])
        return bool(received)

    def sweep(self) -> int:
        """Sweeps what is past its deadline."""
        return sweep(self.deployment, self.projector)

    def restart(self) -> None:
        """Takes back the messages that the last process had lent."""
        self.work.recall()
        self.embed.recall()

    def settle(self, bound: int = 2000) -> None:
        """Steps until no due work is left; fails if that does not end."""
        for _ in range(bound):
            if not (self.project() or self.work_one() or self.ingest_some()):
                clock = cast(Clock, self.deployment.clock)
                waits = self._next_due()
                if waits is None or waits > 3_600_000:  # only a delayed purge is left
                    return
                clock.advance(waits)
        raise AssertionError("there is always more to do")

    def _next_due(self) -> int | None:
        """Milliseconds until a message can be received."""
        found = [wait for queue in (self.work, self.embed) if (wait := queue._delay()) != float("inf")]
        return max(1, int(min(found) * 1000)) if found else None

    @staticmethod
    def _receive(queue: SQLiteQueue, limit: int, draw: Random | None) -> list[Received]:
        if draw is None:
            return queue.receive(limit, LENT_MS)
        received = queue.receive(limit + 5, LENT_MS)
        draw.shuffle(received)
        for each in received[limit:]:
            queue.release(each.receipt, 0)
        return received[:limit]


def merged(commits: Sequence[Commit], draw: Random) -> list[Commit]:
    """A random order that keeps the order of each stream's commits."""
    waiting: dict[str, list[Commit]] = {}
    for commit in commits:
        waiting.setdefault(commit.stream, []).append(commit)
    order = []
    while waiting:
        stream = draw.choice(sorted(waiting))
        order.append(waiting[stream].pop(0))
        if not waiting[stream]:
            del waiting[stream]
    return order
