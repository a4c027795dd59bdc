"""The decision that erases the history of a store."""

from __future__ import annotations

from collections.abc import Sequence

from vectorlog.domain.erased_store import VectorStoreErased
from vectorlog.domain.vector_store import Event, State, delete


def erase(state: State, at: int) -> Sequence[Event]:
    """Deletes a store, if that is not done yet, and has its history erased; decides nothing if it is erased already."""
    if state.owner is None or state.ended == "erased":
        return []
    ended_at = at if state.ended_at is None else state.ended_at
    erased = VectorStoreErased(at, state.owner, state.created_at, state.model, state.dimensions, ended_at)
    return [*delete(state, at), erased]
