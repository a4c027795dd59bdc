"""The log, folded: every stream's state, and the views as a fresh projection makes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import assert_never

from vectorlog.deployment import Deployment
from vectorlog.domain import api_key, file_batch, store_file, uploaded_file, vector_store
from vectorlog.domain.ids import StoreFileId
from vectorlog.event_log.decision import AnyDecision
from vectorlog.views import keys
from vectorlog.views.memory import MemoryTable
from vectorlog.views.table import Key, Row
from vectorlog.views.views import Views

PAGE = 256


@dataclass(slots=True)
class History:
    """States by id, from one pass over the log."""

    stores: dict[str, vector_store.State] = field(default_factory=dict)
    files: dict[str, uploaded_file.State] = field(default_factory=dict)
    batches: dict[str, file_batch.State] = field(default_factory=dict)
    store_files: dict[StoreFileId, store_file.State] = field(default_factory=dict)
    rows: dict[Key, Row] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.stores) + len(self.files) + len(self.batches) + len(self.store_files)

    def holds_contents(self, store: str) -> bool:
        """Whether a store still holds its files' contents."""
        return store in self.stores and self.stores[store].exists and self.stores[store].ended is None


def read(deployment: Deployment) -> History:
    """Folds the log."""
    found, table = History(), MemoryTable()
    views = Views(table)
    commits = deployment.streams.log.scan()
    while page := [deployment.streams.decode(commit) for commit in islice(commits, PAGE)]:
        for decision in page:
            _note(found, decision)
        views.apply(page)
    found.rows = {row.key: row for row in _standing(found, table)}
    return found


def _note(found: History, decision: AnyDecision) -> None:
    match decision.state:
        case vector_store.State():
            found.stores[decision.stream] = decision.state
        case uploaded_file.State():
            found.files[decision.stream] = decision.state
        case file_batch.State():
            found.batches[decision.stream] = decision.state
        case store_file.State():
            found.store_files[StoreFileId.parse(decision.stream)] = decision.state
        case api_key.State():
            pass
        case _ as never:
            assert_never(never)


def _standing(found: History, table: MemoryTable) -> Iterator[Row]:
    """The rows as they stand once all work is done: deleted stores purged, batches that reached all their files
    closed.
    """
    deleted = {store for store, state in found.stores.items() if state.ended == "deleted"}
    purged = {keys.store(store).pk for store in deleted} | {keys.batches(store) for store in deleted}
    purged |= {keys.contents(store) for store in deleted}
    purged |= {keys.batch(batch).pk for batch, state in found.batches.items() if state.store in deleted}
    for row in table.scan():
        if (
            not row.gone
            and row.key.pk not in purged
            and keys.store_of(row.key) not in deleted
            and not _reached(found, table, row.key)
        ):
            yield row


def _reached(found: History, table: MemoryTable, key: Key) -> bool:
    if not key.sk.startswith(keys.OPEN):
        return False
    batch = keys.thing_of(key.sk)
    counts = table.get([keys.batch(batch)])[keys.batch(batch)].counts
    return counts.get("reached", 0) >= found.batches[batch].count
