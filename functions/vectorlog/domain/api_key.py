"""An API key, which opens one project. Its secret is shown once and never stored."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, assert_never

from vectorlog.domain.ids import PREFIX

SECRET_PREFIX = "vlk_"

Scope: TypeAlias = Literal["read", "write", "admin"]
"""What a key may do. Each scope includes the ones before it."""

SCOPES: tuple[Scope, ...] = ("read", "write", "admin")


def includes(scope: Scope, needed: Scope) -> bool:
    """Whether a key of this scope may do what needs another."""
    return SCOPES.index(scope) >= SCOPES.index(needed)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a valid key stands for.

    Attributes:
        project: the project that it opens.
        scope: what it may do there.
        key: its id; "" on a server that needs no key.
    """

    project: str
    scope: Scope
    key: str = ""


# Events


@dataclass(frozen=True, slots=True)
class ApiKeyCreated:
    """A key was created. `hash` is the SHA-256 of the secret, in hex; a secret is 256 random bits, so it needs no salt
    or stretching.
    """

    at: int
    project: str
    name: str
    hash: str


@dataclass(frozen=True, slots=True)
class ApiKeyRevoked:
    """The key was revoked and opens nothing from now on."""

    at: int


Event = ApiKeyCreated | ApiKeyRevoked

# State


@dataclass(frozen=True, slots=True)
class State:
    """State of an API key; `project` is empty until it is created."""

    project: str = ""
    name: str = ""
    hash: str = ""
    created_at: int = 0
    revoked_at: int | None = None

    def opened_by(self, secret: str) -> bool:
        """Whether this is the key's secret and the key is not revoked; takes the same time for any secret."""
        same = hmac.compare_digest(hash_of(secret), self.hash)
        return same and self.project != "" and self.revoked_at is None


INITIAL = State()


def hash_of(secret: str) -> str:
    """Returns the SHA-256 of a secret, in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def id_of(secret: str) -> str:
    """Returns a key's id, which is derived from its secret so that a secret is checked by loading one stream."""
    return PREFIX["key"] + hashlib.sha256(b"vectorlog key id\0" + secret.encode()).hexdigest()[:32]


# Evolve


def evolve(state: State, event: Event) -> State:
    """Returns the state after one more event."""
    match event:
        case ApiKeyCreated():
            return State(event.project, event.name, event.hash, event.at)
        case ApiKeyRevoked():
            return replace(state, revoked_at=event.at)
        case _ as never:
            assert_never(never)


# Decisions


def create(state: State, command: ApiKeyCreated) -> Sequence[Event]:
    """Creates a key; decides nothing if it exists."""
    return [] if state.project else [command]


def revoke(state: State, at: int) -> Sequence[Event]:
    """Revokes a key; decides nothing if it does not exist or is revoked already."""
    return [ApiKeyRevoked(at)] if state.project and state.revoked_at is None else []
