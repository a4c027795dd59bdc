"""Decisions on an API key: given these events, when this is decided, then these events follow."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import pytest

from vectorlog.domain import api_key
from vectorlog.domain.api_key import INITIAL, ApiKeyCreated, ApiKeyRevoked, Event, State, evolve, hash_of, id_of
from vectorlog.domain.ids import is_well_formed

Decision = Callable[[State], Sequence[Event]]

SECRET = "vlk_secret"
CREATED = ApiKeyCreated(1, "p", "laptop", hash_of(SECRET), "write")


def after(*events: Event) -> State:
    return reduce(evolve, events, INITIAL)


def create(state: State) -> Sequence[Event]:
    return api_key.create(state, CREATED)


def revoke(state: State) -> Sequence[Event]:
    return api_key.revoke(state, 5)


SPECIFICATION: Mapping[str, tuple[Sequence[Event], Decision, Sequence[Event]]] = {
    "a key is created": ([], create, [CREATED]),
    "created twice is once": ([CREATED], create, []),
    "a revoked key is not created again": ([CREATED, ApiKeyRevoked(2)], create, []),
    "a key is revoked": ([CREATED], revoke, [ApiKeyRevoked(5)]),
    "revoked twice is once": ([CREATED, ApiKeyRevoked(2)], revoke, []),
    "what is not there is not revoked": ([], revoke, []),
}


@pytest.mark.parametrize(("given", "when", "then"), SPECIFICATION.values(), ids=SPECIFICATION.keys())
def test_specification(given: Sequence[Event], when: Decision, then: Sequence[Event]) -> None:
    """Every decision is as in the table, and deciding again changes nothing."""
    assert list(when(after(*given))) == list(then)
    assert list(when(after(*given, *then))) == []


@pytest.mark.parametrize(
    ("events", "secret", "opens"),
    [
        ([CREATED], SECRET, True),
        ([CREATED], SECRET + "x", False),
        ([CREATED], "", False),
        ([CREATED], hash_of(SECRET), False),
        ([CREATED, ApiKeyRevoked(2)], SECRET, False),
        ([], SECRET, False),
        ([], "", False),
    ],
)
def test_opened_by(events: Sequence[Event], secret: str, opens: bool) -> None:
    """A key is opened only by its own secret, and by nothing once it is revoked."""
    assert after(*events).opened_by(secret) is opens


def test_secret_is_not_kept() -> None:
    """Neither the id nor the state reveals the secret, and the id does not reveal the hash that the secret is checked
    against.
    """
    state = after(CREATED)
    assert SECRET not in repr(state)
    assert SECRET not in id_of(SECRET)
    assert not state.hash.startswith(id_of(SECRET).removeprefix("key_"))


def test_id_follows_from_the_secret() -> None:
    """A secret leads to one stream."""
    assert id_of(SECRET) == id_of(SECRET) != id_of(SECRET + "x")
    assert re.fullmatch(r"key_[0-9a-f]{32}", id_of(SECRET))
    assert is_well_formed("key", id_of(SECRET))
