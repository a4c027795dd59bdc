"""Removes what a deleted or expired store has left, in small steps.

A step removes up to `STEP` objects or rows of each part, and says where the next one begins. A step that died is simply
repeated. What finds the rest goes last: a batch's entries before the row that lists the batch. Which files and batches
the store had stays on record, for its history and its erasure (`views/past.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import assert_never

from vectorlog.defaults import DAY_MS
from vectorlog.deployment import Deployment
from vectorlog.domain import vector_store
from vectorlog.domain.vectors import Space
from vectorlog.event_log.codec import VECTOR_STORE
from vectorlog.files import artefact
from vectorlog.files.blobs import Blobs
from vectorlog.use_cases import manifests
from vectorlog.views import keys, past
from vectorlog.views.table import WRITE_LIMIT, Key, Remove, Table
from vectorlog.work.messages import PurgePoint
from vectorlog.work.move_messages import PurgeVectors

STEP = 1000
"""How many objects or rows a step removes. S3 lists and deletes so many at a time, and ten transactions remove rows."""
AGAIN_MS = DAY_MS
"""When to repeat a purge: by then no ingest of the store can be under way any more."""
SEARCHED_MS = 60_000
"""For how long a search may use a space that its store has left: twice as long as a search may take."""
BATCHES = 100
"""How many batches a step removes at most, because each takes at least two calls."""


def step(
    deployment: Deployment, store: str, state: vector_store.State, point: PurgePoint = PurgePoint()
) -> PurgePoint | None:
    """Removes some of what an ended store has left: one part after the other, up to one that has more than a step.

    Returns:
        The point at which to continue. None once chunks and artefacts are gone, and for a deleted store also manifests
        and rows.
    """
    following = _step(deployment, store, state, point)
    while following is not None and (following.part, following.table) != (point.part, point.table):
        point = following
        following = _step(deployment, store, state, point)
    return following


def step_of_vectors(deployment: Deployment, message: PurgeVectors) -> tuple[PurgeVectors, int] | None:
    """Removes some of a store's chunks in a space that it has left: not before the searches have ended that began
    before, and once more when no ingest can be under way any more that did.

    Returns:
        The message to continue with, and when, in ms. None at the end, or if the store uses the space again.
    """
    space = Space(message.model, message.dimensions)
    if message.times < 0:
        return replace(message, times=0), SEARCHED_MS
    store = deployment.streams.load(VECTOR_STORE, message.store).state
    if store.ended is None and space in store.spaces:
        return None
    if deployment.index.remove_store(space, message.store):
        return message, 0
    return None if message.times else (replace(message, times=1), AGAIN_MS)


def rows_in(table: Table, store: str) -> None:
    """Removes every row of a deleted store from a table, except its closed counts row, which refuses late writes, the
    tombstones of its files, and the rows that say what it had.
    """
    point: PurgePoint | None = PurgePoint("batches")
    while point is not None:
        point = _step_in_tables([table], store, point)


def _step(deployment: Deployment, store: str, state: vector_store.State, point: PurgePoint) -> PurgePoint | None:
    match point.part:
        case "chunks":
            more = deployment.index.remove_store(state.space, store)
            return point if more else PurgePoint("artefacts")
        case "artefacts":
            if _remove_objects(deployment.blobs, artefact.folder_of(store)):
                return point
            return PurgePoint("manifests") if state.deleted else None
        case "manifests":
            more = _remove_objects(deployment.blobs, manifests.folder(store))
            return point if more else PurgePoint("batches")
        case "batches" | "files" | "contents":
            return _step_in_tables(deployment.views.tables, store, point)
        case _ as never:
            assert_never(never)


def _step_in_tables(tables: Sequence[Table], store: str, point: PurgePoint) -> PurgePoint | None:
    if point.table >= len(tables):  # there were more tables when this purge began
        return None
    after = _step_in(tables[point.table], store, point)
    if after is not None:
        return PurgePoint(point.part, point.table, after)
    if point.part != "contents":
        return PurgePoint("files" if point.part == "batches" else "contents", point.table)
    return PurgePoint("batches", point.table + 1) if point.table + 1 < len(tables) else None


def _step_in(table: Table, store: str, point: PurgePoint) -> str | None:
    """Removes some rows of a part; returns the sort key after which the next step begins, or None at the end.

    Tombstones stay until they expire, so a part that has some is not begun anew.
    """
    if point.part == "batches":
        return "" if _remove_batches(table, store) else None
    pk, prefix = (keys.contents(store), "") if point.part == "contents" else (keys.store(store).pk, keys.FILES)
    found = table.query(pk, prefix=prefix, after=point.after or None, limit=STEP)
    if point.part == "files":
        past.leave(table, store, found)
    else:
        _remove(table, [row.key for row in found])
    return found[-1].key.sk if len(found) == STEP else None


def _remove_batches(table: Table, store: str) -> bool:
    """Removes the rows of some batches; returns whether there may be more."""
    left, batches = STEP, table.query(keys.batches(store), limit=BATCHES)
    for row in batches:
        own = table.query(keys.batch(keys.thing_of(row.key.sk)).pk, limit=left)
        _remove(table, [each.key for each in own])
        left -= len(own)
        if left <= 0:
            return True
        past.leave_batch(table, store, row.key)
    return len(batches) == BATCHES


def _remove_objects(blobs: Blobs, folder: str) -> bool:
    """Removes some objects of a folder; returns whether there may be more."""
    found = list(islice(blobs.list(folder), STEP))
    blobs.delete(found)
    return len(found) == STEP


def _remove(table: Table, rows: Sequence[Key]) -> None:
    for start in range(0, len(rows), WRITE_LIMIT):
        table.write([Remove(key) for key in rows[start : start + WRITE_LIMIT]])
