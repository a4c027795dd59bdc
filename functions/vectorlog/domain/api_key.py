"""An API key, which opens one project with a scope. Its secret is shown once and never stored."""

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

USED_EVERY_MS = 3_600_000
"""How often at most a key's use is recorded, so that a key writes one small commit an hour however busy it is."""

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
        all_projects: whether a key of scope `admin` administers the keys and limits of every project. It opens the
            data of its own project only.
        expires_at: when it stops opening anything, in ms since 1970; None for never.
    """

    project: str
    scope: Scope
    key: str = ""
    all_projects: bool = False
    expires_at: int | None = None

    def administers(self, project: str) -> bool:
        """Whether it may create keys for a project and change the project's limits."""
        return self.scope == "admin" and (self.all_projects or self.project == project)

    def expired(self, at: int) -> bool:
        """Whether it has expired at this time, in ms since 1970."""
        return self.expires_at is not None and at >= self.expires_at


# Events


@dataclass(frozen=True, slots=True)
class ApiKeyCreated:
    """A key was created.

    Attributes:
        at: when, in ms since 1970.
        project: the project that it opens.
        name: what it is for.
        hash: the SHA-256 of the secret, in hex. A secret is 256 random bits, so it needs no salt or stretching.
        scope: what it may do.
        expires_at: when it stops opening anything, in ms since 1970; None for never.
        all_projects: see `Credential`.
        hint: the last characters of the secret, by which its holder recognizes it; "" for keys of older versions.
        created_by: the id of the key that created it; "" if the operator did.
    """

    at: int
    project: str
    name: str
    hash: str
    scope: Scope
    expires_at: int | None = None
    all_projects: bool = False
    hint: str = ""
    created_by: str = ""


@dataclass(frozen=True, slots=True)
class ApiKeyRevoked:
    """The key was revoked and opens nothing from now on."""

    at: int


@dataclass(frozen=True, slots=True)
class ApiKeyUsed:
    """The key opened its project. Recorded at most once in `USED_EVERY_MS`."""

    at: int


Event = ApiKeyCreated | ApiKeyRevoked | ApiKeyUsed

# State


@dataclass(frozen=True, slots=True)
class State:
    """State of an API key; `project` is empty until it is created."""

    project: str = ""
    name: str = ""
    hash: str = ""
    created_at: int = 0
    revoked_at: int | None = None
    scope: Scope = "read"
    expires_at: int | None = None
    all_projects: bool = False
    hint: str = ""
    created_by: str = ""
    used_at: int | None = None

    def opened_by(self, secret: str) -> bool:
        """Whether this is the key's secret and the key is not revoked; takes the same time for any secret."""
        same = hmac.compare_digest(hash_of(secret), self.hash)
        return same and self.project != "" and self.revoked_at is None

    def expired(self, at: int) -> bool:
        """Whether the key has expired at this time, in ms since 1970."""
        return self.expires_at is not None and at >= self.expires_at

    def credential(self, key: str) -> Credential:
        """Returns what the key stands for; `key` is its id."""
        return Credential(self.project, self.scope, key, self.all_projects, self.expires_at)


INITIAL = State()


def hash_of(secret: str) -> str:
    """Returns the SHA-256 of a secret, in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def id_of(secret: str) -> str:
    """Returns a key's id, which is derived from its secret so that a secret is checked by loading one stream."""
    return PREFIX["key"] + hashlib.sha256(b"vectorlog key id\0" + secret.encode()).hexdigest()[:32]


def hint_of(secret: str) -> str:
    """Returns the characters of a secret that are shown again: 24 of its 256 random bits."""
    return secret[-4:]


# Evolve


def evolve(state: State, event: Event) -> State:
    """Returns the state after one more event."""
    match event:
        case ApiKeyCreated():
            return State(
                event.project,
                event.name,
                event.hash,
                event.at,
                scope=event.scope,
                expires_at=event.expires_at,
                all_projects=event.all_projects,
                hint=event.hint,
                created_by=event.created_by,
            )
        case ApiKeyRevoked():
            return replace(state, revoked_at=event.at)
        case ApiKeyUsed():
            return replace(state, used_at=event.at)
        case _ as never:
            assert_never(never)


# Decisions


def create(state: State, command: ApiKeyCreated) -> Sequence[Event]:
    """Creates a key; decides nothing if it exists."""
    return [] if state.project else [command]


def use(state: State, at: int) -> Sequence[Event]:
    """Records that a key was used; decides nothing if its last use was recorded recently."""
    active = state.project and state.revoked_at is None
    return [ApiKeyUsed(at)] if active and (state.used_at is None or at - state.used_at >= USED_EVERY_MS) else []


def revoke(state: State, at: int) -> Sequence[Event]:
    """Revokes a key; decides nothing if it does not exist or is revoked already."""
    return [ApiKeyRevoked(at)] if state.project and state.revoked_at is None else []
