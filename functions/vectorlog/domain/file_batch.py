"""A file batch: the files that it names, and whether it was cancelled. How each of them went is in the files' own
streams.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from vectorlog.domain.manifest import Manifest
from vectorlog.domain.tenancy import Owner

# Events


@dataclass(frozen=True, slots=True)
class FileBatchCreated:
    """`owner` is who asked; the store may be somebody else's. `skip_duplicates`: a file whose bytes the store holds
    already is listed as cancelled instead of being indexed twice.
    """

    at: int
    store: str
    owner: Owner
    manifest: Manifest
    skip_duplicates: bool = False


@dataclass(frozen=True, slots=True)
class FileBatchCancelled:
    """Found something unfinished; the batch is `cancelled` for good."""

    at: int


Event = FileBatchCreated | FileBatchCancelled

# State


@dataclass(frozen=True, slots=True)
class State:
    """`owner` is None until the batch is created. Of its manifest it holds how many files are in it, and the address of
    the object that lists them; without one, the event that created the batch does.
    """

    owner: Owner | None = None
    store: str = ""
    created_at: int = 0
    count: int = 0
    object: str | None = None
    skip_duplicates: bool = False
    cancelled: bool = False

    @property
    def exists(self) -> bool:
        """Created."""
        return self.owner is not None


INITIAL = State()

# Evolve


def evolve(state: State, event: Event) -> State:
    """The state after one more event."""
    match event:
        case FileBatchCreated():
            manifest = event.manifest
            return State(event.owner, event.store, event.at, manifest.count, manifest.object, event.skip_duplicates)
        case FileBatchCancelled():
            return replace(state, cancelled=True)
        case _ as never:
            assert_never(never)


# Decisions


def create(state: State, command: FileBatchCreated) -> Sequence[Event]:
    """A batch is created once."""
    return [] if state.exists else [command]


def cancel(state: State, at: int, *, in_progress: int) -> Sequence[Event]:
    """Cancels what is unfinished; after the end, or a second time, it changes nothing."""
    return [FileBatchCancelled(at)] if state.exists and not state.cancelled and in_progress > 0 else []
