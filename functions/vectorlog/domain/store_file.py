"""A file in a store: what was asked for it, what is being ingested, and what a search may return of it.

A **generation** is one ingest. The open one has **owners**: the batches that wait for it, and `single` for a direct attach.
What **serves** goes on serving until the next generation is in. Every event names the batch entries that it opens or
settles, and the generations whose chunks nobody needs any more, so that whoever reads it needs no state from before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from vectorlog.domain.chunking import AUTO, Chunking
from vectorlog.domain.filters import Scalar, same_attributes
from vectorlog.domain.manifest import Listed

SINGLE = "single"
SEEN_FOR_MS = 8 * 86_400_000
"""A batch ends within a day of its creation and may be forgotten a week later (architecture, "A file in a store")."""

Status = Literal["in_progress", "completed", "failed", "cancelled"]
ErrorCode = Literal["server_error", "unsupported_file", "invalid_file", "rate_limit_exceeded", "duplicate_file"]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a file stands in its store's list: when it was asked for (ms), and its position in that request."""

    at: int
    position: int = 0

    def row(self, file: str) -> str:
        """The sort key that lists it in this order."""
        return f"{self.at:013d}#{self.position:05d}#{file}"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a file ended without being searchable: the contract's code, and a sentence that says what to do."""

    code: ErrorCode
    message: str


@dataclass(frozen=True, slots=True)
class Retired:
    """A generation that nobody needs any more, and how many chunks of it there can be."""

    generation: int
    chunks: int


# Events


@dataclass(frozen=True, slots=True)
class FileAttached:
    """Opens a generation, or `joins` the open one. `asked_at`: when the command was given, which for a
    file of a batch is earlier than `at`.
    """

    at: int
    asked_at: int
    by: str
    generation: int
    owners: tuple[str, ...]
    placement: Placement
    revision: int
    filename: str
    sha256: str
    attributes: Mapping[str, Scalar]
    chunking: Chunking
    joins: bool = False
    retires: tuple[Retired, ...] = ()


@dataclass(frozen=True, slots=True)
class FileChunked:
    """The text is cut; no chunk above this number will ever be indexed for this generation."""

    generation: int
    chunks: int


@dataclass(frozen=True, slots=True)
class FileIngested:
    """The generation serves. `revision`: of the attributes that its chunks carry; `usage_bytes`: of the text, in UTF-8."""

    at: int
    generation: int
    chunks: int
    usage_bytes: int
    pages: int
    revision: int
    owners: tuple[str, ...]
    retires: tuple[Retired, ...] = ()


@dataclass(frozen=True, slots=True)
class FileFailed:
    """The generation ended without serving."""

    at: int
    generation: int
    failure: Failure
    owners: tuple[str, ...]
    retires: tuple[Retired, ...] = ()


@dataclass(frozen=True, slots=True)
class FileCancelled:
    """`by` no longer wants it. `ended`: the open generation, if nobody else wants it either. `placement` is set where the
    file was not in the store, and is now listed as cancelled.
    """

    at: int
    by: str
    ended: int | None = None
    placement: Placement | None = None
    filename: str = ""
    sha256: str = ""
    attributes: Mapping[str, Scalar] = field(default_factory=dict)
    chunking: Chunking = AUTO
    failure: Failure | None = None
    retires: tuple[Retired, ...] = ()


@dataclass(frozen=True, slots=True)
class FileAttributesChanged:
    """The whole map, as it is from now on."""

    at: int
    attributes: Mapping[str, Scalar]
    revision: int


@dataclass(frozen=True, slots=True)
class FileDetached:
    """Out of the store; `file_deleted` where the uploaded file itself is gone."""

    at: int
    reason: Literal["detached", "file_deleted"]
    owners: tuple[str, ...]
    retires: tuple[Retired, ...] = ()


Event = FileAttached | FileChunked | FileIngested | FileFailed | FileCancelled | FileAttributesChanged | FileDetached

# State


