"""Views and index of a data folder, made anew beside the server that may own it."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from vectorlog.deployment import one_by_one
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.files.blobs import Blobs
from vectorlog.files.folder import FolderBlobs
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.operations.rebuild_index import Refill
from vectorlog.operations.rebuild_views import Projection
from vectorlog.operations.transfer.contents import Watch
from vectorlog.runtime.local.data_folder import DataFolder, FolderInUse
from vectorlog.runtime.local.log_and_views import LocalLogAndViews
from vectorlog.views.sqlite import FRESH, SQLiteTable, Transaction, begin_fresh, serve_fresh
from vectorlog.views.views import Views

PAGE = 256
READY = "ready.json"
"""Written last into an index that may take the other's place: up to which commit it is."""

log = logging.getLogger(__name__)


class _Reader:
    """Commits of a log, each once; `position` is that of the last."""

    def __init__(self, log: SQLiteEventLog, position: int = 0) -> None:
        self._log = log
        self.position = position

    def rest(self) -> Iterator[Commit]:
        """Those up to the end."""
        while page := self._log.after(self.position, PAGE):
            for fed in page:
                yield fed.commit
                self.position = fed.position


def views(folder: DataFolder, watch: Watch) -> int:
    """Projects the log into a new table, which takes the place of the one that serves in one transaction; gives how
    many commits there were.

    A server and other processes may use the folder meanwhile: they see the old rows before that transaction and the new
    ones after it, and what they write waits for as long as it takes, which is what came into the log a moment before.
    One that dies leaves the old rows.

    Raises:
        FolderInUse: another rebuild of the folder is under way.
        UnknownSchema: newer code wrote a commit.
    """
    with folder.lock_rebuild(), closing(LocalLogAndViews(folder)) as log_and_views:
        projection, reader = Projection(log_and_views.streams, one_by_one), _Reader(log_and_views.log)
        log_and_views.derived.write(begin_fresh)
        fresh = Views(SQLiteTable(log_and_views.derived, FRESH))
        projection.take(watch("commits", reader.rest(), None), fresh)
        projection.settle(fresh)

        def switch(connection: sqlite3.Connection) -> None:
            within = Views(SQLiteTable(Transaction(connection), FRESH))
            projection.take(reader.rest(), within)  # whoever projects a later commit waits for this transaction
            projection.settle(within)
            serve_fresh(connection)

        log_and_views.derived.write(switch)
        return reader.position


def index(folder: DataFolder, watch: Watch) -> Refill:
    """Fills a new index from the artefacts, beside the one that serves; `adopt_index` puts it in that one's place.

    Raises:
        FolderInUse: another rebuild of the folder is under way.
    """
    with (
        folder.lock_rebuild(),
        tempfile.TemporaryDirectory() as staging,
        closing(LocalLogAndViews(folder)) as log_and_views,
    ):
        shutil.rmtree(folder.next_index, ignore_errors=True)
        position = log_and_views.log.last_position()
        with closing(LocalIndex(folder.next_index)) as fresh:
            refill = Refill(log_and_views.streams, FolderBlobs(folder.blobs, Path(staging)), fresh)
            refill.fill(watch)
        draft = folder.next_index / f"{READY}.draft"
        draft.write_text(json.dumps({"position": position}))
        _sync(draft)
        draft.replace(folder.next_index / READY)
        _sync(folder.next_index)
    return refill


def adopt_index(folder: DataFolder, log_and_views: LocalLogAndViews, blobs: Blobs) -> bool:
    """Puts an index that was made anew, if there is one, in the place of the other, once it has what the log says by
    now; whether there was. Whoever calls has the folder's lock, and the index is not open. A process that dies here
    leaves one of the two.
    """
    try:
        rebuilding = folder.lock_rebuild()
    except FolderInUse:  # that one is not ready
        return False
    with rebuilding:
        ready = folder.next_index / READY
        found = ready.is_file()
        if found:
            reader = _Reader(log_and_views.log, json.loads(ready.read_text())["position"])
            with closing(LocalIndex(folder.next_index)) as fresh:
                Refill(log_and_views.streams, blobs, fresh).catch_up(reader.rest())
            shutil.rmtree(folder.old_index, ignore_errors=True)
            if folder.index.exists():
                folder.index.rename(folder.old_index)
            folder.next_index.rename(folder.index)
            _sync(folder.path)
            log.info("the index that was made anew serves from now on")
        (folder.index / READY).unlink(missing_ok=True)
        shutil.rmtree(folder.old_index, ignore_errors=True)
        return found


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
