"""Rebuilds the views, the index and the chunks of a data folder, even while a server is running on it."""

from __future__ import annotations

import errno
import json
import logging
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from vectorlog.deployment import one_by_one
from vectorlog.domain.errors import NoSpace
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.files.blobs import Blobs
from vectorlog.files.by_size import BlobsBySize
from vectorlog.files.synced import sync
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.index.embedded.schema import has_other_terms
from vectorlog.operations.progress import Watch, silent
from vectorlog.operations.rebuild_chunks import Reread, reread
from vectorlog.operations.rebuild_index import Refill
from vectorlog.operations.rebuild_views import Projection
from vectorlog.runtime.local.data_folder import DataFolder, FolderInUse
from vectorlog.runtime.local.log_and_views import LocalLogAndViews
from vectorlog.views.sqlite import FRESH, SQLiteTable, Transaction, begin_fresh, serve_fresh
from vectorlog.views.views import Views

PAGE = 256
VIEWS_VERSION = 2
"""The version of the rows that this code makes from the log. It grows when an earlier version made other rows."""
READY = "ready.json"
"""The file that is written last into a rebuilt index. It has the position in the log that the index covers."""

log = logging.getLogger(__name__)


class _Reader:
    """Reads each commit of a log once.

    Attributes:
        position: of the last commit read; positions may have gaps.
        commits: how many were read.
    """

    def __init__(self, log: SQLiteEventLog, position: int = 0) -> None:
        self._log = log
        self.position = position
        self.commits = 0

    def rest(self) -> Iterator[Commit]:
        """Yields the commits that have not been read yet, up to the end of the log."""
        while page := self._log.after(self.position, PAGE):
            for entry in page:
                yield entry.commit
                self.position = entry.position
                self.commits += 1


def views(folder: DataFolder, watch: Watch) -> int:
    """Projects the log into a new table, and replaces the serving table in one transaction. Returns the number of
    commits.

    A server and other processes may use the folder meanwhile. They see the old rows before that transaction and the
    new rows after it. Their writes wait while it projects the commits that arrived during the rebuild. If the process
    dies, the old rows stay.

    Raises:
        FolderInUse: another rebuild of the folder is under way.
        UnknownSchema: newer code wrote a commit.
    """
    with folder.lock_rebuild(), closing(LocalLogAndViews(folder)) as log_and_views:
        projection, reader = (
            Projection(log_and_views.streams, one_by_one),
            _Reader(log_and_views.log),
        )
        log_and_views.derived.write(begin_fresh)
        fresh = Views(SQLiteTable(log_and_views.derived, FRESH))
        projection.take(watch("commits", reader.rest(), None), fresh)
        projection.apply_work(fresh)

        def switch(connection: sqlite3.Connection) -> None:
            within = Views(SQLiteTable(Transaction(connection), FRESH))
            projection.take(reader.rest(), within)  # projections of later commits wait for this transaction
            projection.apply_work(within)
            serve_fresh(connection)
            _record_version(connection)

        log_and_views.derived.write(switch)
        return reader.commits


def renew_views(folder: DataFolder, log_and_views: LocalLogAndViews) -> None:
    """Rebuilds the views if an earlier version of this code made them, so that they have what it did not count or list.

    Raises:
        FolderInUse: a rebuild of the folder is under way.
    """
    (version,) = log_and_views.derived.read().execute("PRAGMA user_version").fetchone()
    if version >= VIEWS_VERSION:
        return
    if log_and_views.log.last_position():
        log.warning("an earlier version made the views of %s: they are made anew", folder.path)
        views(folder, silent)
    else:
        log_and_views.derived.write(_record_version)


def chunks(folder: DataFolder, watch: Watch) -> Reread:
    """Has files read again whose chunks an earlier version made. The server does it, when it sees the commits.

    Raises:
        FolderInUse: another rebuild of the folder is under way.
        UnknownSchema: newer code wrote a commit.
    """
    with folder.lock_rebuild(), closing(LocalLogAndViews(folder)) as parts, blobs_of(folder) as blobs:
        return reread(parts.streams, parts.views, blobs, parts.clock, watch)


