"""The rows that follow from a commit of a file in a store: its row, its pointers, its batches' entries, and counts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import assert_never

from vectorlog.domain import store_file
from vectorlog.domain.ids import StoreFileId
from vectorlog.event_log.decision import AnyDecision, StoreFileDecision, is_store_file
from vectorlog.views import keys, past_keys, usage_rows
from vectorlog.views.deadlines import INGEST_DEADLINE_MS
from vectorlog.views.rows import Rows
from vectorlog.views.table import NO_ROW, Key

_USUALLY_COUNTED = (store_file.FileIngested, store_file.FileDetached)
"""Events after which the store mostly holds another number of bytes."""
_ENTRY_RANK = {"open": 0, "completed": 1, "failed": 1, "cancelled": 1}


def touched(decision: StoreFileDecision) -> list[Key]:
    """Returns the keys of the rows that `apply` needs to read; see `projection.touched`."""
    stream, state = StoreFileId.parse(decision.stream), decision.state
    rows = [keys.entry(batch, stream.file) for batch in sorted(batches_of(decision))]
    if state.placement is not None and not changes_no_row(decision):
        rows.append(keys.store_file(stream.store, stream.file, state.placement))
        if any(map(changes_pointers, decision.events)):
            rows += _pointers(stream, state.sha256)
        if leaves_store(decision):
            rows.append(past_keys.past_file(stream.store, stream.file))
        if decision.version > 0 and any(isinstance(event, _USUALLY_COUNTED) for event in decision.events):
            rows.append(keys.store(stream.store))
    return rows


def also_touched(decision: StoreFileDecision, rows: Rows) -> list[Key]:
    """Returns the keys of rows that `apply` needs too, as those that were read show: the pointers, if the file has no
    row yet; the row of its former place; the content that an erased file had; and the store's, if the bytes that it
    holds change.
    """
    if decision.state.placement is None or changes_no_row(decision):
        return []
    stream, state = StoreFileId.parse(decision.stream), decision.state
    key, former = keys.store_file(stream.store, stream.file, decision.state.placement), _former_row(decision, rows)
    pointers = _pointers(stream, state.sha256) if rows.version(key) == NO_ROW else ()
    shown = rows.data(former or key)
    erased = _pointers(stream, _sha256(shown)) if shown and not state.sha256 else ()
    before = usage_rows.shown_by(rows.status(former or key), shown)
    counted = [keys.store(stream.store)] if before != usage_rows.held_by(state) else []
    return [*pointers, *erased, *([former] if former else []), *counted]


def batches_of(decision: StoreFileDecision) -> set[str]:
    """Returns the batches whose entries the commit opens or closes."""
    return {batch for event in decision.events for batch in store_file.entries(event)}


def changes_no_row(decision: StoreFileDecision) -> bool:
    """Whether the commit only records the number of chunks, which no list shows; the next commit's row has it too. A
    commit without events, which only keeps a key, writes the row: an earlier commit may not be projected yet.
    """
    return bool(decision.events) and not any(_changes_row(event) for event in decision.events)


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
            | store_file.StoreFileErased()
        ):
            return True
        case _ as never:
            assert_never(never)


def changes_pointers(event: store_file.Event) -> bool:
    """Whether the event puts the file into the store or takes it out, or may leave it without chunks that serve."""
    match event:
        case (
            store_file.FileAttached()
            | store_file.FileDetached()
            | store_file.FileFailed()
            | store_file.StoreFileErased()
        ):
            return True
        case store_file.FileCancelled():
            return event.placement is not None or event.ended is not None
        case store_file.FileChunked() | store_file.FileIngested() | store_file.FileAttributesChanged():
            return False
        case _ as never:
            assert_never(never)


def leaves_store(decision: StoreFileDecision) -> bool:
    """Whether the commit takes the file out of the store: a re-ingest puts it back with the same commit."""
    leaving = store_file.FileDetached | store_file.StoreFileErased
    return not decision.state.attached and any(isinstance(event, leaving) for event in decision.events)


def apply(decision: StoreFileDecision, rows: Rows) -> None:
    """Applies the commit's changes to the rows."""
    stream, state = StoreFileId.parse(decision.stream), decision.state
    totals = keys.store(stream.store)
    if changes_no_row(decision):
        return
    if state.placement is not None:
        if leaves_store(decision):
            rows.put(past_keys.past_file(stream.store, stream.file), 0)
        _project_row_and_pointers(decision, state.placement, rows)
    for event in decision.events:
        for batch, outcome in store_file.entries(event).items():
            known = any(seen.batch == batch and seen.known for seen in _seen(state, event))
            _project_entry(rows, totals, batch, keys.entry(batch, stream.file), outcome, known=known)


