"""A part of an upload. Each is a stream of its own, so parts that arrive at the same time do not meet in one stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UploadPartAdded:
    """A part was stored. `at` is in ms since 1970, `size` in bytes, `sha256` in hex."""

    at: int
    size: int
    sha256: str


Event = UploadPartAdded


@dataclass(frozen=True, slots=True)
class State:
    """State of a part; `added` is None until it is stored."""

    added: UploadPartAdded | None = None


INITIAL = State()


def evolve(_state: State, event: Event) -> State:
    """Returns the state after one more event."""
    return State(event)


def add(state: State, command: UploadPartAdded) -> Sequence[Event]:
    """Adds a part; decides nothing if it was added already."""
    return [] if state.added is not None else [command]
