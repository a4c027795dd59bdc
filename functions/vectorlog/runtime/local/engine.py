"""The threads of the local edition: the projector, the workers, the lanes of ingest, the sweep, and the heartbeat."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vectorlog.defaults import DAY_MS
from vectorlog.deployment import Deployment
from vectorlog.event_log.event_log import Feed
from vectorlog.ingest.deliveries import Deliveries
from vectorlog.ingest.ingester import Ingester
from vectorlog.reactions.announcer import Announcer
from vectorlog.reactions.delivery import Deliverer
from vectorlog.reactions.projector import Projector
from vectorlog.reactions.sweep import sweep
from vectorlog.reactions.worker import Worker
from vectorlog.runtime.local.checkpoint import Checkpoint
from vectorlog.runtime.local.host_faults import host_fault
from vectorlog.runtime.local.ingest_lane import Busy, IngestLane
from vectorlog.runtime.local.lender import Lender, handle_one
from vectorlog.runtime.local.uptime import Uptime
from vectorlog.webhooks.bus import EventBus
from vectorlog.webhooks.outbox import Outbox
from vectorlog.work.messages import COLLECTION, Collect
from vectorlog.work.sqlite import SQLiteQueue

FEED_PAGE = 256
INGEST_BATCH = 16
"""How many files one lane ingests at a time."""
WORKERS = 2
DELIVERERS = 4
"""How many requests of webhooks are under way at a time. Mostly their threads wait for an answer."""
SWEEP_EVERY_S = 5.0
BEAT_EVERY_S = 15.0
"""How often loans are renewed, and the time in which work was possible is recorded."""
FIRST_COLLECTION_S = 600.0
"""How long after the start the first pass over the blobs begins, so that restarts do not each cause one."""
COLLECT_EVERY_S = DAY_MS / 1000
REDELIVERY_DELAYS_MS = (1_000, 2_000, 5_000, 10_000, 30_000, 60_000)
"""How long a message waits after its first, second … failure."""
GIVE_UP_AFTER = 8
"""After this many failed tries that are neither the provider's fault nor the host's, a file fails with the cause."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Queues:
    """The queues of the local edition.

    Attributes:
        work: what the workers do.
        embed: files to ingest.
        slow: files whose reading gave way to others.
    """

    work: SQLiteQueue
    embed: SQLiteQueue
    slow: SQLiteQueue


@dataclass(frozen=True, slots=True)
class Outgoing:
    """How others are told: by the outbox, and the queue of its lanes that are to be sent; `bus` is told everything."""

    outbox: Outbox
    queue: SQLiteQueue
    bus: EventBus | None = None


@dataclass(frozen=True, slots=True)
class Ingesters:
    """An ingester with readers of its own for each kind of lane (`ingest_lane.py`)."""

    main: Ingester
    spare: Ingester
    slow: Ingester