def _project_row_and_pointers(decision: StoreFileDecision, placement: store_file.Placement, rows: Rows) -> None:
    """Writes the file's row, or removes it once the file is detached, so that lists have no tombstones. The attachment
    has the version of the newest commit that changed the pointers, and so keeps older commits from writing the row
    again.
    """
    stream, state = StoreFileId.parse(decision.stream), decision.state
    totals, key = keys.store(stream.store), keys.store_file(stream.store, stream.file, placement)
    attachment, content = _pointers(stream, state.sha256)
    if rows.version(attachment) >= decision.version:
        return
    first = rows.version(key) == NO_ROW
    if rows.version(key) < decision.version:
        former = _former_row(decision, rows)
        before = rows.status(former or key), rows.data(former or key)
        if before[1] and not state.sha256:  # the file is erased, so only its row says which content it had
            content = _pointers(stream, _sha256(before[1]))[1]
        _update_store_counts(rows, totals, *before, state)
        if size := usage_rows.held_by(state) - usage_rows.shown_by(*before):
            usage_rows.store_changed_by(rows, stream.store, size, decision.at)
        if former is not None:
            rows.remove(former)
        _put_store_file(decision, rows, key)
    if first or any(map(changes_pointers, decision.events)):
        rows.guard(totals)  # the counts may not change, and these rows must not be written after the store's purge
        # The tombstone of a detached file stays: it says in which stores the file was.
        rows.put(attachment, decision.version, data=placement.row(stream.file), gone=not state.attached)
        if state.holds_content:
            rows.put(content, decision.version)
        else:
            rows.remove(content)


def count_overtaken(decision: AnyDecision, rows: Rows) -> None:
    """Counts what a file held in a store that was deleted before the commit was projected (`usage_rows`)."""
    if is_store_file(decision) and decision.state.placement is not None and not changes_no_row(decision):
        usage_rows.overtaken_by_delete(decision, rows, _former_row(decision, rows) or _own_row(decision))


def overtaken_touches(decision: AnyDecision, rows: Rows | None = None) -> list[Key]:
    """Returns the keys of the rows that `count_overtaken` needs; once the first of them were read, also of those that
    they name.
    """
    if not is_store_file(decision) or decision.state.placement is None or changes_no_row(decision):
        return []
    if rows is not None:
        return [former] if (former := _former_row(decision, rows)) else []
    stream = StoreFileId.parse(decision.stream)
    return [keys.store(stream.store), keys.attachment(stream.file, stream.store), _own_row(decision)]


def _own_row(decision: StoreFileDecision) -> Key:
    stream, placement = StoreFileId.parse(decision.stream), decision.state.placement
    assert placement is not None
    return keys.store_file(stream.store, stream.file, placement)


def _former_row(decision: StoreFileDecision, rows: Rows) -> Key | None:
    """Returns the row that lists a file at its former place. There is one if the file was detached and attached again,
    and the commit that detached it is not projected yet.
    """
    stream, placement = StoreFileId.parse(decision.stream), decision.state.placement
    attachment = keys.attachment(stream.file, stream.store)
    if placement is None or rows.version(attachment) >= decision.version or rows.gone(attachment):
        return None
    listed = rows.data(attachment)
    return None if listed in ("", placement.row(stream.file)) else keys.store_file_row(stream.store, listed)


def _pointers(stream: StoreFileId, sha256: str) -> tuple[Key, Key]:
    return keys.attachment(stream.file, stream.store), keys.content(stream.store, sha256, stream.file)


def _sha256(data: str) -> str:
    return str(json.loads(data)["data"]["sha256"])


def _seen(state: store_file.State, event: store_file.Event) -> Sequence[store_file.Seen | store_file.Entry]:
    return event.entries if isinstance(event, store_file.StoreFileErased) else state.seen


def _put_store_file(decision: StoreFileDecision, rows: Rows, key: Key) -> None:
    state = decision.state
    if not state.attached:
        rows.remove(key)
        return
    deadline = state.open.since + INGEST_DEADLINE_MS if state.open else None
    rows.put(key, decision.version, data=decision.text, status=state.status, deadline=deadline)


def _update_store_counts(rows: Rows, totals: Key, before: str | None, data: str, state: store_file.State) -> None:
    """Moves a file from its old status to its new one in the store's counts."""
    if before is not None:
        rows.add(totals, **{before: -1, "usage_bytes": -usage_rows.shown_by(before, data)})
    if state.attached:
        rows.add(totals, **{state.status: 1, "usage_bytes": usage_rows.held_by(state)})


def _project_entry(rows: Rows, totals: Key, batch: str, entry: Key, outcome: str, *, known: bool) -> None:
    """Opens or closes a batch's entry and counts it. The entry's rank is its row's version, so it never goes back."""
    rank, current = _ENTRY_RANK[outcome], rows.version(entry)
    if rank <= current:
        return
    counts = {outcome: 1} if rank else {}
    if current == NO_ROW:
        counts["reached"] = 1
        rows.add(totals, unreached=-1, known=-1 if known else 0)
    rows.put(entry, rank, data=outcome)
    rows.add(keys.batch(batch), **counts)
