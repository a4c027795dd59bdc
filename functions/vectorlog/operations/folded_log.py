"""Folds the whole log: the state of every stream, and the rows that a new projection would write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import assert_never

from vectorlog.deployment import Deployment
from vectorlog.domain import (
    api_key,
    file_batch,
    project_limits,
    store_file,
    upload,
    upload_part,
    uploaded_file,
    vector_store,
    webhook_endpoint,
)
from vectorlog.domain.ids import StoreFileId, UploadPartId
from vectorlog.event_log.decision import AnyDecision
from vectorlog.operations.readers import ALONE, Readers
from vectorlog.reactions.erasure import erasure_in
from vectorlog.use_cases.upload_parts import part_key
from vectorlog.views import keys, past_keys
from vectorlog.views.memory import MemoryTable
from vectorlog.views.table import Key, Row
from vectorlog.views.views import Views

PAGE = 256


@dataclass(slots=True)
class History:
    """The states of all streams by id, and the expected rows of the views by key.

    Attributes:
        erased: when each stream was erased that is, in ms since 1970.
        not_erased: streams that an erasure has yet to remove commits from.
        holding: streams that have other commits than that of an erasure.
    """

    stores: dict[str, vector_store.State] = field(default_factory=dict)
    files: dict[str, uploaded_file.State] = field(default_factory=dict)
    batches: dict[str, file_batch.State] = field(default_factory=dict)
    store_files: dict[StoreFileId, store_file.State] = field(default_factory=dict)
    uploads: dict[str, upload.State] = field(default_factory=dict)
    upload_parts: dict[str, upload_part.State] = field(default_factory=dict)
    rows: dict[Key, Row] = field(default_factory=dict)
    erased: dict[str, int] = field(default_factory=dict)
    not_erased: set[str] = field(default_factory=set)
    holding: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        uploads = len(self.uploads) + len(self.upload_parts)
        return len(self.stores) + len(self.files) + len(self.batches) + len(self.store_files) + uploads

    def manifests(self) -> set[str]:
        """Returns the addresses of the manifests that are objects: those of batches whose store exists."""
        living = {store for store, state in self.stores.items() if state.exists}
        return {state.object for state in self.batches.values() if state.store in living and state.object}

    def parts(self) -> set[str]:
        """Returns the keys of the parts of uploads that have not ended. Direct parts are not among them: the log does
        not say which of them were sent.
        """
        found: set[str] = set()
        for stream, state in self.upload_parts.items():
            id = UploadPartId.parse(stream)
            if state.added is not None and self.uploads[id.upload].ended is None:
                found.add(part_key(id.upload, id.part, state.added.sha256))
        return found

    def holds_contents(self, store: str) -> bool:
        """Returns whether a store still has its files' contents: it exists, and is neither expired nor deleted."""
        return store in self.stores and self.stores[store].exists and self.stores[store].ended is None


def read(deployment: Deployment, readers: Readers = ALONE) -> History:
    """Folds the log in one pass, while `readers` read it."""
    history, table = History(), MemoryTable()
    views = Views(table)
    commits = readers.commits(deployment.streams.log)
    while page := [deployment.streams.decode(commit) for commit in islice(commits, PAGE)]:
        for decision in page:
            _note(history, decision)
        views.apply(page)
    history.rows = {row.key: row for row in _final_rows(history, table)}
    return history


def _note_erasure(history: History, decision: AnyDecision) -> None:
    if erasure_in(decision) is None:
        history.holding.add(decision.stream)
        return
    history.erased[decision.stream] = decision.at
    if decision.stream in history.holding:
        history.not_erased.add(decision.stream)


def _note(history: History, decision: AnyDecision) -> None:
    _note_erasure(history, decision)
    match decision.state:
        case vector_store.State():
            history.stores[decision.stream] = decision.state
        case uploaded_file.State():
            history.files[decision.stream] = decision.state
        case file_batch.State():
            history.batches[decision.stream] = decision.state
        case store_file.State():
            history.store_files[StoreFileId.parse(decision.stream)] = decision.state
        case upload.State():
            history.uploads[decision.stream] = decision.state
        case upload_part.State():
            history.upload_parts[decision.stream] = decision.state
        case api_key.State() | project_limits.State() | webhook_endpoint.State():
            pass
        case _ as never:
            assert_never(never)


def _final_rows(history: History, table: MemoryTable) -> Iterator[Row]:
    """Yields the rows as they are once all work is done.

    Rows of deleted stores are then purged, and say what the stores had; batches that have reached all of their files
    are closed, and deleted files have left all stores.
    """
    deleted = {store for store, state in history.stores.items() if state.deleted}
    purged = {keys.store(store).pk for store in deleted} | {keys.batches(store) for store in deleted}
    purged |= {keys.contents(store) for store in deleted}
    purged |= {keys.batch(batch).pk for batch, state in history.batches.items() if state.store in deleted}
    for row in table.scan():
        past = past_keys.listed(row.key)
        if past is not None and past_keys.store_of(row.key) in deleted:
            yield Row(past, 0)
        if (
            not row.gone
            and row.key.pk not in purged
            and keys.store_of(row.key) not in deleted
            and not _reached(history, table, row.key)
            and not keys.is_leaving(row.key)
        ):
            yield row


def _reached(history: History, table: MemoryTable, key: Key) -> bool:
    if not key.sk.startswith(keys.OPEN):
        return False
    batch = keys.thing_of(key.sk)
    counts = table.get([keys.batch(batch)])[keys.batch(batch)].counts
    return counts.get("reached", 0) >= history.batches[batch].count
