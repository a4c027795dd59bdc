"""A vector store: its model, name, description, metadata and expiry, when it was last used, and who may use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, assert_never

from vectorlog.defaults import DAY_MS
from vectorlog.domain import vectors_move
from vectorlog.domain.erased_store import VectorStoreErased
from vectorlog.domain.filters import Scalar, same_attributes
from vectorlog.domain.manifest import FirstBatch as FirstBatch
from vectorlog.domain.sharing import (
    Role,
    Sharing,
    VectorStoreShared,
    VectorStoreUnshared,
    decide_sharing,
    role_of,
    shared,
)
from vectorlog.domain.tenancy import Caller, Owner
from vectorlog.domain.vectors import Space

USED_EVERY_MS = 60_000
"""A VectorStoreUsed is appended at most once a minute (docs/contract.md, section 10.3)."""

# Events


@dataclass(frozen=True, slots=True)
class VectorStoreCreated:
    """A store was created. Times are in ms since 1970; `model` is `provider:name`."""

    at: int
    owner: Owner
    model: str
    dimensions: int
    name: str | None = None
    description: str | None = None
    metadata: Mapping[str, Scalar] = field(default_factory=dict)
    expires_after_days: int | None = None
    batch: FirstBatch | None = None


@dataclass(frozen=True, slots=True)
class VectorStoreModified:
    """A store was modified; the event carries the new value of everything that can be modified."""

    at: int
    name: str | None
    metadata: Mapping[str, Scalar]
    expires_after_days: int | None


@dataclass(frozen=True, slots=True)
class VectorStoreUsed:
    """A store was searched (`used`), or its files changed."""

    at: int
    used: bool


@dataclass(frozen=True, slots=True)
class VectorStoreExpired:
    """A store expired, because it was not used for the number of days in its policy."""

    at: int


@dataclass(frozen=True, slots=True)
class VectorStoreDeleted:
    """A store was deleted, and every file in it left it."""

    at: int


Event = (
    VectorStoreCreated
    | VectorStoreModified
    | VectorStoreUsed
    | VectorStoreExpired
    | vectors_move.VectorStoreMoved
    | vectors_move.Event
    | VectorStoreShared
    | VectorStoreUnshared
    | VectorStoreDeleted
    | VectorStoreErased
)

# State


@dataclass(frozen=True, slots=True)
class State:
    """State of a vector store; `owner` is None until it is created. `batch` is the id of its first batch, whose files
    are named by the event that created the store. `ended_at` is when it expired, or else was deleted.
    """

    owner: Owner | None = None
    created_at: int = 0
    model: str = ""
    dimensions: int = 0
    name: str | None = None
    description: str | None = None
    metadata: Mapping[str, Scalar] = field(default_factory=dict)
    expires_after_days: int | None = None
    active_at: int = 0
    used_at: int | None = None
    ended: Literal["expired", "deleted", "erased"] | None = None
    batch: str | None = None
    ended_at: int | None = None
    sharing: Sharing = Sharing()
    moves: vectors_move.Moves = vectors_move.Moves()

    @property
    def exists(self) -> bool:
        """Whether the store is created and not deleted; an expired store still exists."""
        return self.owner is not None and not self.deleted

    @property
    def deleted(self) -> bool:
        """Whether the store is deleted; an erased store is deleted too."""
        return self.ended in ("deleted", "erased")

    @property
    def space(self) -> Space:
        """The embedding space of the store's vectors."""
        return Space(self.model, self.dimensions)

    @property
    def spaces(self) -> tuple[Space, ...]:
        """The spaces in which the index holds its chunks: its own, and the one that it moves to."""
        return tuple(space for space, _ in self.numbered_spaces)

    @property
    def numbered_spaces(self) -> tuple[tuple[Space, int], ...]:
        """`spaces`, each with the number of its vectors (`vectors_move.py`)."""
        return self.moves.spaces(self.space)

    @property
    def expires_at(self) -> int | None:
        """When the store expires if it is not used again, in ms since 1970; None if it has no policy. That is at the
        beginning of the second that clients are shown.
        """
        if self.expires_after_days is None:
            return None
        return (self.active_at + self.expires_after_days * DAY_MS) // 1000 * 1000

    def expired(self, at: int) -> bool:
        """Whether the store has expired at this time, even if VectorStoreExpired is not appended yet."""
        return self.ended == "expired" or (self.expires_at is not None and self.expires_at <= at)

    def role_of(self, caller: Caller) -> Role | None:
        """Returns the role with which a caller acts on the store; None if the caller may not know of it."""
        return None if self.owner is None else role_of(self.owner, self.sharing, caller)


