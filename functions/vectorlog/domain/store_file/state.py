"""The state of a file in a store, and how each event changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from vectorlog.defaults import DAY_MS
from vectorlog.domain.chunking import AUTO, Chunking
from vectorlog.domain.filters import Scalar
from vectorlog.domain.store_file.events import (
    SINGLE,
    Event,
    Failure,
    FileAttached,
    FileAttributesChanged,
    FileCancelled,
    FileChunked,
    FileDetached,
    FileFailed,
    FileIngested,
    Placement,
    Status,
    without,
)

SEEN_FOR_MS = 8 * DAY_MS
"""A batch ends within a day of its creation, and a week later it may be forgotten (ARCHITECTURE.md, "Streams")."""


@dataclass(frozen=True, slots=True)
class Open:
    """The generation that is being ingested; `chunks` is 0 until the text is split."""

    generation: int
    since: int
    owners: tuple[str, ...]
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class Serving:
    """The generation that a search may return: its first `chunks` chunks, with these attributes."""

    generation: int
    chunks: int
    usage_bytes: int
    pages: int
    attributes: Mapping[str, Scalar]
    chunking: Chunking


@dataclass(frozen=True, slots=True)
class Seen:
    """A batch that named this file."""

    batch: str
    at: int


@dataclass(frozen=True, slots=True)
class State:
    """State of a file in a store. `generation` only grows, even across a detach; `placement` is None until the file is
    first in the store.
    """

    generation: int = 0
    attached: bool = False
    placement: Placement | None = None
    status: Status = "in_progress"
    filename: str = ""
    sha256: str = ""
    attributes: Mapping[str, Scalar] = field(default_factory=dict)
    chunking: Chunking = AUTO
    revision: int = 0
    asked_at: int = 0
    detached_at: int = 0
    open: Open | None = None
    serving: Serving | None = None
    failure: Failure | None = None
    seen: tuple[Seen, ...] = ()

    def has_seen(self, batch: str) -> bool:
        """Whether this batch has reached the file, whatever the outcome."""
        return any(each.batch == batch for each in self.seen)


INITIAL = State()


def evolve(state: State, event: Event) -> State:
    """Returns the state after one more event."""
    match event:
        case FileAttached():
            opened = Open(event.generation, event.at, event.owners)
            if event.joins and state.open:
                opened = replace(state.open, owners=event.owners)
            return replace(
                state,
                generation=event.generation,
                attached=True,
                placement=event.placement,
                status="in_progress",
                filename=event.filename,
                sha256=event.sha256,
                attributes=event.attributes,
                chunking=event.chunking,
                revision=event.revision,
                asked_at=max(state.asked_at, event.asked_at),
                open=opened,
                failure=None,
                seen=_with_seen(state, event.by, event.at),
            )
        case FileChunked():
            return replace(state, open=state.open and replace(state.open, chunks=event.chunks))
        case FileIngested():
            serving = Serving(
                event.generation, event.chunks, event.usage_bytes, event.pages, state.attributes, state.chunking
            )
            return replace(state, status="completed", open=None, serving=serving, failure=None)
        case FileFailed():
            return replace(state, status="failed", open=None, failure=event.failure)
        case FileCancelled():
            return _evolve_cancelled(state, event)
        case FileAttributesChanged():
            return replace(
                state,
                attributes=event.attributes,
                revision=event.revision,
                asked_at=max(state.asked_at, event.at),
                serving=state.serving and replace(state.serving, attributes=event.attributes),
            )
        case FileDetached():
            return replace(
                state,
                attached=False,
                open=None,
                serving=None,
                failure=None,
                detached_at=max(state.detached_at, event.at),
            )
        case _ as never:
            assert_never(never)


def _evolve_cancelled(state: State, event: FileCancelled) -> State:
    state = replace(state, seen=_with_seen(state, event.by, event.at))
    if event.placement is not None:
        return replace(
            state,
            attached=True,
            placement=event.placement,
            status="cancelled",
            filename=event.filename,
            sha256=event.sha256,
            attributes=event.attributes,
            chunking=event.chunking,
            failure=event.failure,
        )
    if state.open is None:
        return state
    if event.ended is None:
        return replace(state, open=replace(state.open, owners=without(state.open.owners, event.by)))
    if state.serving is None:
        return replace(state, status="cancelled", open=None, failure=event.failure)
    serving = state.serving
    return replace(
        state, status="completed", open=None, failure=None, attributes=serving.attributes, chunking=serving.chunking
    )


def _with_seen(state: State, by: str, at: int) -> tuple[Seen, ...]:
    recent = tuple(each for each in state.seen if each.at > at - SEEN_FOR_MS and each.batch != by)
    return recent if by == SINGLE else (*recent, Seen(by, at))