@dataclass(frozen=True, slots=True)
class Open:
    """The generation that is being ingested; `chunks` is 0 until the text is cut."""

    generation: int
    since: int
    owners: tuple[str, ...]
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class Serving:
    """What search may return: chunks 0 to `chunks` of this generation, with these attributes."""

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
    """`generation` only grows and survives a detach; `placement` is None until the file was first in the store."""

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
        """Whether this batch has been here, whatever became of it."""
        return any(each.batch == batch for each in self.seen)


INITIAL = State()

# Evolve


def evolve(state: State, event: Event) -> State:
    """The state after one more event."""
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
                seen=_see(state, event.by, event.at),
            )
        case FileChunked():
            return replace(state, open=state.open and replace(state.open, chunks=event.chunks))
        case FileIngested():
            serving = Serving(event.generation, event.chunks, event.usage_bytes, event.pages, state.attributes, state.chunking)
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
            return replace(state, attached=False, open=None, serving=None, failure=None, detached_at=max(state.detached_at, event.at))


def _evolve_cancelled(state: State, event: FileCancelled) -> State:
    state = replace(state, seen=_see(state, event.by, event.at))
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
        return replace(state, open=replace(state.open, owners=_without(state.open.owners, event.by)))
    if state.serving is None:
        return replace(state, status="cancelled", open=None, failure=event.failure)
    back = state.serving
    return replace(state, status="completed", open=None, failure=None, attributes=back.attributes, chunking=back.chunking)


def _see(state: State, by: str, at: int) -> tuple[Seen, ...]:
    recent = tuple(each for each in state.seen if each.at > at - SEEN_FOR_MS and each.batch != by)
    return recent if by == SINGLE else (*recent, Seen(by, at))


def _without(owners: tuple[str, ...], one: str) -> tuple[str, ...]:
    return tuple(each for each in owners if each != one)


# Decisions


@dataclass(frozen=True, slots=True)
class Attach:
    """Ask for a file: directly (`by` is `single`), or as one of a batch (its id; then `placement` is the batch's time and
    the file's position). `asked_at` settles which of two commands is newer.
    """

    at: int
    asked_at: int
    by: str
    placement: Placement
    filename: str
    sha256: str
    attributes: Mapping[str, Scalar]
    chunking: Chunking


def attach(state: State, command: Attach) -> Sequence[Event]:
    """Joins the open generation where the settings are the same, else opens the next one; a batch is heard once.

    A direct attach is decided as it is asked, so its settings hold whatever the clocks of other machines said before; those
    of a batch hold unless a newer command's do.
    """
    if state.has_seen(command.by):
        return []
    if _comes_after_detach(state, command):
        return [FileCancelled(command.at, command.by)]
    newest = not state.attached or command.by == SINGLE or command.asked_at >= state.asked_at
    attributes, chunking = (command.attributes, command.chunking) if newest else (state.attributes, state.chunking)
    alike = same_attributes(attributes, state.attributes)
    owners = state.open.owners if state.open else ()
    joins = state.open is not None and alike and chunking == state.chunking
    if joins and command.by in owners:
        return []
    event = FileAttached(
        at=command.at,
        asked_at=command.asked_at,
        by=command.by,
        generation=state.generation if joins else state.generation + 1,
        owners=(*_without(owners, command.by), command.by),
        placement=state.placement if state.attached and state.placement else command.placement,
        revision=state.revision if alike else state.revision + 1,
        filename=command.filename,
        sha256=command.sha256,
        attributes=attributes,
        chunking=chunking,
        joins=joins,
        retires=() if joins else _open_generation(state),
    )
    return [event]


def refuse_duplicate(state: State, command: Attach, holder: str) -> Sequence[Event]:
    """Lists a file as cancelled because another one with the same bytes is in the store; a file that is there stays as it is."""
    if state.has_seen(command.by) or (state.attached and command.by == SINGLE):
        return []
    if state.attached or _comes_after_detach(state, command):
        return [FileCancelled(command.at, command.by)]
    message = f"The store already holds the same content as '{holder}'. Attach it without skip_duplicates to index it again."
    return [
        FileCancelled(
            at=command.at,
            by=command.by,
            placement=command.placement,
            filename=command.filename,
            sha256=command.sha256,
            attributes=command.attributes,
            chunking=command.chunking,
            failure=Failure("duplicate_file", message),
        )
    ]


