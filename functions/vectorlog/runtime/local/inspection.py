"""Opens a data folder read-only, even while a server is running on it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from vectorlog.deployment import Deployment
from vectorlog.embedding.catalogue import Models
from vectorlog.embedding.offers import local_offer
from vectorlog.files.by_size import BlobsBySize
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.operations.verify import UnderWay
from vectorlog.operations.waiting import Waiting, WaitingMessage
from vectorlog.runtime.local.checkpoint import Checkpoint
from vectorlog.runtime.local.data_folder import DataFolder
from vectorlog.runtime.local.log_and_views import LocalLogAndViews, clock
from vectorlog.work.sqlite import SQLiteQueue

SOON_MS = 60_000
"""A message that is due later than this, such as a second purge after a day, does not count as under way."""


@contextmanager
def inspect(path: Path) -> Iterator[tuple[Deployment, Callable[[], UnderWay], Callable[[], Waiting]]]:
    """Yields the folder's deployment, and functions that return its unfinished work and its queued messages.

    Raises:
        NoDataFolder: the folder has no Vectorlog data.
        UnknownFormat: this version does not know its format.
    """
    folder = DataFolder(path, must_exist=True)
    with ExitStack() as resources:
        log_and_views = resources.enter_context(closing(LocalLogAndViews(folder)))
        staging = Path(resources.enter_context(tempfile.TemporaryDirectory()))
        blobs = BlobsBySize(folder.blobs, staging, folder.small_blobs)
        resources.callback(blobs.rows.close)
        index = resources.enter_context(closing(LocalIndex(folder.index, read_only=True)))
        deployment = Deployment(
            streams=log_and_views.streams,
            views=log_and_views.views,
            blobs=blobs,
            index=index,
            models=Models([local_offer()]),
            clock=clock,
            random=log_and_views.random,
        )
        queues = {name: SQLiteQueue(log_and_views.derived, name, clock) for name in ("work", "embed", "slow")}
        checkpoint = Checkpoint(log_and_views.derived, "projector")

        def under_way() -> UnderWay:
            behind = len(log_and_views.log.after(checkpoint.read(), 1000))
            return UnderWay(behind, sum(queue.under_way(SOON_MS) for queue in queues.values()))

        def waiting() -> Waiting:
            messages = [
                WaitingMessage(name, body, receives, visible_at, lent=lent)
                for name, queue in queues.items()
                for body, receives, visible_at, lent in queue.peek()
            ]
            return Waiting({name: queue.depth() for name, queue in queues.items()}, tuple(messages))

        yield deployment, under_way, waiting
