"""The projection: the changes of rows that follow from a commit, as a pure function of the commit and the current rows.

Every commit is projected, not only a stream's newest one. If a row is newer than the commit, the row stays, but the
commit's batch entries are still applied. Row, entries and counts are written in one transaction, so duplicates,
reordering and crashes all lead to the same rows (ARCHITECTURE.md, "The flow").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from vectorlog.domain.ids import UploadPartId
from vectorlog.domain.tenancy import Owner
from vectorlog.event_log.decision import (
    AnyDecision,
    BatchDecision,
    FileDecision,
    KeyDecision,
    UploadDecision,
    WebhookDecision,
    is_batch,
    is_file,
    is_key,
    is_project,
    is_store,
    is_store_file,
    is_upload,
    is_upload_part,
    is_webhook,
)
from vectorlog.views import keys, past_keys, store_file_rows, store_rows, usage_rows, webhook_keys
from vectorlog.views.deadlines import INGEST_DEADLINE_MS, TOMBSTONE_MS
from vectorlog.views.rows import Rows
from vectorlog.views.table import ENDED, NO_ROW, Key


def touched(decision: AnyDecision) -> list[Key]:
    """Returns the keys of the rows that `apply` needs to read; they may show that it needs more (`also_touched`)."""
    stream = decision.stream
    if is_store_file(decision):
        return store_file_rows.touched(decision)
    if is_store(decision):
        return store_rows.touched(decision)
    if is_batch(decision):
        store = decision.state.store
        return [
            keys.batch(stream),
            keys.open_batch(store, stream),
            keys.every_batch(store, stream),
            keys.store(store),
        ]
    if is_file(decision):
        return [
            keys.file(stream),
            *_lists(decision.state.owner, decision.state.created_at, stream),
            *_leaving(stream, decision.state.owner),
        ]
    if is_upload(decision):
        return [keys.upload(stream)]
    if is_upload_part(decision):
        return [past_keys.part(UploadPartId.parse(stream))]
    if is_key(decision):
        return [keys.api_key(stream), *_key_lists(decision)]
    if is_project(decision):
        return []
    if is_webhook(decision):
        return [webhook_keys.webhook(stream), _listed_webhook(decision)]
    assert_never(decision)


def needs_counts(decisions: Sequence[AnyDecision]) -> bool:
    """Whether `apply` reads the counts of rows. What files change is added to counts, whatever they are."""
    return not all(map(is_store_file, decisions))


def also_touched(decision: AnyDecision, rows: Rows) -> list[Key]:
    """Returns the keys of rows that `apply` needs too, as those that were read show."""
    if is_store_file(decision):
        return store_file_rows.also_touched(decision, rows)
    if is_batch(decision) and rows.closed(keys.store(decision.state.store)):
        return [past_keys.past_batch(decision.state.store, decision.stream)]
    return store_rows.also_touched(decision, rows) if is_store(decision) else []


def apply(decision: AnyDecision, rows: Rows) -> None:
    """Applies the commit's changes to the rows."""
    if is_store_file(decision):
        store_file_rows.apply(decision, rows)
    elif is_store(decision):
        store_rows.apply(decision, rows)
    elif is_batch(decision):
        _project_batch(decision, rows)
    elif is_file(decision):
        _project_file(decision, rows)
    elif is_upload(decision):
        _project_upload(decision, rows)
    elif is_upload_part(decision):
        rows.put(past_keys.part(UploadPartId.parse(decision.stream)), 0)
    elif is_key(decision):
        _project_key(decision, rows)
    elif is_project(decision):
        pass  # a project's limits are read from its stream
    elif is_webhook(decision):
        _project_webhook(decision, rows)
    else:
        assert_never(decision)


def _project_batch(decision: BatchDecision, rows: Rows) -> None:
    state, own, totals = decision.state, keys.batch(decision.stream), keys.store(decision.state.store)
    if rows.closed(totals):
        rows.put(past_keys.past_batch(state.store, decision.stream), 0)
        # If the batch's files were projected before it and before the store was deleted, its rows are there already,
        # and the purge finds them by this row.
        if rows.exists(own):
            rows.put(keys.every_batch(state.store, decision.stream), 0)
        return
    opened = keys.open_batch(state.store, decision.stream)
    if rows.version(own) == NO_ROW:
        rows.add(totals, unreached=state.count, known=state.known)
        rows.put(keys.every_batch(state.store, decision.stream), 0)
        rows.put(opened, 0, deadline=state.created_at + INGEST_DEADLINE_MS)
    rows.put(own, decision.version, data=decision.text, status=ENDED if state.ended else None)


def _project_file(decision: FileDecision, rows: Rows) -> None:
    state = decision.state
    if rows.version(keys.file(decision.stream)) >= decision.version:
        return
    usage_rows.file_uploaded(decision, rows)
    if state.owner is not None:
        own = keys.file(decision.stream)
        more = (not state.deleted) - (rows.version(own) != NO_ROW and not rows.gone(own))
        rows.add(keys.project_counts(state.owner.project, decision.stream), files=more, stored_bytes=more * state.size)
    tombstone = {"gone": True, "expires_at": decision.at + TOMBSTONE_MS} if state.deleted else {}
    deadline = None if state.deleted else state.expires_at
    rows.put(keys.file(decision.stream), decision.version, data=decision.text, deadline=deadline, **tombstone)
    for key in _lists(state.owner, state.created_at, decision.stream):
        if state.deleted:
            rows.remove(key)
        else:
            rows.put(key, decision.version, data=decision.text)
    if state.deleted:
        for key in _leaving(decision.stream, state.owner):
            rows.put(key, decision.version, expires_at=decision.at + TOMBSTONE_MS)


def _project_upload(decision: UploadDecision, rows: Rows) -> None:
    tombstone = {"gone": True, "expires_at": decision.at + TOMBSTONE_MS} if decision.state.ended else {}
    deadline = None if decision.state.ended else decision.state.expires_at
    rows.put(keys.upload(decision.stream), decision.version, data=decision.text, deadline=deadline, **tombstone)


def _project_key(decision: KeyDecision, rows: Rows) -> None:
    key = keys.api_key(decision.stream)
    if rows.version(key) >= decision.version:
        return
    rows.put(key, decision.version, data=decision.text)
    for listed in _key_lists(decision):
        if decision.state.revoked_at is None:
            rows.put(listed, decision.version, data=decision.text)
        else:
            rows.remove(listed)


def _project_webhook(decision: WebhookDecision, rows: Rows) -> None:
    """Lists the endpoint until it is deleted. Its own row keeps its version, so that no older commit lists it again."""
    key, listed = webhook_keys.webhook(decision.stream), _listed_webhook(decision)
    if rows.version(key) >= decision.version:
        return
    rows.put(key, decision.version)
    if decision.state.deleted:
        rows.remove(listed)
    else:
        rows.put(listed, decision.version, data=decision.text)


def _listed_webhook(decision: WebhookDecision) -> Key:
    return webhook_keys.listed(decision.state.project, decision.state.created_at, decision.stream)


def _key_lists(decision: KeyDecision) -> tuple[Key, ...]:
    return keys.key_lists_with(decision.state.project, decision.state.created_at, decision.stream)


def _leaving(file: str, owner: Owner | None) -> tuple[Key, ...]:
    return () if owner is None else (keys.leaving(owner.project, file),)


def _lists(owner: Owner | None, created_at: int, file: str) -> tuple[Key, ...]:
    return () if owner is None else keys.lists_with("file", owner, created_at, file)
