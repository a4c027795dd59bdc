"""The projection: the changes of rows that follow from a commit, as a pure function of the commit and the current rows.

Every commit is projected, not only a stream's newest one. If a row is newer than the commit, the row stays, but the
commit's batch entries are still applied. Row, entries and counts are written in one transaction, so duplicates,
reordering and crashes all lead to the same rows (ARCHITECTURE.md, "The flow").
"""

from __future__ import annotations

import json
from typing import assert_never

from vectorlog.defaults import DAY_MS
from vectorlog.domain import store_file, vector_store
from vectorlog.domain.ids import StoreFileId
from vectorlog.domain.tenancy import Owner
from vectorlog.event_log.decision import (
    AnyDecision,
    BatchDecision,
    FileDecision,
    StoreDecision,
    StoreFileDecision,
    is_batch,
    is_file,
    is_key,
    is_store,
    is_store_file,
)
from vectorlog.views import keys
from vectorlog.views.rows import Rows
from vectorlog.views.table import NO_ROW, Key

INGEST_DEADLINE_MS = DAY_MS
"""A file that is still open after a day is failed (docs/promises.md, promise 1)."""
TOMBSTONE_MS = 8 * DAY_MS
"""Longer than a commit can be delayed: DynamoDB's stream keeps its records for a day."""

_ENTRY_RANK = {"open": 0, "completed": 1, "failed": 1, "cancelled": 1}


def touched(decision: AnyDecision) -> list[Key]:
    """Returns the keys of the rows that `apply` needs to read."""
    stream = decision.stream
    if is_store_file(decision):
        return _touched_by_store_file(decision)
    if is_store(decision):
        return [keys.store(stream), *_lists("store", decision.state.owner, decision.state.created_at, stream)]
    if is_batch(decision):
        store = decision.state.store
        return [
            keys.batch(stream),
            keys.open_batch(store, stream),
            keys.every_batch(store, stream),
            keys.store(store),
        ]
    if is_file(decision):
        return [keys.file(stream), *_lists("file", decision.state.owner, decision.state.created_at, stream)]
    if is_key(decision):
        return [keys.api_key(stream)]
    assert_never(decision)


def _touched_by_store_file(decision: StoreFileDecision) -> list[Key]:
    stream, state = StoreFileId.parse(decision.stream), decision.state
    rows = [keys.entry(batch, stream.file) for batch in sorted(batches_of(decision))]
    if state.placement is not None and not changes_no_row(decision):
        rows.append(keys.store_file(stream.store, stream.file, state.placement))
    if any(map(changes_membership, decision.events)):
        rows += _pointers(stream, state)
    return rows


def apply(decision: AnyDecision, rows: Rows) -> None:
    """Applies the commit's changes to the rows."""
    if is_store_file(decision):
        _project_store_file(decision, rows)
    elif is_store(decision):
        _project_store(decision, rows)
    elif is_batch(decision):
        _project_batch(decision, rows)
    elif is_file(decision):
        _project_file(decision, rows)
    elif is_key(decision):
        rows.put(keys.api_key(decision.stream), decision.version, data=decision.text)
    else:
        assert_never(decision)


def batches_of(decision: StoreFileDecision) -> set[str]:
    """Returns the batches whose entries the commit opens or closes."""
    return {batch for event in decision.events for batch in store_file.entries(event)}


def changes_no_row(decision: StoreFileDecision) -> bool:
    """Whether the commit only records the number of chunks, which no list shows; the next commit's row has it too."""
    return not any(_changes_row(event) for event in decision.events)


def _changes_row(event: store_file.Event) -> bool:
    match event:
        case store_file.FileChunked():
            return False
        case (
            store_file.FileAttached()
            | store_file.FileIngested()
            | store_file.FileFailed()
            | store_file.FileCancelled()
            | store_file.FileAttributesChanged()
            | store_file.FileDetached()
        ):
            return True
        case _ as never:
            assert_never(never)


def changes_membership(event: store_file.Event) -> bool:
    """Whether the event puts the file into the store or takes it out."""
    match event:
        case store_file.FileAttached() | store_file.FileDetached():
            return True
        case store_file.FileCancelled():
            return event.placement is not None
        case (
            store_file.FileChunked()
            | store_file.FileIngested()
            | store_file.FileFailed()
            | store_file.FileAttributesChanged()
        ):
            return False
        case _ as never:
            assert_never(never)


def _project_store_file(decision: StoreFileDecision, rows: Rows) -> None:
    stream, state = StoreFileId.parse(decision.stream), decision.state
    totals = keys.store(stream.store)
    if changes_no_row(decision):
        return
    if state.placement is not None:
        _project_row_and_pointers(decision, state.placement, rows)
    for event in decision.events:
        for batch, outcome in store_file.entries(event).items():
            _project_entry(rows, totals, batch, keys.entry(batch, stream.file), outcome)


