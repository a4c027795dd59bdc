"""The rows of usage: how many bytes a project and each of its end users stores, by day (UTC).

A row counts one month. It has a count for each day with changes: by how many bytes that day changed what is stored, so
the bytes stored at the end of a day are the sum of all counts up to it, and no later delete changes them. The counts
change in the transaction that changes the counts of the store, or writes the row of the upload, so they are right
whether commits are projected twice, late or out of order.

What is in a store counts for the store's owner until the store expires or is deleted. A change of its files before that
moment, which is projected after it, counts until then (`overtaken`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from vectorlog.domain import store_file
from vectorlog.domain.ids import StoreFileId
from vectorlog.domain.tenancy import Owner
from vectorlog.event_log.decision import FileDecision, StoreDecision, StoreFileDecision
from vectorlog.views import keys, usage_keys
from vectorlog.views.rows import Rows
from vectorlog.views.table import NO_ROW, Key, Put, Row

SHARDS = 8
"""How many rows count a month, so that the stores and uploads of a project seldom change the same row at once: DynamoDB
refuses a transaction on a row that another one is changing.
"""
PENDING = "pending"
"""In a store's counts, the number of changes whose owner is not known yet, because the store's own row is not written;
`pending:` and a day is by how many bytes they changed what is stored.
"""
_HELD = "held:"
"""With a number: the data of the tombstone of a file that was in a store when that was deleted, and its bytes."""


def held_by(state: store_file.State) -> int:
    """Returns how many bytes a file in this state holds in its store."""
    held = state.attached and state.status == "completed"
    return state.serving.usage_bytes if held and state.serving else 0


def shown_by(status: str | None, data: str) -> int:
    """Returns how many bytes a file holds in its store by its row."""
    if status != "completed":
        return 0
    serving = json.loads(data)["data"]["serving"]
    return int(serving["usage_bytes"]) if serving else 0


def store_changed_by(rows: Rows, store: str, size: int, at: int) -> None:
    """Counts that the bytes in a store changed by `size`, at this time (ms). Reads the store's row; does nothing if
    that is closed, because then nothing of the commit is written (`overtaken` counts it).
    """
    key = keys.store(store)
    if rows.closed(key):
        return
    if rows.version(key) == NO_ROW:
        rows.hold(key)
        rows.add(key, **{PENDING: 1, f"{PENDING}:{_day(at)}": size})
        return
    if _state(rows, key)["ended"] is None:
        rows.hold(key)
    _add_until_end(rows, store, _day(at), size)


def store_changed(decision: StoreDecision, rows: Rows) -> Mapping[str, int | None]:
    """Counts what a store's files changed before its row was written, and that an ended store holds nothing. Returns
    the counts that the store's row must have when it is written, because they were counted.
    """
    key, owner, needed = keys.store(decision.stream), decision.state.owner, dict[str, int | None]()
    if owner is None:
        return needed
    counts, first = rows.counts(key), rows.version(key) == NO_ROW
    pending = {
        name.removeprefix(f"{PENDING}:"): size for name, size in counts.items() if name.startswith(f"{PENDING}:")
    }
    if first:
        needed[PENDING] = counts.get(PENDING)
        for day, size in pending.items():
            _add(rows, "stores", owner, decision.stream, day, size)
    if decision.state.ended and (first or _state(rows, key)["ended"] is None):
        needed["usage_bytes"] = counts.get("usage_bytes")
        end = _end_of(decision.state.ended_at)
        later = {day: size for day, size in pending.items() if day > end}
        for day, size in {end: counts.get("usage_bytes", 0) - sum(later.values()), **later}.items():
            _add(rows, "stores", owner, decision.stream, day, -size)
    return needed


def changed_by(row: Row, store: str, at: int) -> tuple[Key, ...]:
    """Returns the keys of the rows to which files of a store, given its row, add in the month of `at` (ms)."""
    owner = json.loads(row.data)["data"]["owner"] if row.data else None
    return usage_keys.rows("stores", Owner(**owner), _day(at)[: len("2026-11")], _shard(store)) if owner else ()


def file_uploaded(decision: FileDecision, rows: Rows) -> None:
    """Counts an upload, when its row is first written."""
    state, key = decision.state, keys.file(decision.stream)
    if state.owner is not None and rows.version(key) == NO_ROW:
        _add(rows, "files", state.owner, decision.stream, _day(state.created_at), state.size)


def overtaken_by_delete(decision: StoreFileDecision, rows: Rows, listed: Key) -> None:
    """Counts what a file held in a store that is deleted already, until then. No row shows the file, so a tombstone
    under the key of its attachment says how many bytes were counted, and keeps them from being counted twice.

    Args:
        decision: on the file.
        rows: the store's row, the file's attachment, and `listed`.
        listed: the key of the row that lists the file, or would.
    """
    stream = StoreFileId.parse(decision.stream)
    attachment, after = keys.attachment(stream.file, stream.store), held_by(decision.state)
    if max(rows.version(attachment), rows.version(listed)) >= decision.version:
        return
    before = shown_by(rows.status(listed), rows.data(listed))
    if rows.gone(attachment):
        before = _counted(rows.data(attachment))
    if after != before:
        _add_until_end(rows, stream.store, _day(decision.at), after - before)
    rows.put(attachment, decision.version, **_tombstone(after))


def purged(row: Row, attachment: Row | None, file: str, store: str) -> Put | None:
    """Returns the tombstone that a purged file leaves under the key of its attachment (None: it is there already), so
    that its commits count once if they are projected again.

    Args:
        row: the row that lists the file.
        attachment: as it was read.
        file: the file's id.
        store: the id of the store, which is deleted.
    """
    if attachment is not None and attachment.gone:
        return None
    replaces = attachment.version if attachment else NO_ROW
    held = shown_by(row.status, row.data)
    return Put(keys.attachment(file, store), max(row.version, replaces), replaces, **_tombstone(held))


def _tombstone(held: int) -> dict[str, Any]:
    return {"data": f"{_HELD}{held}", "gone": True}


def _counted(data: str) -> int:
    return int(data.removeprefix(_HELD)) if data.startswith(_HELD) else 0


def _add_until_end(rows: Rows, store: str, day: str, size: int) -> None:
    """Counts a change of what a store holds; if the store has ended, only until the day on which it did."""
    state = _state(rows, keys.store(store))
    owner = Owner(**state["owner"])
    if state["ended"] is None:
        _add(rows, "stores", owner, store, day, size)
    elif day < (end := _end_of(state.get("ended_at"))):
        _add(rows, "stores", owner, store, day, size)
        _add(rows, "stores", owner, store, end, -size)


def _state(rows: Rows, key: Key) -> Mapping[str, Any]:
    state: Mapping[str, Any] = json.loads(rows.data(key))["data"]
    return state


def _end_of(ended_at: int | None) -> str:
    """Returns the day on which a store ended; of a row that does not say, the first of all."""
    return _day(ended_at or 0)


def _add(rows: Rows, of: usage_keys.UsageOf, owner: Owner, thing: str, day: str, size: int) -> None:
    month, _, number = day.rpartition("-")
    for key in usage_keys.rows(of, owner, month, _shard(thing)):
        rows.add(key, **{number: size})


def _shard(thing: str) -> int:
    return crc32(thing.encode()) % SHARDS


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d")
