"""The rows that follow from a commit of a vector store: its row, and its places in the lists of those who may see it.

A place in a list has no data: lists read the store's row. The places of a store are always those that the state in its
row asks for, because they change in the transaction that changes the row, from the former state to the new one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from vectorlog.domain.sharing import VectorStoreShared, VectorStoreUnshared
from vectorlog.domain.vector_store import State
from vectorlog.event_log.decision import StoreDecision
from vectorlog.views import keys, usage_rows
from vectorlog.views.rows import Rows
from vectorlog.views.table import ENDED, NO_ROW, Key


def touched(decision: StoreDecision) -> list[Key]:
    """Returns the keys of the rows that `apply` needs to read for most commits; see `projection.touched`."""
    changed = [event.user for event in decision.events if isinstance(event, VectorStoreShared | VectorStoreUnshared)]
    return [keys.store(decision.stream), *_owned(decision), *_shared(decision, dict.fromkeys(changed))]


def also_touched(decision: StoreDecision, rows: Rows) -> list[Key]:
    """Returns the places of the store that appear or go because of earlier commits, which are not projected yet."""
    if rows.version(keys.store(decision.stream)) >= decision.version:
        return []
    new, former = _grantees(decision.state), _former_grantees(decision, rows)
    return list(_shared(decision, new ^ former))


def apply(decision: StoreDecision, rows: Rows) -> None:
    """Applies the commit's changes to the rows; see `projection.apply`."""
    state, row = decision.state, keys.store(decision.stream)
    if rows.version(row) >= decision.version:
        return
    deleted = state.deleted
    if state.owner is not None:
        counted = rows.version(row) != NO_ROW and not rows.gone(row)
        rows.add(keys.project_counts(state.owner.project, decision.stream), stores=(not deleted) - counted)
    new, former = _grantees(state), _former_grantees(decision, rows)
    deadline = None if state.ended else state.expires_at
    needed = usage_rows.store_changed(decision, rows)
    status = ENDED if state.ended else None
    fields = {"data": decision.text, "status": status, "deadline": deadline, "closed": deleted, "gone": deleted}
    rows.put(row, decision.version, counts=needed, **fields)
    for key in _owned(decision):
        if deleted:
            rows.remove(key)
        else:
            rows.put(key, 0)
    for key in _shared(decision, former - new):
        rows.remove(key)
    for key in _shared(decision, new - former):
        rows.put(key, 0)


def _owned(decision: StoreDecision) -> Sequence[Key]:
    owner = decision.state.owner
    return () if owner is None else keys.lists_with("store", owner, decision.state.created_at, decision.stream)


def _shared(decision: StoreDecision, users: Iterable[str | None]) -> Sequence[Key]:
    owner, created_at = decision.state.owner, decision.state.created_at
    return () if owner is None else [keys.shared_with(user, owner, created_at, decision.stream) for user in users]


def _grantees(state: State) -> frozenset[str | None]:
    """Returns those in whose lists the store is because it is shared with them."""
    return frozenset() if state.deleted else state.sharing.grantees


def _former_grantees(decision: StoreDecision, rows: Rows) -> frozenset[str | None]:
    """Returns the grantees of the state in the store's row, of whatever schema version: before version 3 there were
    none, and a later version keeps the fields `sharing.team` and `sharing.users`.
    """
    text = rows.data(keys.store(decision.stream))
    state = json.loads(text)["data"] if text else {}
    sharing = state.get("sharing") or {}
    if state.get("ended") in ("deleted", "erased"):
        return frozenset()
    return frozenset(sharing.get("users", ())) | (frozenset({None}) if sharing.get("team") else frozenset())
