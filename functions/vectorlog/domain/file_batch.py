"""A file batch: the files that it names, and whether it was cancelled. Each file's outcome is in its own stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from vectorlog.domain.manifest import Manifest
from vectorlog.domain.tenancy import Owner

# Events


@dataclass(frozen=True, slots=True)
class FileBatchCreated:
    """A batch was created. `owner` is the caller that created it; the store may have another owner. With
    `skip_duplicates`, a file whose bytes the store already has is listed as cancelled instead of being indexed twice.
    """

    at: int
    store: str
    owner: Owner
    manifest: Manifest
    skip_duplicates: bool = False


@dataclass(frozen=True, slots=True)
class FileBatchCancelled:
    """The batch was cancelled while some of its files were unfinished; its status is `cancelled` from now on."""

    at: int


@dataclass(frozen=True, slots=True)
class FileBatchEnded:
    """All files of the batch have ended, and these are the numbers of them by status. It is recorded once, so that
    others can be told; what clients see follows from the entries.
    """

    at: int
    completed: int
    failed: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class FileBatchErased:
    """What the batch holds of erased files is erased: every older commit is removed. The event has all that is kept of
    the batch: `manifest` is without the settings of erased files, and without any list if the store is erased.
    """

    at: int
    store: str
    owner: Owner
    created_at: int
    manifest: Manifest
    skip_duplicates: bool = False
    cancelled: bool = False
    ended: bool = False


Event = FileBatchCreated | FileBatchCancelled | FileBatchEnded | FileBatchErased

# State


@dataclass(frozen=True, slots=True)
class State:
    """State of a batch; `owner` is None until it is created. `count` is the number of files in its manifest, `known` of
    which are known, and `object` the address of the manifest; if that is None, the batch's newest event with a manifest
    contains it. `ended` is whether it is recorded that all of its files have ended.
    """

    owner: Owner | None = None
    store: str = ""
    created_at: int = 0
    count: int = 0
    object: str | None = None
    skip_duplicates: bool = False
    cancelled: bool = False
    known: int = 0
    ended: bool = False

    @property
    def exists(self) -> bool:
        """Whether the batch is created."""
        return self.owner is not None


INITIAL = State()

# Evolve


def evolve(state: State, event: Event) -> State:
    """Returns the state after one more event."""
    match event:
        case FileBatchCreated():
            manifest = event.manifest
            return State(
                owner=event.owner,
                store=event.store,
                created_at=event.at,
                count=manifest.count,
                object=manifest.object,
                skip_duplicates=event.skip_duplicates,
                known=manifest.known,
            )
        case FileBatchCancelled():
            return replace(state, cancelled=True)
        case FileBatchEnded():
            return replace(state, ended=True)
        case FileBatchErased():
            manifest = event.manifest
            return State(
                owner=event.owner,
                store=event.store,
                created_at=event.created_at,
                count=manifest.count,
                object=manifest.object,
                skip_duplicates=event.skip_duplicates,
                cancelled=event.cancelled,
                known=manifest.known,
                ended=event.ended,
            )
        case _ as never:
            assert_never(never)


# Decisions


def create(state: State, command: FileBatchCreated) -> Sequence[Event]:
    """Creates a batch; decides nothing if it exists."""
    return [] if state.exists else [command]


def cancel(state: State, at: int, *, in_progress: int) -> Sequence[Event]:
    """Cancels a batch; decides nothing if all of its files have finished or it is cancelled already."""
    return [FileBatchCancelled(at)] if state.exists and not state.cancelled and in_progress > 0 else []


def end(state: State, at: int, *, completed: int, failed: int, cancelled: int) -> Sequence[Event]:
    """Records that all files have ended, given how many did with each status; decides nothing if some have not, or it
    is recorded already.
    """
    all_ended = completed + failed + cancelled >= state.count
    return [FileBatchEnded(at, completed, failed, cancelled)] if state.exists and all_ended and not state.ended else []


def erase(state: State, at: int, manifest: Manifest) -> Sequence[Event]:
    """Has the batch's history erased, and replaces its manifest."""
    if state.owner is None:
        return []
    return [
        FileBatchErased(
            at,
            state.store,
            state.owner,
            state.created_at,
            manifest,
            state.skip_duplicates,
            state.cancelled,
            state.ended,
        )
    ]
