"""Decisions on an uploaded file: given these events, when this is decided, then these events follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import pytest

from vectorlog.domain import uploaded_file
from vectorlog.domain.tenancy import Owner
from vectorlog.domain.uploaded_file import INITIAL, Event, FileDeleted, FileUploaded, State, evolve

Decision = Callable[[State], Sequence[Event]]

UPLOADED = FileUploaded(1, Owner("p"), "a.txt", "assistants", 3, "5a", "text/plain")
UNTIL_10 = FileUploaded(1, Owner("p"), "a.txt", "assistants", 3, "5a", "text/plain", expires_at=10)


def after(*events: Event) -> State:
    return reduce(evolve, events, INITIAL)


def upload(state: State) -> Sequence[Event]:
    return uploaded_file.upload(state, UPLOADED)


def delete(state: State) -> Sequence[Event]:
    return uploaded_file.delete(state, 5)


def expire(at: int) -> Decision:
    return lambda state: uploaded_file.expire(state, at)


SPECIFICATION: Mapping[str, tuple[Sequence[Event], Decision, Sequence[Event]]] = {
    "a file is uploaded": ([], upload, [UPLOADED]),
    "uploaded twice is once": ([UPLOADED], upload, []),
    "a deleted file is not uploaded again": ([UPLOADED, FileDeleted(2)], upload, []),
    "a file is deleted": ([UPLOADED], delete, [FileDeleted(5)]),
    "deleted twice is once": ([UPLOADED, FileDeleted(2)], delete, []),
    "what is not there is not deleted": ([], delete, []),
    "a file without an end does not expire": ([UPLOADED], expire(10**15), []),
    "a file does not expire before its time": ([UNTIL_10], expire(9), []),
    "a file expires in time": ([UNTIL_10], expire(10), [FileDeleted(10, expired=True)]),
    "expired twice is once": ([UNTIL_10, FileDeleted(10, expired=True)], expire(11), []),
    "a deleted file does not expire": ([UNTIL_10, FileDeleted(2)], expire(10), []),
    "what is not there does not expire": ([], expire(10), []),
}


@pytest.mark.parametrize(("given", "when", "then"), SPECIFICATION.values(), ids=SPECIFICATION.keys())
def test_specification(given: Sequence[Event], when: Decision, then: Sequence[Event]) -> None:
    """Every decision is as in the table, and deciding again changes nothing."""
    assert list(when(after(*given))) == list(then)
    assert list(when(after(*given, *then))) == []


@pytest.mark.parametrize(
    ("events", "at", "available"),
    [
        ([], 1, False),
        ([UPLOADED], 10**15, True),
        ([UPLOADED, FileDeleted(2)], 1, False),
        ([UNTIL_10], 9, True),
        ([UNTIL_10], 10, False),
    ],
)
def test_is_available(events: Sequence[Event], at: int, available: bool) -> None:
    """A file is available from its upload until it is deleted or expires, whether or not an event says so yet."""
    assert after(*events).is_available(at) is available


def test_state() -> None:
    """A file's state is that of its upload; a deletion removes nothing of it."""
    expected = State(Owner("p"), 1, "a.txt", "assistants", 3, "5a", "text/plain", 10, deleted=True)
    assert after(UNTIL_10, FileDeleted(2)) == expected
