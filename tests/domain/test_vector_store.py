"""Decisions on a vector store: given these events, when this is decided, then these events follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import pytest

from vectorlog.defaults import DAY_MS
from vectorlog.domain import vector_store
from vectorlog.domain.filters import Scalar
from vectorlog.domain.manifest import Manifest
from vectorlog.domain.tenancy import Owner
from vectorlog.domain.vector_store import (
    INITIAL,
    USED_EVERY_MS,
    Event,
    FirstBatch,
    State,
    VectorStoreCreated,
    VectorStoreDeleted,
    VectorStoreExpired,
    VectorStoreModified,
    VectorStoreUsed,
    evolve,
)

Decision = Callable[[State], Sequence[Event]]

BATCH = FirstBatch("vsfb_1", Manifest(1, inline="eJw="))
CREATED = VectorStoreCreated(1, Owner("p"), "local:granite", 384, "Notes", "Of a course", {"term": 1}, None, BATCH)
FOR_A_DAY = VectorStoreCreated(1, Owner("p"), "local:granite", 384, expires_after_days=1)
OVER = DAY_MS
SOON = USED_EVERY_MS
LATER = 1 + USED_EVERY_MS


def after(*events: Event) -> State:
    return reduce(evolve, events, INITIAL)


def modified(
    at: int, name: str | None = "Notes", metadata: Mapping[str, Scalar] | None = None, days: int | None = None
) -> VectorStoreModified:
    return VectorStoreModified(at, name, {"term": 1} if metadata is None else metadata, days)


def modify(command: VectorStoreModified) -> Decision:
    return lambda state: vector_store.modify(state, command)


def use(at: int, *, used: bool) -> Decision:
    return lambda state: vector_store.use(state, VectorStoreUsed(at, used))


def expire(at: int) -> Decision:
    return lambda state: vector_store.expire(state, at)


def create(state: State) -> Sequence[Event]:
    return vector_store.create(state, CREATED)


def delete(state: State) -> Sequence[Event]:
    return vector_store.delete(state, 9)


SPECIFICATION: Mapping[str, tuple[Sequence[Event], Decision, Sequence[Event]]] = {
    "a store is created": ([], create, [CREATED]),
    "created twice is once": ([CREATED], create, []),
    "a deleted store is not created again": ([CREATED, VectorStoreDeleted(5)], create, []),
    # modify
    "a new name is noted": ([CREATED], modify(modified(2, name="Other")), [modified(2, name="Other")]),
    "a name can be taken away": ([CREATED], modify(modified(2, name=None)), [modified(2, name=None)]),
    "new metadata are noted": ([CREATED], modify(modified(2, metadata={})), [modified(2, metadata={})]),
    "True instead of 1 is new": (
        [CREATED],
        modify(modified(2, metadata={"term": True})),
        [modified(2, metadata={"term": True})],
    ),
    "a policy is noted": ([CREATED], modify(modified(2, days=7)), [modified(2, days=7)]),
    "a policy can be taken away": ([FOR_A_DAY], modify(modified(2, None, {})), [modified(2, None, {})]),
    "the same within a minute is nothing": ([CREATED], modify(modified(SOON)), []),
    "the same after a minute counts as activity": ([CREATED], modify(modified(LATER)), [modified(LATER)]),
    "what is not there is not modified": ([], modify(modified(2)), []),
    "a deleted store is not modified": ([CREATED, VectorStoreDeleted(2)], modify(modified(3, name="Other")), []),
    "a store whose time is over is not modified": ([FOR_A_DAY], modify(modified(OVER, days=7)), []),
    "an expired store is not modified": ([FOR_A_DAY, VectorStoreExpired(OVER)], modify(modified(OVER, days=7)), []),
    # use
    "the first search is recorded immediately": ([CREATED], use(2, used=True), [VectorStoreUsed(2, used=True)]),
    "a second search within a minute is not": ([CREATED, VectorStoreUsed(1, used=True)], use(SOON, used=True), []),
    "one after a minute is": (
        [CREATED, VectorStoreUsed(1, used=True)],
        use(LATER, used=True),
        [VectorStoreUsed(LATER, used=True)],
    ),
    "a change of files within a minute of creation is not noted": ([CREATED], use(SOON, used=False), []),
    "one after a minute is noted": ([CREATED], use(LATER, used=False), [VectorStoreUsed(LATER, used=False)]),
    "a change of files just after a search is not": (
        [CREATED, VectorStoreUsed(LATER, used=True)],
        use(LATER + SOON - 1, used=False),
        [],
    ),
    "what is not there is not used": ([], use(2, used=True), []),
    "a deleted store is not used": ([CREATED, VectorStoreDeleted(2)], use(3, used=True), []),
    "a use does not bring back what is over": ([FOR_A_DAY], use(OVER, used=True), []),
    # expire
    "a store without a policy does not expire": ([CREATED], expire(100 * DAY_MS), []),
    "a store does not expire before its time": ([FOR_A_DAY], expire(OVER - 1), []),
    "a store expires in time": ([FOR_A_DAY], expire(OVER), [VectorStoreExpired(OVER)]),
    "a store expires once": ([FOR_A_DAY, VectorStoreExpired(OVER)], expire(OVER + 1), []),
    "a use puts it off": ([FOR_A_DAY, VectorStoreUsed(DAY_MS, used=True)], expire(OVER), []),
    "a change of files puts it off": ([FOR_A_DAY, VectorStoreUsed(DAY_MS, used=False)], expire(OVER), []),
    "a new policy counts from its change": ([CREATED, modified(DAY_MS, days=1)], expire(2 * DAY_MS - 1), []),
    "and ends then": ([CREATED, modified(DAY_MS, days=1)], expire(2 * DAY_MS), [VectorStoreExpired(2 * DAY_MS)]),
    "a deleted store does not expire": ([FOR_A_DAY, VectorStoreDeleted(2)], expire(OVER), []),
    "what is not there does not expire": ([], expire(OVER), []),
    # delete
    "a store is deleted": ([CREATED], delete, [VectorStoreDeleted(9)]),
    "an expired store can be deleted": ([FOR_A_DAY, VectorStoreExpired(OVER)], delete, [VectorStoreDeleted(9)]),
    "deleted twice is once": ([CREATED, VectorStoreDeleted(5)], delete, []),
    "what is not there is not deleted": ([], delete, []),
}


@pytest.mark.parametrize(("given", "when", "then"), SPECIFICATION.values(), ids=SPECIFICATION.keys())
def test_specification(given: Sequence[Event], when: Decision, then: Sequence[Event]) -> None:
    """Every decision is as in the table, and deciding again changes nothing."""
    assert list(when(after(*given))) == list(then)
    assert list(when(after(*given, *then))) == []


def test_created() -> None:
    """A store's state holds what was requested and the id of its first batch, and its activity starts with its
    creation.
    """
    expected = State(
        Owner("p"), 1, "local:granite", 384, "Notes", "Of a course", {"term": 1}, None, 1, None, None, "vsfb_1"
    )
    assert after(CREATED) == expected


def test_modified() -> None:
    """A modification replaces name, metadata and policy as a whole; model, owner and description stay."""
    state = after(CREATED, modified(5, None, {}, 3))
    assert (state.name, state.metadata, state.expires_after_days, state.active_at) == (None, {}, 3, 5)
    assert (state.owner, state.model, state.dimensions, state.description) == (
        Owner("p"),
        "local:granite",
        384,
        "Of a course",
    )


@pytest.mark.parametrize(
    ("event", "active", "used"), [(VectorStoreUsed(7, used=True), 7, 7), (VectorStoreUsed(7, used=False), 7, None)]
)
def test_used(event: VectorStoreUsed, active: int, used: int | None) -> None:
    """A search moves both times, a change of files only that of activity."""
    state = after(CREATED, event)
    assert (state.active_at, state.used_at) == (active, used)


def test_times_never_go_back() -> None:
    """A use that another machine recorded with a slow clock moves nothing back."""
    state = after(CREATED, VectorStoreUsed(9, used=True), VectorStoreUsed(7, used=True), modified(5))
    assert (state.active_at, state.used_at) == (9, 9)


@pytest.mark.parametrize(
    ("events", "at", "exists", "expired"),
    [
        ([], 1, False, False),
        ([CREATED], 10**15, True, False),
        ([FOR_A_DAY], OVER - 1, True, False),
        ([FOR_A_DAY], OVER, True, True),
        ([FOR_A_DAY, VectorStoreExpired(OVER)], 1, True, True),
        ([CREATED, VectorStoreDeleted(2)], 3, False, False),
    ],
)
def test_life(events: Sequence[Event], at: int, exists: bool, expired: bool) -> None:
    """A store is expired when its time is over, even before an event says so; an expired store still exists."""
    state = after(*events)
    assert (state.exists, state.expired(at)) == (exists, expired)


def test_expires_at() -> None:
    """The end is counted from the last activity, and is the beginning of the second that clients are shown."""
    assert after(CREATED).expires_at is None
    assert after(FOR_A_DAY, VectorStoreUsed(7_999, used=True)).expires_at == 7_000 + DAY_MS
