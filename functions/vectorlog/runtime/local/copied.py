"""Recognises a data folder that was copied while a server worked on it, or whose views are damaged, and makes it whole
or refuses it.

The parts of such a copy were read at different moments, so they may not belong together: views or an index that are
newer or older than the log would give wrong answers. The log and the blobs are checked, and the rest is made from them.
A snapshot of the file system is no copy in this sense: all of it is of one moment.
"""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.files import artefact
from vectorlog.files.by_size import BlobsBySize
from vectorlog.files.private import private_file
from vectorlog.files.sqlite import SQLiteBlobs
from vectorlog.files.synced import sync
from vectorlog.operations.folded_log import read
from vectorlog.operations.progress import silent
from vectorlog.operations.wholeness import not_whole
from vectorlog.runtime.local import damaged, rebuild
from vectorlog.runtime.local.checkpoint import Checkpoint
from vectorlog.runtime.local.data_folder import DataFolder
from vectorlog.runtime.local.inspection import inspect
from vectorlog.runtime.local.log_and_views import LocalLogAndViews, clock

_GAPS = """
    SELECT stream, min(version) AS first FROM commits GROUP BY stream
    HAVING count(*) <= max(version) - first OR (first > 0 AND NOT EXISTS (
        SELECT 1 FROM commits AS kept WHERE kept.stream = commits.stream AND kept.version = first
        AND kept.events LIKE '%Erased","v"%'))
    LIMIT 1"""
"""A stream that lacks a commit: one in between, or the first ones without an erasure that has removed them."""
NAMED = 5
"""How many objects a refusal names."""

log = logging.getLogger(__name__)


class TornCopy(Exception):
    """The folder is a copy that lacks something which cannot be made anew. The message says what, and what helps."""


def make_whole(folder: DataFolder) -> None:
    """Makes the views, the queues and the index anew if the folder is a copy that was taken while a server worked, or
    if the views are newer than the log; only the views and the queues if their database is damaged. The caller holds
    the folder's lock, and nothing of it is open.

    Raises:
        TornCopy: the log is damaged, or bytes that it names are missing or cut off.
    """
    if not folder.log.exists():
        return
    end, damage = _end(folder), damaged.found(folder)
    if damage is None and _belongs_together(folder, end):
        return
    if damage is not None and folder.place.exists() and _is_own(folder, end):
        log.warning("%s is damaged (%s): it is made anew from the log", folder.derived, damage)
        _check_log(folder)
        _renew_derived(folder)
        return
    log.warning("%s is a copy of a folder in use: it is checked, and views and index are made anew", folder.path)
    _check_log(folder)
    _renew_derived(folder)
    shutil.rmtree(folder.index, ignore_errors=True)
    _check_blobs(folder)
    rebuild.index(folder, silent)


def opened(folder: DataFolder) -> None:
    """Records which folder this is. From now on, a copy of it may be torn."""
    _record(folder, None)


def closed(folder: DataFolder, position: int) -> None:
    """Records that all of it was written, up to this position of the log. Until it is opened, a copy of it is whole."""
    _record(folder, position)


def _end(folder: DataFolder) -> int:
    """Returns the position of the log's last commit."""
    try:
        with closing(SQLiteEventLog(folder.log)) as event_log:
            return event_log.last_position()
    except sqlite3.DatabaseError as error:
        if damaged.is_damage(error):
            raise TornCopy(_damaged_log(folder, str(error))) from error
        raise


def _belongs_together(folder: DataFolder, end: int) -> bool:
    """Returns whether all is of one folder, or was copied while no server had it open."""
    with closing(LocalLogAndViews(folder)) as log_and_views:
        handled = Checkpoint(log_and_views.derived, "projector").read()
    if handled > end:
        return False
    if not folder.place.exists():  # an earlier version had it open; or only the log and the blobs were copied
        return bool(handled) or not end
    return _is_own(folder, end)


def _is_own(folder: DataFolder, end: int) -> bool:
    """Returns whether the folder is the one that a server had open, or was closed at the end of its log."""
    place = json.loads(folder.place.read_text())
    return bool(place["inode"] == folder.marker.stat().st_ino or place["closed_at"] == end)


def _renew_derived(folder: DataFolder) -> None:
    """Makes the views and the queues anew; the projector then sends the work of all commits again."""
    damaged.remove(folder)
    damaged.forget_uptime(folder)
    rebuild.views(folder, silent)


def _record(folder: DataFolder, closed_at: int | None) -> None:
    draft = folder.place.with_suffix(".json.draft")
    with private_file(draft) as file:
        file.write(json.dumps({"inode": folder.marker.stat().st_ino, "closed_at": closed_at}).encode() + b"\n")
    sync(draft)
    draft.replace(folder.place)
    sync(folder.path)


def _check_log(folder: DataFolder) -> None:
    with closing(sqlite3.connect(folder.log)) as connection:
        (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if found == "ok":
            rows = connection.execute(_GAPS).fetchall()
            found = f"{rows[0][0]} lacks a commit" if rows else found
    if found != "ok":
        raise TornCopy(_damaged_log(folder, found))


def _damaged_log(folder: DataFolder, what: str) -> str:
    return (
        f"The log in {folder.path} is damaged ({what}): it was copied while a server wrote to it, or the copy is "
        f"cut off. Take another copy with `vectorlog export`, beside the running server, or stop the server before you "
        f"copy."
    )


def _can_be_read(database: Path) -> bool:
    try:
        with closing(SQLiteBlobs(database, clock, read_only=True)) as small:
            return small.is_whole()
    except sqlite3.DatabaseError as error:
        if not damaged.is_damage(error):
            raise
        return False


def _check_blobs(folder: DataFolder) -> None:
    if not _can_be_read(folder.small_blobs):
        raise TornCopy(
            f"The database of small files in {folder.path}, {folder.small_blobs.name}, is damaged: it was copied while "
            f"a server wrote to it, or the copy is cut off. Take another copy with `vectorlog export`, beside the "
            f"running server, or stop the server before you copy."
        )
    with inspect(folder.path) as (deployment, _, _):
        history = read(deployment)
        lacking = sorted(not_whole(deployment, history))
        if lacking:
            raise TornCopy(
                f"{len(lacking)} objects that the log in {folder.path} names are missing or cut off, such as "
                f"{', '.join(lacking[:NAMED])}: the folder was copied while a server worked on it. Copy the folder "
                f"blobs, and blobs.db with blobs.db-wal, from the original once more. If that is gone, run `vectorlog "
                f"export` on this folder and `vectorlog import` into a new one: they tell what is lost, and keep the "
                f"rest."
            )
        known = {
            artefact.folder(id_.store, id_.file, each.generation)
            for id_, state in history.store_files.items()
            for each in (state.open, state.serving)
            if each is not None
        }
        unknown = [key for key in deployment.blobs.list("artefacts/") if f"{key.rpartition('/')[0]}/" not in known]
    blobs = BlobsBySize(folder.blobs, folder.staging, folder.small_blobs)
    with closing(blobs.rows):
        blobs.delete(unknown)  # a later generation of the same number would be mixed with it
