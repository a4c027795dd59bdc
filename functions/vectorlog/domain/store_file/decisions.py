"""Decisions on a file in a store: from its state and a command to events; a command that would change nothing decides
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vectorlog.domain.chunking import Chunking
from vectorlog.domain.file_warning import FileWarning
from vectorlog.domain.filters import Scalar, same_attributes
from vectorlog.domain.manifest import BatchItem
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
    Retired,
    without,
)
from vectorlog.domain.store_file.state import State


@dataclass(frozen=True, slots=True)
class Attach:
    """The command to attach a file: directly (`by` is `single`), or as one of a batch's files (`by` is the batch's id,
    and `placement` the batch's time and the file's position in it). `asked_at` is when that was requested.
    """

    at: int
    asked_at: int
    by: str
    placement: Placement
    filename: str
    sha256: str
    attributes: Mapping[str, Scalar]
    chunking: Chunking
    known: bool = False

    @property
    def reached_at(self) -> int:
        """The time of the events: never before the command was requested, whatever this machine's clock says."""
        return max(self.at, self.asked_at)


def attach(state: State, command: Attach) -> Sequence[Event]:
    """Joins the open generation if the settings are the same, else opens the next one. Decides nothing if the batch has
    reached the file before.

    The settings of the newest command win. Commands come in the order of their requests, whatever clocks say, because
    a file is first reached for all batches that were created before (`use_cases/fan_out.py`).
    """
    if state.has_seen(command.by):
        return []
    unchanged = same_attributes(command.attributes, state.attributes)
    owners = state.open.owners if state.open else ()
    joins = state.open is not None and unchanged and command.chunking == state.chunking
    if joins and command.by in owners:
        return []
    event = FileAttached(
        at=command.reached_at,
        asked_at=command.asked_at,
        by=command.by,
        generation=state.generation if joins else state.generation + 1,
        owners=(*without(owners, command.by), command.by),
        placement=state.placement if state.attached and state.placement else command.placement,
        revision=state.revision if unchanged else state.revision + 1,
        filename=command.filename,
        sha256=command.sha256,
        attributes=command.attributes,
        chunking=command.chunking,
        joins=joins,
        retires=() if joins else open_generation(state),
        known=command.known,
    )
    return [event]


def refuse_duplicate(state: State, command: Attach, holder: str, remedy: str) -> Sequence[Event]:
    """Lists a file as cancelled because another file with the same bytes (`holder`) is in the store; a file that is
    attached already stays as it is. `remedy` is a sentence that says what to do.
    """
    if state.has_seen(command.by) or (state.attached and command.by == SINGLE):
        return []
    if state.attached:
        return [FileCancelled(command.reached_at, command.by, known=command.known)]
    message = f"The store already holds the same content as '{holder}'. {remedy}"
    return [
        FileCancelled(
            at=command.reached_at,
            by=command.by,
            placement=command.placement,
            filename=command.filename,
            sha256=command.sha256,
            attributes=command.attributes,
            chunking=command.chunking,
            failure=Failure("duplicate_file", message),
            known=command.known,
        )
    ]


def chunked(state: State, generation: int, chunks: int) -> Sequence[Event]:
    """Records the number of chunks before the first one is indexed; the number never shrinks."""
    if state.open is None or state.open.generation != generation or chunks <= state.open.chunks:
        return []
    return [FileChunked(generation, chunks)]


@dataclass(frozen=True, slots=True)
class Ingested:
    """The command that a generation is indexed, with what the ingester measured."""

    at: int
    generation: int
    chunks: int
    usage_bytes: int
    pages: int
    revision: int
    warnings: tuple[FileWarning, ...] = ()
    move: int = 0


def ingested(state: State, command: Ingested) -> Sequence[Event]:
    """Lets a generation serve if it is still the open one, and retires the one that served before."""
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
            retires=serving_generation(state),
            warnings=command.warnings,
            move=command.move,
        )
    ]


def fail(state: State, at: int, generation: int, failure: Failure) -> Sequence[Event]:
    """Ends a generation that cannot be ingested if it is still the open one."""
    if state.open is None or state.open.generation != generation:
        return []
    return [FileFailed(at, generation, failure, state.open.owners, open_generation(state))]


def cancel(
    state: State, at: int, batch: str, asked_at: int, placement: Placement, listed: BatchItem, filename: str
) -> Sequence[Event]:
    """Removes a batch from the owners of a file. A file that the batch has not reached yet is listed as cancelled; one
    whose entry in the batch has ended stays as it is. `asked_at` is when the batch was created.
    """
    at = max(at, asked_at)
    if state.open is not None and batch in state.open.owners:
        last = state.open.owners == (batch,)
        retires = open_generation(state) if last else ()
        return [FileCancelled(at, batch, ended=state.open.generation if last else None, retires=retires)]
    if state.has_seen(batch):
        return []
    if state.attached:
        return [FileCancelled(at, batch, known=listed.known)]
    return [
        FileCancelled(
            at=at,
            by=batch,
            placement=placement,
            filename=filename or state.filename,
            sha256=state.sha256,
            attributes=listed.attributes,
            chunking=listed.chunking,
            known=listed.known,
        )
    ]


def change_attributes(state: State, at: int, attributes: Mapping[str, Scalar]) -> Sequence[Event]:
    """Replaces the attributes of the serving generation and of the one that is being ingested."""
    serving = state.serving.attributes if state.serving else attributes
    if not state.attached or (same_attributes(attributes, state.attributes) and same_attributes(attributes, serving)):
        return []
    return [FileAttributesChanged(at, attributes, state.revision + 1)]


def detach(state: State, at: int, reason: Literal["detached", "file_deleted"]) -> Sequence[Event]:
    """Removes the file from the store, even while it is being ingested."""
    if not state.attached:
        return []
    owners = state.open.owners if state.open else ()
    return [FileDetached(at, reason, owners, (*open_generation(state), *serving_generation(state)))]


def open_generation(state: State) -> tuple[Retired, ...]:
    """Returns the generation that is being ingested, to be retired."""
    return (Retired(state.open.generation, state.open.chunks),) if state.open else ()


def serving_generation(state: State) -> tuple[Retired, ...]:
    """Returns the generation that serves, to be retired."""
    return (Retired(state.serving.generation, state.serving.chunks),) if state.serving else ()
