"""A data folder opened only to look at it, beside the server that may own it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from vectorlog.embedding.catalogue import Models
from vectorlog.embedding.offers import local_offer
from vectorlog.files.folder import FolderBlobs
from vectorlog.index.local import LocalIndex
from vectorlog.runtime.checkpoint import Checkpoint
from vectorlog.runtime.data_folder import DataFolder
from vectorlog.runtime.ledger import Ledger, clock
from vectorlog.use_cases.edition import Edition
from vectorlog.verify.verify import UnderWay
from vectorlog.work.sqlite import SQLiteQueue

SOON_MS = 60_000
"""A message that waits for longer, such as a second purge after a day, is not under way."""


@contextmanager
def inspect(path: Path) -> Iterator[tuple[Edition, Callable[[], UnderWay]]]:
    """The folder's parts, and what is under way in it."""
    folder = DataFolder(path, only_old=True)
    with ExitStack() as resources:
        ledger = resources.enter_context(closing(Ledger(folder)))
        staging = Path(resources.enter_context(tempfile.TemporaryDirectory()))
        index = resources.enter_context(closing(LocalIndex(folder.index, look=True)))
        edition = Edition(
            streams=ledger.streams,
            views=ledger.views,
            blobs=FolderBlobs(folder.blobs, staging),
            index=index,
            models=Models([local_offer()]),
            clock=clock,
            random=ledger.random,
        )
        queues = [SQLiteQueue(ledger.derived, name, clock) for name in ("work", "embed")]
        checkpoint = Checkpoint(ledger.derived, "projector")

        def under_way() -> UnderWay:
            behind = len(ledger.log.after(checkpoint.read(), 1000))
            return UnderWay(behind, sum(queue.under_way(SOON_MS) for queue in queues))

        yield edition, under_way
