"""The threads of the local edition: the projector, the workers, the sweep."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from vectorlog.defaults import DAY_MS
from vectorlog.deployment import Deployment
from vectorlog.event_log.event_log import Feed
from vectorlog.ingest.deliveries import Deliveries, FailedDelivery
from vectorlog.ingest.ingester import Ingester
from vectorlog.reactions.projector import Projector
from vectorlog.reactions.sweep import sweep
from vectorlog.reactions.worker import Worker
from vectorlog.runtime.local.checkpoint import Checkpoint
from vectorlog.work.messages import COLLECTION, Collect, decode
from vectorlog.work.queue import Received
from vectorlog.work.redelivery import redelivery_delay
from vectorlog.work.sqlite import SQLiteQueue

FEED_PAGE = 256
INGEST_BATCH = 16
"""How many files one worker ingests at a time. They share appends, embedding calls and index writes."""
WORKERS = 2
LENT_MS = 7 * DAY_MS
"""How long a received message stays with its worker: longer than any process runs. A new process takes all back."""
SWEEP_EVERY_S = 5.0
FIRST_COLLECTION_S = 600.0
"""How long after the start the first pass over the blobs begins, so that restarts do not each cause one."""
COLLECT_EVERY_S = DAY_MS / 1000
REDELIVERY_DELAYS_MS = (1_000, 2_000, 5_000, 10_000, 30_000, 60_000)
"""How long a message waits after its first, second … failure."""
GIVE_UP_AFTER = 8
"""After this many failed tries that are not the provider's fault, a file is failed with the cause."""

log = logging.getLogger(__name__)


class Engine:
    """Runs all background work, from `start` to `stop`."""

    def __init__(
        self,
        deployment: Deployment,
        feed: Feed,
        checkpoint: Checkpoint,
        work: SQLiteQueue,
        embed: SQLiteQueue,
        ingest: Ingester,
        disk_full: Callable[[], bool] = lambda: False,
    ) -> None:
        self._deployment = deployment
        self._feed = feed
        self._checkpoint = checkpoint
        self._work = work
        self._embed = embed
        self._ingest = ingest
        self._disk_full = disk_full
        self._deliveries = Deliveries(ingest, embed, REDELIVERY_DELAYS_MS, deployment.telemetry, tries=GIVE_UP_AFTER)
        self.projector = Projector(deployment.streams, deployment.views, work, embed, deployment.telemetry)
        self._worker = Worker(deployment, self.projector)
        self._stopping = threading.Event()
        self._collect_after_s = FIRST_COLLECTION_S
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Makes the messages that the last process had received available again, and starts the threads."""
        self._work.recall()
        self._embed.recall()
        loops: list[tuple[str, Callable[[], None]]] = [
            ("projector", self._project),
            ("sweep", self._sweep),
            ("collect", self._collect),
        ]
        loops += [(f"work-{number}", self._do_work) for number in range(WORKERS)]
        loops += [(f"ingest-{number}", self._do_ingest) for number in range(WORKERS)]
        for name, step in loops:
            thread = threading.Thread(target=self._loop, args=(name, step), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout: float) -> bool:
        """Tells the threads to end, waits up to `timeout` seconds, and returns whether all have ended.

        Unfinished work is repeated after the next start.
        """
        self._stopping.set()
        until = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _loop(self, name: str, step: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                step()
            except Exception:
                log.exception("%s failed and will be tried again", name)
                self._stopping.wait(1.0)

    def _project(self) -> None:
        position = self._checkpoint.read()
        if not self._feed.wait(position, 0.5):
            return
        page = self._feed.after(position, FEED_PAGE)
        if page:
            self.projector.handle([entry.commit for entry in page])
            self._checkpoint.write(page[-1].position)

    def _sweep(self) -> None:
        if sweep(self._deployment, self.projector) == 0:
            self._stopping.wait(SWEEP_EVERY_S)

    def _collect(self) -> None:
        if not self._stopping.wait(self._collect_after_s):
            self.projector.send([(COLLECTION, Collect())])
            self._collect_after_s = COLLECT_EVERY_S

    def _do_work(self) -> None:
        for received in self._receive(self._work, 1):
            try:
                self._worker.work(decode(received.body))
            except Exception:
                log.exception("work failed (try %s) and will be tried again: %s", received.receives, received.body)
                self._work.release(received.receipt, redelivery_delay(REDELIVERY_DELAYS_MS, received.receives))
            else:
                self._work.acknowledge([received.receipt])

    def _do_ingest(self) -> None:
        if self._disk_full():  # files wait, because what an ingest writes would take the space that deletes need
            self._stopping.wait(1.0)
            return
        received = self._receive(self._embed, INGEST_BATCH)
        if not received:
            return
        failed = self._deliveries.take(received, lambda: not self._stopping.is_set())
        failed_receipts = {each.received.receipt for each in failed}
        self._embed.acknowledge([each.receipt for each in received if each.receipt not in failed_receipts])
        for each in failed:
            self._retry(each)

    def _retry(self, failed: FailedDelivery) -> None:
        received = failed.received
        if failed.message is not None and failed.hopeless:
            self._ingest.give_up(failed.message, f"an internal error ({type(failed.error).__name__})")
            self._embed.acknowledge([received.receipt])
        else:
            self._embed.release(received.receipt, failed.wait)

    def _receive(self, queue: SQLiteQueue, limit: int) -> list[Received]:
        received = queue.receive(limit, LENT_MS)
        if not received:
            queue.wait(0.5)
        return received