def chunked(state: State, generation: int, chunks: int) -> Sequence[Event]:
    """Notes the number of chunks before the first is indexed; it never shrinks."""
    if state.open is None or state.open.generation != generation or chunks <= state.open.chunks:
        return []
    return [FileChunked(generation, chunks)]


@dataclass(frozen=True, slots=True)
class Ingested:
    """What the worker made of a generation."""

    at: int
    generation: int
    chunks: int
    usage_bytes: int
    pages: int
    revision: int


def ingested(state: State, command: Ingested) -> Sequence[Event]:
    """Lets a generation serve, if it is still the open one, and retires the one that served before."""
    if state.open is None or state.open.generation != command.generation:
        return []
    return [
        FileIngested(
            at=command.at,
            generation=command.generation,
            chunks=command.chunks,
            usage_bytes=command.usage_bytes,
            pages=command.pages,
            revision=command.revision,
            owners=state.open.owners,
            retires=_serving_generation(state),
        )
    ]


def fail(state: State, at: int, generation: int, failure: Failure) -> Sequence[Event]:
    """Ends a generation that cannot be ingested, if it is still the open one."""
    if state.open is None or state.open.generation != generation:
        return []
    return [FileFailed(at, generation, failure, state.open.owners, _open_generation(state))]


def cancel(state: State, at: int, batch: str, asked_at: int, placement: Placement, listed: Listed, filename: str) -> Sequence[Event]:
    """Takes a batch's interest away. A file that the batch has not reached yet is listed as cancelled; one that it is done
    with stays as it is.
    """
    if state.open is not None and batch in state.open.owners:
        last = state.open.owners == (batch,)
        retires = _open_generation(state) if last else ()
        return [FileCancelled(at, batch, ended=state.open.generation if last else None, retires=retires)]
    if state.has_seen(batch):
        return []
    if state.attached or asked_at < state.detached_at:
        return [FileCancelled(at, batch)]
    return [FileCancelled(at, batch, placement=placement, filename=filename, attributes=listed.attributes, chunking=listed.chunking)]


def change_attributes(state: State, at: int, attributes: Mapping[str, Scalar]) -> Sequence[Event]:
    """Replaces the attributes of what serves and of what is being ingested."""
    serving = state.serving.attributes if state.serving else attributes
    if not state.attached or (same_attributes(attributes, state.attributes) and same_attributes(attributes, serving)):
        return []
    return [FileAttributesChanged(at, attributes, state.revision + 1)]


def detach(state: State, at: int, reason: Literal["detached", "file_deleted"]) -> Sequence[Event]:
    """Takes the file out of the store, whatever is under way."""
    if not state.attached:
        return []
    owners = state.open.owners if state.open else ()
    return [FileDetached(at, reason, owners, (*_open_generation(state), *_serving_generation(state)))]


def _comes_after_detach(state: State, command: Attach) -> bool:
    """Whether this is a batch that was asked for before the file was detached."""
    return not state.attached and command.by != SINGLE and command.asked_at < state.detached_at


def _open_generation(state: State) -> tuple[Retired, ...]:
    return (Retired(state.open.generation, state.open.chunks),) if state.open else ()


def _serving_generation(state: State) -> tuple[Retired, ...]:
    return (Retired(state.serving.generation, state.serving.chunks),) if state.serving else ()


# What an event says of batches


def entries(event: Event) -> Mapping[str, Literal["open", "completed", "failed", "cancelled"]]:
    """The batch entries that an event opens or settles, by batch."""
    match event:
        case FileAttached():
            return {} if event.by == SINGLE else {event.by: "open"}
        case FileCancelled():
            return {} if event.by == SINGLE else {event.by: "cancelled"}
        case FileIngested():
            return dict.fromkeys(_without(event.owners, SINGLE), "completed")
        case FileFailed():
            return dict.fromkeys(_without(event.owners, SINGLE), "failed")
        case FileDetached():
            outcome: Literal["failed", "cancelled"] = "failed" if event.reason == "file_deleted" else "cancelled"
            return dict.fromkeys(_without(event.owners, SINGLE), outcome)
        case _:
            return {}