def _project_row_and_pointers(decision: StoreFileDecision, placement: store_file.Placement, rows: Rows) -> None:
    stream, state = StoreFileId.parse(decision.stream), decision.state
    totals, key = keys.store(stream.store), keys.store_file(stream.store, stream.file, placement)
    if rows.version(key) < decision.version:
        _update_store_counts(rows, totals, rows.status(key), rows.data(key), state)
        _put_store_file(decision, rows, key)
    if any(map(changes_membership, decision.events)):
        rows.guard(totals)  # if the row is newer already, no counts change, and pointers could be written after a purge
        gone = {"gone": True, "expires_at": decision.at + TOMBSTONE_MS} if not state.attached else {}
        for pointer in _pointers(stream, state):
            rows.put(pointer, decision.version, **gone)


def _pointers(stream: StoreFileId, state: store_file.State) -> tuple[Key, Key]:
    return keys.attachment(stream.file, stream.store), keys.content(stream.store, state.sha256, stream.file)


def _put_store_file(decision: StoreFileDecision, rows: Rows, key: Key) -> None:
    state = decision.state
    if not state.attached:
        rows.put(key, decision.version, data=decision.text, gone=True, expires_at=decision.at + TOMBSTONE_MS)
        return
    deadline = state.open.since + INGEST_DEADLINE_MS if state.open else None
    rows.put(key, decision.version, data=decision.text, status=state.status, deadline=deadline)


def _update_store_counts(rows: Rows, totals: Key, before: str | None, data: str, state: store_file.State) -> None:
    """Moves a file from its old status to its new one in the store's counts. A tombstone has no status and no count."""
    if before is not None:
        rows.add(totals, **{before: -1, "usage_bytes": -_usage_bytes(before, data)})
    if state.attached:
        in_use = state.serving.usage_bytes if state.status == "completed" and state.serving else 0
        rows.add(totals, **{state.status: 1, "usage_bytes": in_use})


def _usage_bytes(status: str, data: str) -> int:
    if status != "completed":
        return 0
    serving = json.loads(data)["data"]["serving"]
    return int(serving["usage_bytes"]) if serving else 0


def _project_entry(rows: Rows, totals: Key, batch: str, entry: Key, outcome: str) -> None:
    """Opens or closes a batch's entry and counts it. The entry's rank is its row's version, so it never goes back."""
    rank, current = _ENTRY_RANK[outcome], rows.version(entry)
    if rank <= current:
        return
    counts = {outcome: 1} if rank else {}
    if current == NO_ROW:
        counts["reached"] = 1
        rows.add(totals, unreached=-1)
    rows.put(entry, rank, data=outcome)
    rows.add(keys.batch(batch), **counts)


def _project_store(decision: StoreDecision, rows: Rows) -> None:
    state = decision.state
    deleted = state.ended == "deleted"
    deadline = None if state.ended else state.expires_at
    rows.put(
        keys.store(decision.stream),
        decision.version,
        data=decision.text,
        closed=deleted,
        gone=deleted,
        deadline=deadline,
    )
    if deleted or any(isinstance(event, vector_store.VectorStoreCreated) for event in decision.events):
        tombstone = {"gone": True, "expires_at": decision.at + TOMBSTONE_MS} if deleted else {}
        for key in _lists("store", state.owner, state.created_at, decision.stream):
            rows.put(key, decision.version, **tombstone)


def _project_batch(decision: BatchDecision, rows: Rows) -> None:
    state, own, totals = decision.state, keys.batch(decision.stream), keys.store(decision.state.store)
    if rows.closed(totals):
        # If the batch's files were projected before it and before the store was deleted, its rows are there already,
        # and the purge finds them by this row.
        if rows.exists(own):
            rows.put(keys.every_batch(state.store, decision.stream), 0)
        return
    opened = keys.open_batch(state.store, decision.stream)
    if rows.version(own) == NO_ROW:
        rows.add(totals, unreached=state.count)
        rows.put(keys.every_batch(state.store, decision.stream), 0)
        rows.put(opened, 0, deadline=state.created_at + INGEST_DEADLINE_MS)
    rows.put(own, decision.version, data=decision.text)


def _project_file(decision: FileDecision, rows: Rows) -> None:
    state = decision.state
    gone = {"gone": True, "expires_at": decision.at + TOMBSTONE_MS} if state.deleted else {}
    deadline = None if state.deleted else state.expires_at
    rows.put(keys.file(decision.stream), decision.version, data=decision.text, deadline=deadline, **gone)
    for key in _lists("file", state.owner, state.created_at, decision.stream):
        rows.put(key, decision.version, data=decision.text, **gone)


def _lists(kind: keys.Listable, owner: Owner | None, created_at: int, thing: str) -> tuple[Key, ...]:
    return () if owner is None else keys.lists_with(kind, owner, created_at, thing)
