"""The rows of usage: how many bytes a project and each of its end users stores, by day (UTC).

A row counts one month. It has a count for each day with changes: by how many bytes that day changed what is stored, so
the bytes stored at the end of a day are the sum of all counts up to it, and no later delete changes them. The counts
change in the transaction that changes the counts of the store, or writes the row of the upload, so they are right
whether commits are projected twice, late or out of order.

What is in a store counts for the store's owner until the store expires or is deleted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from zlib import crc32

from vectorlog.domain.tenancy import Owner
from vectorlog.event_log.decision import FileDecision, StoreDecision
from vectorlog.views import keys
from vectorlog.views.rows import Rows
from vectorlog.views.table import NO_ROW

SHARDS = 8
"""How many rows count a month, so that the stores and uploads of a project seldom change the same row at once: DynamoDB
refuses a transaction on a row that another one is changing.
"""
PENDING = "pending"
"""In a store's counts, the number of changes whose owner is not known yet, because the store's own row is not written;
`pending:` and a day is by how many bytes they changed what is stored.
"""


def store_changed_by(rows: Rows, store: str, size: int, at: int) -> None:
    """Counts that the bytes in a store changed by `size`, at this time (ms). Reads the store's row."""
    key = keys.store(store)
    if rows.closed(key):
        return
    rows.hold(key)
    if rows.version(key) == NO_ROW:
        rows.add(key, **{PENDING: 1, f"{PENDING}:{_day(at)}": size})
        return
    state = json.loads(rows.data(key))["data"]
    if state["ended"] is None:
        _add(rows, "stores", Owner(**state["owner"]), store, _day(at), size)


def store_changed(decision: StoreDecision, rows: Rows) -> Mapping[str, int | None]:
    """Counts what a store's files changed before its row was written, and that an ended store holds nothing. Returns
    the counts that the store's row must have when it is written, because they were counted.
    """
    key, owner, needed = keys.store(decision.stream), decision.state.owner, dict[str, int | None]()
    if owner is None:
        return needed
    counts, first = rows.counts(key), rows.version(key) == NO_ROW
    if first:
        needed[PENDING] = counts.get(PENDING)
        for name, size in counts.items():
            if name.startswith(f"{PENDING}:"):
                _add(rows, "stores", owner, decision.stream, name.removeprefix(f"{PENDING}:"), size)
    if decision.state.ended and (first or json.loads(rows.data(key))["data"]["ended"] is None):
        needed["usage_bytes"] = counts.get("usage_bytes")
        _add(rows, "stores", owner, decision.stream, _day(decision.at), -counts.get("usage_bytes", 0))
    return needed


def file_uploaded(decision: FileDecision, rows: Rows) -> None:
    """Counts an upload, when its row is first written."""
    state, key = decision.state, keys.file(decision.stream)
    if state.owner is not None and rows.version(key) == NO_ROW:
        _add(rows, "files", state.owner, decision.stream, _day(state.created_at), state.size)


def _add(rows: Rows, of: keys.UsageOf, owner: Owner, thing: str, day: str, size: int) -> None:
    month, _, number = day.rpartition("-")
    for key in keys.usage(of, owner, month, crc32(thing.encode()) % SHARDS):
        rows.add(key, **{number: size})


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d")
