"""The rows that list what was in a store, for its history and its erasure."""

from __future__ import annotations

from collections.abc import Sequence

from vectorlog.domain.ids import StoreFileId
from vectorlog.event_log.decision import AnyDecision, is_batch, is_store_file
from vectorlog.views import keys
from vectorlog.views.table import NO_ROW, WRITE_LIMIT, Key, Put, Remove, Row, RowConflict, Table, Write

FILES_AT_ONCE = WRITE_LIMIT // 3
"""Each file takes three writes."""


def remember(table: Table, decisions: Sequence[AnyDecision]) -> bool:
    """Lists files and batches whose commits came too late for the rows of their store, which is deleted; False if
    another writer was first.
    """
    late = [StoreFileId.parse(each.stream) for each in decisions if is_store_file(each) and each.state.placement]
    try:
        _make_past(table, late, ())
        for batch in filter(is_batch, decisions):
            key = keys.past_batch(batch.state.store, batch.stream)
            if key not in table.get([key]):
                table.write([Put(key, 0, NO_ROW)])
    except RowConflict:
        return False
    return True


def leave(table: Table, store: str, files: Sequence[Key]) -> None:
    """Removes rows of files in a deleted store, and lists the files as past.

    Raises:
        RowConflict: another purge of the store was first. Repeat it.
    """
    _make_past(table, [StoreFileId(store, keys.thing_of(key.sk)) for key in files], files)


def leave_batch(table: Table, store: str, listed: Key) -> None:
    """Removes a row that lists a batch of a deleted store, and lists the batch as past.

    Raises:
        RowConflict: another purge of the store was first. Repeat it.
    """
    key = keys.past_batch(store, keys.thing_of(listed.sk))
    table.write([Remove(listed), *([] if key in table.get([key]) else [Put(key, 0, NO_ROW)])])


def _make_past(table: Table, files: Sequence[StoreFileId], shown: Sequence[Key]) -> None:
    """Makes tombstones of the files' attachments, lists the files as past, and removes the rows `shown` of the same
    files, if there are any.
    """
    pointers = [keys.attachment(each.file, each.store) for each in files]
    listed = [keys.past_file(each.store, each.file) for each in files]
    rows = table.get([*pointers, *listed])
    for start in range(0, len(files), FILES_AT_ONCE):
        part = slice(start, start + FILES_AT_ONCE)
        writes: dict[Key, Write] = {key: Remove(key) for key in shown[part]}
        for key in pointers[part]:
            row = rows.get(key, Row(key))
            if not row.gone:
                writes[key] = Put(key, max(row.version, 0), row.version, data=row.data, gone=True)
        writes |= {key: Put(key, 0, NO_ROW) for key in listed[part] if key not in rows}
        if writes:
            table.write(list(writes.values()))