INITIAL = State()

# Evolve


def evolve(state: State, event: Event) -> State:
    """Returns the state after one more event."""
    match event:
        case VectorStoreCreated():
            return State(
                owner=event.owner,
                created_at=event.at,
                model=event.model,
                dimensions=event.dimensions,
                name=event.name,
                description=event.description,
                metadata=event.metadata,
                expires_after_days=event.expires_after_days,
                active_at=event.at,
                batch=event.batch.id if event.batch else None,
            )
        case VectorStoreModified():
            return replace(
                state,
                name=event.name,
                metadata=event.metadata,
                expires_after_days=event.expires_after_days,
                active_at=max(state.active_at, event.at),
            )
        case VectorStoreUsed():
            used_at = max(state.used_at or 0, event.at) if event.used else state.used_at
            return replace(state, active_at=max(state.active_at, event.at), used_at=used_at)
        case VectorStoreExpired():
            return replace(state, ended="expired", ended_at=event.at)
        case vectors_move.VectorStoreMoved():
            return replace(state, model=event.model, dimensions=event.dimensions)
        case vectors_move.VectorsMoveBegun() | vectors_move.VectorsMoveEnded():
            moves, space = vectors_move.moved(state.moves, event), state.moves.space_after(state.space, event)
            return replace(state, moves=moves, model=space.model, dimensions=space.dimensions)
        case VectorStoreShared() | VectorStoreUnshared():
            return replace(state, sharing=shared(state.sharing, event))
        case VectorStoreDeleted():
            return replace(state, ended="deleted", ended_at=event.at if state.ended_at is None else state.ended_at)
        case VectorStoreErased():
            at, ended_at = event.created_at, event.ended_at
            return State(
                event.owner, at, event.model, event.dimensions, active_at=at, ended="erased", ended_at=ended_at
            )
        case _ as never:
            assert_never(never)


# Decisions


def create(state: State, command: VectorStoreCreated) -> Sequence[Event]:
    """Creates a store; decides nothing if it exists."""
    return [] if state.owner is not None else [command]


def modify(state: State, command: VectorStoreModified) -> Sequence[Event]:
    """Changes the name, metadata and expiry of a store that is neither deleted nor expired."""
    if not state.exists or state.expired(command.at):
        return []
    same = (command.name, command.expires_after_days) == (state.name, state.expires_after_days)
    same = same and same_attributes(command.metadata, state.metadata)
    return [] if same and command.at - state.active_at < USED_EVERY_MS else [command]


def use(state: State, command: VectorStoreUsed) -> Sequence[Event]:
    """Records a use, at most once a minute; decides nothing if the store is deleted or has expired."""
    if not state.exists or state.expired(command.at):
        return []
    last = state.used_at if command.used else state.active_at
    return [] if last is not None and command.at - last < USED_EVERY_MS else [command]


def expire(state: State, at: int) -> Sequence[Event]:
    """Expires a store that has passed its time; decides nothing if it was used meanwhile."""
    ends = state.owner is not None and state.ended is None and state.expired(at)
    return [*vectors_move.cancel(state.moves, at), VectorStoreExpired(at)] if ends else []


def share(state: State, command: VectorStoreShared | VectorStoreUnshared) -> Sequence[Event]:
    """Grants a role on a store, or takes one back; see `decide_sharing`."""
    return decide_sharing(state.sharing, command) if state.exists else []


def delete(state: State, at: int) -> Sequence[Event]:
    """Deletes a store, whether it has expired or not."""
    return [*vectors_move.cancel(state.moves, at), VectorStoreDeleted(at)] if state.exists else []
