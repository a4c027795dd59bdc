"""The rows that list what was in a store, for its history and its erasure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from vectorlog.domain.ids import StoreFileId
from vectorlog.event_log.decision import AnyDecision, is_batch, is_store_file
from vectorlog.event_log.optimistic import until_first
from vectorlog.views import keys, past_keys, usage_rows
from vectorlog.views.table import NO_ROW, WRITE_LIMIT, Key, Put, Remove, Row, RowConflict, Table, Write

FILES_AT_ONCE = WRITE_LIMIT // 3
"""Each file takes three writes."""


def remember(table: Table, decisions: Sequence[AnyDecision]) -> bool:
    """Lists files and batches whose commits came too late for the rows of their store, which is deleted; False if
    another writer was first.
    """
    late: dict[Key, None] = {}
    for decision in decisions:
        if is_store_file(decision) and decision.state.placement is not None:
            id_ = StoreFileId.parse(decision.stream)
            late[past_keys.past_file(id_.store, id_.file)] = None
        elif is_batch(decision):
            late[past_keys.past_batch(decision.state.store, decision.stream)] = None
    known = table.get(list(late)) if late else {}
    puts = [Put(key, 0, NO_ROW) for key in late if key not in known]
    try:
        for start in range(0, len(puts), WRITE_LIMIT):
            table.write(puts[start : start + WRITE_LIMIT])
    except RowConflict:
        return False
    return True


def leave(table: Table, store: str, listed: Sequence[Row]) -> None:
    """Removes the rows of files in a deleted store, lists the files as past, and turns their attachments into
    tombstones, which say in which stores a file was.
    """
    read = table.get([key for row in listed for key in _kept(store, row)]) if listed else {}
    for start in range(0, len(listed), FILES_AT_ONCE):
        until_first("purge", partial(_leave, table, store, listed[start : start + FILES_AT_ONCE], read))


def _leave(
    table: Table, store: str, listed: Sequence[Row], read: Mapping[Key, Row], first: bool
) -> bool:  # until_first's
    rows = read if first else table.get([key for row in listed for key in _kept(store, row)])
    writes: list[Write] = []
    for row in listed:
        attachment, past = _kept(store, row)
        tombstone = usage_rows.purged(row, rows.get(attachment), keys.thing_of(row.key.sk), store)
        writes += [Remove(row.key), *([tombstone] if tombstone else [])]
        writes += [] if past in rows else [Put(past, 0, NO_ROW)]
    try:
        table.write(writes)
    except RowConflict:
        return False
    return True


def leave_batch(table: Table, store: str, listed: Key) -> None:
    """Removes a row that lists a batch of a deleted store, and lists the batch as past.

    Raises:
        RowConflict: another purge of the store was first. Repeat it.
    """
    key = past_keys.past_batch(store, keys.thing_of(listed.sk))
    table.write([Remove(listed), *([] if key in table.get([key]) else [Put(key, 0, NO_ROW)])])


def _kept(store: str, row: Row) -> tuple[Key, Key]:
    file = keys.thing_of(row.key.sk)
    return keys.attachment(file, store), past_keys.past_file(store, file)
