"""Decisions on a file batch: given these events, when this is decided, then these events follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import pytest

from vectorlog.domain import file_batch
from vectorlog.domain.file_batch import INITIAL, Event, FileBatchCancelled, FileBatchCreated, State, evolve
from vectorlog.domain.manifest import Manifest
from vectorlog.domain.tenancy import Owner

Decision = Callable[[State], Sequence[Event]]

CREATED = FileBatchCreated(1, "vs_1", Owner("p", "ann"), Manifest(2, inline="eJw="))
LARGE = FileBatchCreated(1, "vs_1", Owner("p", "ann"), Manifest(2, object="manifests/vsfb_1"), skip_duplicates=True)
CANCELLED = FileBatchCancelled(5)


def after(*events: Event) -> State:
    return reduce(evolve, events, INITIAL)


def create(state: State) -> Sequence[Event]:
    return file_batch.create(state, CREATED)


def cancel(in_progress: int) -> Decision:
    return lambda state: file_batch.cancel(state, 5, in_progress=in_progress)


SPECIFICATION: Mapping[str, tuple[Sequence[Event], Decision, Sequence[Event]]] = {
    "a batch is created": ([], create, [CREATED]),
    "created twice is once": ([CREATED], create, []),
    "a cancelled batch is not created again": ([CREATED, CANCELLED], create, []),
    "a cancel that finds anything unfinished is noted": ([CREATED], cancel(1), [CANCELLED]),
    "a cancel after the end changes nothing": ([CREATED], cancel(0), []),
    "cancelled twice is once": ([CREATED, CANCELLED], cancel(1), []),
    "what is not there is not cancelled": ([], cancel(1), []),
}


@pytest.mark.parametrize(("given", "when", "then"), SPECIFICATION.values(), ids=SPECIFICATION.keys())
def test_specification(given: Sequence[Event], when: Decision, then: Sequence[Event]) -> None:
    """Every decision is as in the table, and deciding again changes nothing."""
    assert list(when(after(*given))) == list(then)
    assert list(when(after(*given, *then))) == []


def test_state() -> None:
    """A batch's state holds what it was created with, except its list, which every commit and row would repeat; and a
    cancel is final.
    """
    assert not INITIAL.exists
    assert after(CREATED) == State(Owner("p", "ann"), "vs_1", 1, 2)
    assert after(CREATED, CANCELLED) == State(Owner("p", "ann"), "vs_1", 1, 2, cancelled=True)
    assert after(LARGE) == State(Owner("p", "ann"), "vs_1", 1, 2, "manifests/vsfb_1", skip_duplicates=True)
