"""An API key: which project it opens. The secret itself is shown once and never kept."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from vectorlog.domain.ids import PREFIX

SECRET_PREFIX = "vlk_"

# Events


@dataclass(frozen=True, slots=True)
class ApiKeyCreated:
    """`hash` is the SHA-256 of the secret, in hex; secrets are 256 random bits, so no salt or stretching is needed."""

    at: int
    project: str
    name: str
    hash: str


@dataclass(frozen=True, slots=True)
class ApiKeyRevoked:
    """The key opens nothing from now on."""

    at: int


Event = ApiKeyCreated | ApiKeyRevoked

# State


@dataclass(frozen=True, slots=True)
class State:
    """`project` is empty until the key is created."""

    project: str = ""
    name: str = ""
    hash: str = ""
    created_at: int = 0
    revoked_at: int | None = None

    def opened_by(self, secret: str) -> bool:
        """Whether this secret is the key's and the key holds; takes the same time for any secret."""
        same = hmac.compare_digest(hash_of(secret), self.hash)
        return same and self.project != "" and self.revoked_at is None


INITIAL = State()


def hash_of(secret: str) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def id_of(secret: str) -> str:
    """The key's id follows from its secret, so that a secret is looked up by one load of one stream."""
    return PREFIX["key"] + hashlib.sha256(b"vectorlog key id\0" + secret.encode()).hexdigest()[:32]


# Evolve


def evolve(state: State, event: Event) -> State:
    """The state after one more event."""
    match event:
        case ApiKeyCreated():
            return State(event.project, event.name, event.hash, event.at)
        case ApiKeyRevoked():
            return replace(state, revoked_at=event.at)
        case _ as never:
            assert_never(never)


# Decisions


def create(state: State, command: ApiKeyCreated) -> Sequence[Event]:
    """A key is created once."""
    return [] if state.project else [command]


def revoke(state: State, at: int) -> Sequence[Event]:
    """Revokes a key; a second time changes nothing."""
    return [ApiKeyRevoked(at)] if state.project and state.revoked_at is None else []
