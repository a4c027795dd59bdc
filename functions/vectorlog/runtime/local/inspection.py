"""Opens a data folder beside a server that may be running on it: to read it, or to erase from it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from vectorlog.deployment import Deployment
from vectorlog.embedding.catalogue import Models
from vectorlog.embedding.offers import local_offers
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
def inspect(
    path: Path, *, read_only: bool = True
) -> Iterator[tuple[Deployment, Callable[[], UnderWay], Callable[[], Waiting]]]:
    """Yields the folder's deployment, and functions that return its unfinished work and its queued messages.

    Nothing in the folder is written, whichever version made it. What an older version's databases lack is told when it
    is read. If it is not `read_only`, the log, the views and the blobs may be changed; the index never.

    Raises:
        NoDataFolder: the folder has no Vectorlog data.
        UnknownFormat: this version does not know its format, or it is an older one and not `read_only`.
        OlderDatabase: an older version made the log. What the views, the queues, the blobs and the index lack is told
            by the methods that read them.
    """
    folder = DataFolder(path, must_exist=True)
    if not read_only:
        folder.check_current()
    with ExitStack() as resources:
        log_and_views = resources.enter_context(closing(LocalLogAndViews(folder, read_only=read_only)))
        staging = Path(resources.enter_context(tempfile.TemporaryDirectory()))
        blobs = BlobsBySize(folder.blobs, staging, folder.small_blobs, read_only=read_only)
        resources.callback(blobs.rows.close)
        index = resources.enter_context(closing(LocalIndex(folder.index, read_only=True)))
        deployment = Deployment(
            streams=log_and_views.streams,
            views=log_and_views.views,
            blobs=blobs,
            index=index,
            models=Models(local_offers()),
            clock=clock,
            random=log_and_views.random,
        )
        checkpoint = Checkpoint(log_and_views.derived, "projector")

        def queues() -> dict[str, SQLiteQueue]:
            return {name: SQLiteQueue(log_and_views.derived, name, clock) for name in ("work", "embed", "slow")}

        def under_way() -> UnderWay:
            behind = len(log_and_views.log.after(checkpoint.read(), 1000))
            return UnderWay(behind, sum(queue.under_way(SOON_MS) for queue in queues().values()))

        def waiting() -> Waiting:
            messages = [
                WaitingMessage(name, body, receives, visible_at, lent=lent)
                for name, queue in queues().items()
                for body, receives, visible_at, lent in queue.peek()
            ]
            return Waiting({name: queue.depth() for name, queue in queues().items()}, tuple(messages))

        yield deployment, under_way, waiting
