"""Decisions on an API key: given these events, when this is decided, then these events follow."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import reduce

import pytest

from vectorlog.domain import api_key
from vectorlog.domain.api_key import (
    INITIAL,
    SCOPES,
    USED_EVERY_MS,
    ApiKeyCreated,
    ApiKeyRevoked,
    ApiKeyUsed,
    Credential,
    Event,
    State,
    evolve,
    hash_of,
    hint_of,
    id_of,
    includes,
    use,
)
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


def test_scopes() -> None:
    """Each scope includes the ones before it."""
    may = {scope: [needed for needed in SCOPES if includes(scope, needed)] for scope in SCOPES}
    assert may == {"read": ["read"], "write": ["read", "write"], "admin": ["read", "write", "admin"]}


@pytest.mark.parametrize(
    ("credential", "administered"),
    [
        (Credential("ours", "write"), []),
        (Credential("ours", "admin"), ["ours"]),
        (Credential("ours", "admin", all_projects=True), ["ours", "theirs"]),
        (Credential("ours", "write", all_projects=True), []),
    ],
)
def test_administers(credential: Credential, administered: list[str]) -> None:
    """A key of scope `admin` administers its own project, or every project if it is for all of them."""
    assert [project for project in ("ours", "theirs") if credential.administers(project)] == administered


def test_expiry() -> None:
    """A key is valid until the moment at which it expires."""
    state = after(replace(CREATED, expires_at=100))
    assert [state.expired(at) for at in (99, 100)] == [False, True]
    assert [state.credential("key_1").expired(at) for at in (99, 100)] == [False, True]
    assert not after(CREATED).expired(10**15)


def test_use_is_recorded_once_an_hour() -> None:
    """However often a key is used, its stream grows by one event an hour; a revoked key is not used."""
    state = after(CREATED)
    assert list(use(state, 5)) == [ApiKeyUsed(5)]
    state = after(CREATED, ApiKeyUsed(5))
    assert list(use(state, 5 + USED_EVERY_MS - 1)) == []
    assert list(use(state, 5 + USED_EVERY_MS)) == [ApiKeyUsed(5 + USED_EVERY_MS)]
    assert list(use(after(CREATED, ApiKeyRevoked(2)), 9)) == list(use(INITIAL, 9)) == []


def test_hint() -> None:
    """A holder recognizes a key by its last four characters, and nobody can use it by them."""
    assert hint_of(SECRET) == SECRET[-4:]
