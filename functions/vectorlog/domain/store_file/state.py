"""The state of a file in a store, and how each event changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from vectorlog.domain.chunking import AUTO, Chunking
from vectorlog.domain.file_warning import FileWarning
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
    Seen,
    Status,
    StoreFileErased,
    without,
)

SEEN_KEPT = 64
"""How many batches that no longer wait for the file a state remembers at most (about 80 bytes each), so that commits do
not grow with the number of batches.
"""


@dataclass(frozen=True, slots=True)
class Open:
    """The generation that is being ingested; `chunks` is 0 until the text is split."""

    generation: int
    since: int
    owners: tuple[str, ...]
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class Serving:
    """The generation that a search may return: its first `chunks` chunks, with these attributes. `move` is the number
    of the store's move for whose space it was embedded too; 0: none.
    """

    generation: int
    chunks: int
    usage_bytes: int
    pages: int
    attributes: Mapping[str, Scalar]
    chunking: Chunking
    warnings: tuple[FileWarning, ...] = ()
    move: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """State of a file in a store.

    Attributes:
        generation: of the newest ingest; it only grows, even across a detach.
        placement: None until the file is first in the store.
        seen: batches that reached the file: those that wait for it, and the last ones of the others.
        forgotten_until: batches created up to this time may have reached the file without being in `seen`.
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
    detached_at: int = 0
    open: Open | None = None
    serving: Serving | None = None
    failure: Failure | None = None
    seen: tuple[Seen, ...] = ()
    forgotten_until: int = 0

    def has_seen(self, batch: str) -> bool:
        """Whether this batch is known to have reached the file, whatever the outcome."""
        return any(each.batch == batch for each in self.seen)

    @property
    def warnings(self) -> tuple[FileWarning, ...]:
        """What the reader told about the file; nothing unless it is completed."""
        return self.serving.warnings if self.serving is not None and self.status == "completed" else ()

    @property
    def holds_content(self) -> bool:
        """Whether the file is in the store, and its content serves or is being ingested."""
        return self.attached and (self.open is not None or self.serving is not None)

    def may_have_forgotten(self, batch: str, created_at: int) -> bool:
        """Whether only the stream's commits can tell if a batch created at this time has reached the file."""
        return created_at <= self.forgotten_until and not self.has_seen(batch)


INITIAL = State()


def evolve(state: State, event: Event) -> State:
    """Returns the state after one more event."""
    match event:
        case FileAttached():
            opened = Open(event.generation, event.at, event.owners)
            if event.joins and state.open:
                opened = replace(state.open, owners=event.owners)
            return replace(
                _with_seen(state, Seen(event.by, event.at, event.known), event.owners),
                generation=event.generation,
                attached=True,
                placement=event.placement,
                status="in_progress",
                filename=event.filename,
                sha256=event.sha256,
                attributes=event.attributes,
                chunking=event.chunking,
                revision=event.revision,
                open=opened,
                failure=None,
            )
        case FileChunked():
            return replace(state, open=state.open and replace(state.open, chunks=event.chunks))
        case FileIngested():
            serving = Serving(
                event.generation,
                event.chunks,
                event.usage_bytes,
                event.pages,
                state.attributes,
                state.chunking,
                event.warnings,
                event.move,
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
        case StoreFileErased():
            return State(
                generation=event.generation,
                placement=event.placement,
                revision=event.revision,
                detached_at=event.detached_at,
                seen=event.seen,
                forgotten_until=event.forgotten_until,
            )
        case _ as never:
            assert_never(never)


def _evolve_cancelled(state: State, event: FileCancelled) -> State:
    owners = state.open.owners if state.open else ()
    state = _with_seen(state, Seen(event.by, event.at, event.known), owners)
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


def _with_seen(state: State, new: Seen, owners: tuple[str, ...]) -> State:
    if new.batch == SINGLE:
        return state
    known = new.known or any(each.batch == new.batch and each.known for each in state.seen)
    seen = (*(each for each in state.seen if each.batch != new.batch), replace(new, known=known))
    others = [each for each in seen if each.batch not in owners]
    forgotten = others[:-SEEN_KEPT]
    return replace(
        state,
        seen=tuple(each for each in seen if each not in forgotten),
        forgotten_until=max([state.forgotten_until, *(each.at for each in forgotten)]),
    )