class Engine:
    """Runs all background work, from `start` to `stop`. Every `…_step` is one turn of a thread's loop."""

    def __init__(
        self,
        deployment: Deployment,
        feed: Feed,
        checkpoint: Checkpoint,
        uptime: Uptime,
        queues: Queues,
        ingesters: Ingesters,
        disk_full: Callable[[], bool] = lambda: False,
        outgoing: Outgoing | None = None,
    ) -> None:
        self._deployment = deployment
        self._feed = feed
        self._checkpoint = checkpoint
        self._uptime = uptime
        self._queues = queues
        self.work, self.embed, self.slow = Lender(queues.work), Lender(queues.embed), Lender(queues.slow)
        self._lenders = [self.work, self.embed, self.slow]
        self._outgoing = outgoing
        streams, views = deployment.streams, deployment.views
        announcer = None
        if outgoing is not None:
            bus = outgoing.bus is not None
            announcer = Announcer(streams, views, outgoing.outbox, deployment.clock, bus=bus)
        self.projector = Projector(
            streams,
            views,
            queues.work,
            queues.embed,
            deployment.telemetry,
            deliver=outgoing.queue if outgoing else None,
            announcer=announcer,
        )
        if outgoing is not None:
            self.deliver = Lender(outgoing.queue)
            self._lenders.append(self.deliver)
            self._deliverer = Deliverer(deployment, self.projector, outgoing.outbox, outgoing.bus)
        self._disk_full = disk_full
        self._worker = Worker(deployment, self.projector)
        self._stopping = threading.Event()
        self._collect_after_s = FIRST_COLLECTION_S
        self._threads: list[threading.Thread] = []
        busy = Busy()
        self.main_lane = self._lane(ingesters.main, (self.embed, self.slow), busy)
        self.spare_lane = self._lane(ingesters.spare, (self.embed,), busy, spare=True)
        self.slow_lane = self._lane(ingesters.slow, (self.slow,), Busy(), limit=1, gives_way=False)

    def start(self) -> None:
        """Makes the messages that the last process had received available again, and starts the threads."""
        self.prepare()
        loops: list[tuple[str, Callable[[], object]]] = [
            ("projector", self.project_step),
            ("sweep", self.sweep_step),
            ("heartbeat", self._beat),
            ("collect", self._collect),
            ("ingest-spare", self.spare_lane.step),
            ("ingest-slow", self.slow_lane.step),
        ]
        loops += [(f"work-{number}", self.work_step) for number in range(WORKERS)]
        if self._outgoing is not None:
            loops += [(f"deliver-{number}", self.deliver_step) for number in range(DELIVERERS)]
        loops += [(f"ingest-{number}", self.main_lane.step) for number in range(WORKERS)]
        for name, step in loops:
            thread = threading.Thread(target=self._loop, args=(name, step), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def prepare(self) -> None:
        """Takes back what an earlier process had received, and records for how long the server was off."""
        self.beat_step()
        for lender in self._lenders:
            lender.queue.recall()

    def stop(self, timeout: float) -> bool:
        """Tells the threads to end, waits up to `timeout` seconds, and returns whether all have ended.

        Unfinished work is repeated after the next start.
        """
        self._stopping.set()
        until = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def project_step(self, wait_s: float = 0.5) -> None:
        """Projects the next page of the feed. The checkpoint is written last, so a page that fails is read again."""
        position = self._checkpoint.read()
        if not self._feed.wait(position, wait_s):
            return
        page = self._feed.after(position, FEED_PAGE)
        if page:
            self.projector.handle([entry.commit for entry in page])
            self._checkpoint.write(page[-1].position)

    def work_step(self, wait_s: float = 0.5) -> None:
        """Handles one message of the work queue."""
        handle_one(self.work, self._worker.work, REDELIVERY_DELAYS_MS, wait_s)

    def deliver_step(self, wait_s: float = 0.5) -> None:
        """Sends the events of one lane of the outbox."""
        handle_one(self.deliver, self._deliverer.work, REDELIVERY_DELAYS_MS, wait_s)

    def sweep_step(self) -> None:
        """Handles what has passed its deadline."""
        if sweep(self._deployment, self.projector) == 0:
            self._stopping.wait(SWEEP_EVERY_S)

    def beat_step(self) -> None:
        """Renews the loans, and records that work is possible."""
        off = self._uptime.beat()
        if off:
            log.warning("for %s s no work was possible; deadlines do not count them", off // 1000)
        for lender in self._lenders:
            lender.renew()

    def _beat(self) -> None:
        self.beat_step()
        self._stopping.wait(BEAT_EVERY_S)

    def _loop(self, name: str, step: Callable[[], object]) -> None:
        while not self._stopping.is_set():
            try:
                step()
            except Exception:
                log.exception("%s failed and will be tried again", name)
                self._stopping.wait(1.0)

    def _collect(self) -> None:
        if not self._stopping.wait(self._collect_after_s):
            self.projector.send([(COLLECTION, Collect())])
            self._collect_after_s = COLLECT_EVERY_S

    def _lane(
        self,
        ingester: Ingester,
        lenders: Sequence[Lender],
        busy: Busy,
        *,
        limit: int = INGEST_BATCH,
        gives_way: bool = True,
        spare: bool = False,
    ) -> IngestLane:
        deliveries = Deliveries(
            ingester,
            self._queues.embed,
            REDELIVERY_DELAYS_MS,
            self._deployment.telemetry,
            tries=GIVE_UP_AFTER,
            slow=self._queues.slow,
            host_fault=host_fault,
        )
        return IngestLane(
            ingester,
            deliveries,
            lenders,
            limit,
            gives_way,
            busy,
            spare,
            stopping=self._stopping,
            paused=self._disk_full,
        )
