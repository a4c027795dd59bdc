"""Moves of a store to another space."""

from __future__ import annotations

from vectorlog.domain import store_file, store_move, vector_store
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.store_file import (
    SINGLE,
    Attach,
    Ingested,
    Placement,
    State,
    attach,
    embed_for_move,
    evolve,
    ingested,
)
from vectorlog.domain.tenancy import Owner
from vectorlog.domain.vector_store import VectorStoreCreated, VectorStoreDeleted
from vectorlog.domain.vectors import Space
from vectorlog.domain.vectors_move import AGAIN_MS, VectorsMoveBegun, VectorsMoveEnded, VectorStoreMoved
from vectorlog.event_log.codec import VECTOR_STORE, fold

OLD, NEW, THIRD = Space("a:old", 8), Space("a:new", 16), Space("a:third", 8)
STORE = vector_store.evolve(vector_store.INITIAL, VectorStoreCreated(1, Owner("acme", None), OLD.model, 8))
T = AGAIN_MS


def after(state: vector_store.State, *decided: object) -> vector_store.State:
    return fold(VECTOR_STORE, decided, state)


def test_the_way_there() -> None:
    """The store serves from its space until the switch; meanwhile it has chunks in both, with numbers of their own."""
    [begun] = store_move.begin(STORE, NEW, T)
    assert begun == VectorsMoveBegun(T, 1, 1, NEW.model, 16)
    moving = after(STORE, begun)
    assert (moving.space, moving.numbered_spaces) == (OLD, ((OLD, 0), (NEW, 1)))
    [ended] = store_move.switch(moving, 1, 1, T + 1)
    assert ended == VectorsMoveEnded(T + 1, 1, True, OLD.model, 8)
    moved = after(moving, ended)
    assert (moved.space, moved.numbered_spaces) == (NEW, ((NEW, 1),))
    assert store_move.switch(moved, 1, 1, T + 2) == []


def test_begun_again() -> None:
    """The same move begins its next attempt, and only the newest one may switch; another target is refused."""
    moving = after(STORE, *store_move.begin(STORE, NEW, T))
    assert store_move.begin(moving, THIRD, T) == []
    again = after(moving, *store_move.begin(moving, NEW, T))
    assert again.moves.under_way is not None
    assert (again.moves.under_way.number, again.moves.under_way.attempt) == (1, 2)
    assert store_move.switch(again, 1, 1, T) == []
    assert store_move.switch(again, 1, 2, T) != []


def test_what_needs_no_move() -> None:
    """Nothing is decided for a store in that space, an unknown, deleted or expired one, or too soon after a move."""
    assert store_move.begin(STORE, OLD, T) == []
    assert store_move.begin(vector_store.INITIAL, NEW, T) == []
    assert store_move.begin(after(STORE, VectorStoreDeleted(2)), NEW, T) == []
    moving = after(STORE, *store_move.begin(STORE, NEW, T))
    cancelled = after(moving, *store_move.cancel(moving, 2 * T))
    assert store_move.begin(cancelled, THIRD, 3 * T - 1) == []
    [next_] = store_move.begin(cancelled, THIRD, 3 * T)
    assert isinstance(next_, VectorsMoveBegun)
    assert next_.number == 2


def test_an_end_ends_the_move() -> None:
    """A store that is deleted, erased, expires or gets a model by an import leaves the space that it was moving to."""
    moving = after(STORE, *store_move.begin(STORE, NEW, T))
    left = VectorsMoveEnded(5, 1, False, NEW.model, 16)
    assert store_move.cancel(moving, 5) == [left]
    assert vector_store.delete(moving, 5) == [left, VectorStoreDeleted(5)]
    command = VectorStoreMoved(5, THIRD.model, 8)
    assert store_move.move(moving, command) == [left, command]
    assert after(moving, left).spaces == (OLD,)
    assert store_move.cancel(STORE, 5) == []


def attached(*owners: str) -> State:
    state = store_file.INITIAL
    for number, owner in enumerate(owners):
        command = Attach(1, 1, owner, Placement(1), "a.txt", "5a", {"n": number}, AUTO)
        for event in attach(state, command):
            state = evolve(state, event)
    return state


def serving(state: State, move: int = 0) -> State:
    for event in ingested(state, Ingested(2, state.generation, 3, 9, 0, 0, move=move)):
        state = evolve(state, event)
    return state


def test_files() -> None:
    """What serves without vectors for the move is opened again, and so is what is open, with its owners alone: a batch
    that is cancelled later still ends it. What has vectors for the move, or nothing to serve, stays as it is.
    """
    assert embed_for_move(store_file.INITIAL, 3, 1) == []
    [event] = embed_for_move(serving(attached(SINGLE)), 3, 1)
    assert isinstance(event, store_file.FileAttached)
    assert (event.generation, event.owners, event.retires, event.joins) == (2, (SINGLE,), (), False)
    open_ = attached("vsfb_1")
    [event] = embed_for_move(open_, 3, 1)
    assert isinstance(event, store_file.FileAttached)
    assert (event.generation, event.owners) == (2, ("vsfb_1",))
    assert [each.generation for each in event.retires] == [1]
    assert store_file.entries(event) == {}
    done = serving(attached(SINGLE), move=1)
    assert embed_for_move(done, 3, 1) == []
    assert len(embed_for_move(done, 3, 2)) == 1
