"""A part of an upload. Each is a stream of its own, so parts that arrive at the same time do not meet in one stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never


@dataclass(frozen=True, slots=True)
class UploadPartAdded:
    """A part was stored. `at` is in ms since 1970, `size` in bytes, `sha256` in hex."""

    at: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class UploadPartErased:
    """The part's history is erased: every older commit is removed, and nothing is kept."""

    at: int


Event: TypeAlias = UploadPartAdded | UploadPartErased


@dataclass(frozen=True, slots=True)
class State:
    """State of a part; `added` is None until it is stored, and once it is erased."""

    added: UploadPartAdded | None = None


INITIAL = State()


def evolve(_state: State, event: Event) -> State:
    """Returns the state after one more event."""
    match event:
        case UploadPartAdded():
            return State(event)
        case UploadPartErased():
            return INITIAL
        case _ as never:
            assert_never(never)


def add(state: State, command: UploadPartAdded) -> Sequence[Event]:
    """Adds a part; decides nothing if it was added already."""
    return [] if state.added is not None else [command]


def erase(state: State, at: int) -> Sequence[Event]:
    """Has a part's history erased; decides nothing if there is none."""
    return [] if state.added is None else [UploadPartErased(at)]
