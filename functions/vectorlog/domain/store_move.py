"""The decisions that give a store another model."""

from __future__ import annotations

from collections.abc import Sequence

from vectorlog.domain import vectors_move
from vectorlog.domain.vector_store import Event, State
from vectorlog.domain.vectors import Space
from vectorlog.domain.vectors_move import VectorStoreMoved


def move(state: State, command: VectorStoreMoved) -> Sequence[Event]:
    """Gives a store another model at once. Only an import does this, and it has every file of the store ingested
    again.
    """
    same = (command.model, command.dimensions) == (state.model, state.dimensions)
    return (
        [] if same or state.owner is None or state.ended else [*vectors_move.cancel(state.moves, command.at), command]
    )


def begin(state: State, target: Space, at: int) -> Sequence[Event]:
    """Begins to move a store to another space, while it serves from its own; see `vectors_move.begin`."""
    usable = state.exists and not state.expired(at)
    return vectors_move.begin(state.moves, state.space, target, at) if usable else []


def switch(state: State, number: int, attempt: int, at: int) -> Sequence[Event]:
    """Switches a store to the space that it moves to; see `vectors_move.switch`."""
    return vectors_move.switch(state.moves, state.space, number, attempt, at)


def cancel(state: State, at: int) -> Sequence[Event]:
    """Ends the move of a store that is under way, if there is one, without a switch."""
    return vectors_move.cancel(state.moves, at)