@contextmanager
def blobs_of(folder: DataFolder) -> Iterator[Blobs]:
    """The blobs of a folder that a server may have open, whose staging is not touched. They are only read."""
    with tempfile.TemporaryDirectory() as staging:
        blobs = BlobsBySize(folder.blobs, Path(staging), folder.small_blobs, read_only=True)
        with closing(blobs.rows):
            yield blobs


def index(folder: DataFolder, watch: Watch) -> Refill:
    """Fills a new index from the artefacts, next to the serving one. `adopt_index` replaces that with it.

    Raises:
        FolderInUse: another rebuild of the folder is under way.
    """
    with (
        folder.lock_rebuild(),
        closing(LocalLogAndViews(folder)) as log_and_views,
        blobs_of(folder) as blobs,
    ):
        shutil.rmtree(folder.next_index, ignore_errors=True)
        position = log_and_views.log.last_position()
        with closing(LocalIndex(folder.next_index)) as fresh:
            refill = Refill(log_and_views.streams, blobs, fresh)
            refill.fill(watch)
        draft = folder.next_index / f"{READY}.draft"
        draft.write_text(json.dumps({"position": position}))
        sync(draft)
        draft.replace(folder.next_index / READY)
        sync(folder.next_index)
    return refill


def renew_index(folder: DataFolder) -> None:
    """Makes the index anew if its terms are of an earlier version, unless that has been done: `adopt_index` follows.

    Raises:
        FolderInUse: a rebuild of the folder is under way.
        OSError: the disk is full.
    """
    if not has_other_terms(folder.index) or (
        (folder.next_index / READY).is_file() and not has_other_terms(folder.next_index)
    ):
        return
    log.warning("an earlier version made the text index of %s: it is made anew from the artefacts", folder.path)
    try:
        refill = index(folder, silent)
    except NoSpace as error:
        shutil.rmtree(folder.next_index, ignore_errors=True)
        raise OSError(
            errno.ENOSPC, f"The index of {folder.path} has to be made anew, which takes as much disk again: free some"
        ) from error
    log.warning("the text index of %s is made anew: %s chunks of %s files", folder.path, refill.chunks, refill.files)
    for each in refill.incomplete:
        log.error("%s does not hold all chunks of its file, so no search finds the rest: attach the file again", each)


def adopt_index(folder: DataFolder, log_and_views: LocalLogAndViews, blobs: Blobs) -> bool:
    """Brings a rebuilt index up to date with the log, and puts it in place of the old one; returns whether there was
    one. An index that another version has rebuilt is left where it is.

    The caller must hold the folder's lock, and the index must not be open. If the process dies here, one of the two
    indexes remains.
    """
    try:
        rebuilding = folder.lock_rebuild()
    except FolderInUse:  # a rebuild is under way, so its index is not ready
        return False
    with rebuilding:
        ready = folder.next_index / READY
        is_ready = ready.is_file() and not has_other_terms(folder.next_index)
        if is_ready:
            reader = _Reader(log_and_views.log, json.loads(ready.read_text())["position"])
            with closing(LocalIndex(folder.next_index)) as fresh:
                Refill(log_and_views.streams, blobs, fresh).catch_up(reader.rest())
            shutil.rmtree(folder.old_index, ignore_errors=True)
            if folder.index.exists():
                folder.index.rename(folder.old_index)
            folder.next_index.rename(folder.index)
            sync(folder.path)
            log.info("the rebuilt index serves from now on")
        (folder.index / READY).unlink(missing_ok=True)
        shutil.rmtree(folder.old_index, ignore_errors=True)
        return is_ready


def _record_version(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA user_version = {VIEWS_VERSION}")
