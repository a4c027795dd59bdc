"""Takes files from the queues and ingests them, so that no project can keep the others from the readers.

There are three kinds of lanes. `main` lanes serve everyone, and let a file that takes long give way if other projects
wait. The `spare` lane serves only projects that no main lane is busy with, so a project that comes late finds a reader.
The `slow` lane reads what gave way, one file at a time and to its end. Each kind has readers of its own.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from vectorlog.ingest.crowd import Crowd
from vectorlog.ingest.deliveries import Deliveries, FailedDelivery
from vectorlog.ingest.ingester import Ingester
from vectorlog.runtime.local.lender import Lender
from vectorlog.work.messages import Ingest, group_in
from vectorlog.work.queue import Received, project_of

OTHERS_WAIT_MS = 500
"""How long another project's file must have been waiting before others give way to it. The spare lane is quicker."""
IDLE_S = 0.5
"""How long a lane waits for a message before it looks again."""

log = logging.getLogger(__name__)


class Busy:
    """Which projects the main lanes serve now. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._projects: Counter[str] = Counter()

    @property
    def projects(self) -> Collection[str]:
        """The projects."""
        with self._lock:
            return list(self._projects)

    @contextmanager
    def serving(self, projects: Collection[str]) -> Iterator[None]:
        """Counts these projects as served until the block ends."""
        with self._lock:
            self._projects.update(projects)
        try:
            yield
        finally:
            with self._lock:
                self._projects -= Counter(projects)


@dataclass(frozen=True, slots=True)
class IngestLane:
    """One lane; `step` handles the next messages.

    Attributes:
        ingester: with the readers of this lane.
        deliveries: handles messages with that ingester.
        queues: the first that has a message is served. From the others, files are taken one by one.
        limit: how many files are ingested together. They share appends, embedding calls and index writes.
        gives_way: whether slow files give way to the first queue's other projects.
        busy: which projects the main lanes serve.
        spare: whether to serve only the other projects.
        stopping: set once the server is to stop.
        paused: True while files wait because the disk is full: what an ingest writes would take the space of deletes.
    """

    ingester: Ingester
    deliveries: Deliveries
    queues: Sequence[Lender]
    limit: int
    gives_way: bool
    busy: Busy = field(default_factory=Busy)
    spare: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)
    paused: Callable[[], bool] = lambda: False

    def step(self, wait_s: float = IDLE_S) -> None:
        """Handles the next messages, or waits up to `wait_s` seconds for one."""
        if self.paused():
            self.stopping.wait(wait_s)
            return
        besides = self.busy.projects if self.spare else ()
        for number, lender in enumerate(self.queues):
            with lender.lend(1 if number else self.limit, besides) as received:
                if received:
                    self._handle(lender, received)
                    return
        self.queues[0].queue.wait(wait_s, besides)

    def _handle(self, lender: Lender, received: Sequence[Received]) -> None:
        groups = [each.group for each in received]
        projects = set(map(project_of, groups))
        spent: Counter[str] = Counter()

        def charge(message: Ingest, seconds: float) -> None:
            spent[group_in(message.project, message.store)] += round(seconds * 1000)

        waits = self.queues[0].queue.others_due
        crowd = Crowd(lambda: self.gives_way and waits(projects, OTHERS_WAIT_MS), charge)
        with self.busy.serving(() if self.spare else projects):
            failed = self.deliveries.take(received, lambda: not self.stopping.is_set(), crowd)
        failed_receipts = {each.received.receipt for each in failed}
        lender.acknowledge([each.receipt for each in received if each.receipt not in failed_receipts])
        for each in failed:
            try:
                self._retry(lender, each)
            except Exception:
                log.exception("a message could not be given back; it comes back by itself: %s", each.received.body)
        lender.queue.charge(groups, spent)

    def _retry(self, lender: Lender, failed: FailedDelivery) -> None:
        received = failed.received
        if failed.message is not None and failed.hopeless:
            self.ingester.give_up(failed.message, f"an internal error ({type(failed.error).__name__})")
            lender.acknowledge([received.receipt])
        else:
            lender.release(received.receipt, failed.wait)
