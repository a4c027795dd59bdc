"""Which rows get additions from many writers at once, and when that is over, as far as commits tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from vectorlog.event_log.decision import AnyDecision, BatchDecision, is_batch, is_store
from vectorlog.views import keys, usage_rows
from vectorlog.views.counts import store_counts_of
from vectorlog.views.table import Key, Row, Table

MANY = 200
"""Files of a batch from which its rows are spread before its first file is attached. More than ten workers then end its
files at once, and spreading three rows costs 2 % of what the files cost (docs/scale.md).
"""


def prepare(table: Table, decisions: Sequence[AnyDecision]) -> None:
    """Spreads the rows to which the files of large batches will add, and gathers those of stores with nothing left in
    progress. The commits' rows must be written.
    """
    large = [decision for decision in decisions if is_batch(decision) and _is_large(decision)]
    if large:
        stores = table.get([keys.store(decision.state.store) for decision in large], counts=False)
        table.spread([key for decision in large for key in _added_to(decision, stores)])
    for store in dict.fromkeys(_stores(decisions)):
        table.gather(keys.store(store), _is_quiet)


def _is_large(decision: BatchDecision) -> bool:
    return decision.version == 0 and decision.state.count >= MANY


def _added_to(decision: BatchDecision, stores: Mapping[Key, Row]) -> Iterator[Key]:
    """Yields the rows to which a batch's files will add. A store that has no row yet is spread once it is busy."""
    yield keys.batch(decision.stream)
    store = stores.get(keys.store(decision.state.store))
    if store is not None and store.data and not store.closed:
        yield store.key
        yield from usage_rows.changed_by(store, decision.state.store, decision.at)


def _stores(decisions: Sequence[AnyDecision]) -> Iterator[str]:
    """Yields the stores whose batch has ended, or that have a commit of their own; uses are at most one a minute."""
    for decision in decisions:
        if is_batch(decision) and decision.state.ended:
            yield decision.state.store
        elif is_store(decision) and decision.version > 0:
            yield decision.stream


def _is_quiet(row: Row) -> bool:
    return store_counts_of(row.counts).in_progress == 0
