"""An upload: a file that a client sends in parts. It ends as completed, cancelled or expired, and may be erased."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from vectorlog.domain import ids, uploaded_file
from vectorlog.domain.errors import Invalid
from vectorlog.domain.tenancy import Owner

LIFETIME_MS = 3_600_000
"""How long parts can be added to an upload: an hour (docs/contract.md, section 3)."""

Ending = Literal["completed", "cancelled", "expired", "erased"]
Status = Literal["pending", "completed", "cancelled", "expired", "erased"]

# Events


@dataclass(frozen=True, slots=True)
class UploadCreated:
    """An upload was announced. Times are in ms since 1970.

    Attributes:
        size: of the whole file, in bytes.
        content_type: as the client named it.
        expires_at: when it ends unless it is completed before.
        file_expires_after_s: how long the file is kept once it exists; None for always.
        direct_part_size: size in bytes of the parts that the client sends straight to the storage, all but the last;
            None if it did not ask for that.
    """

    at: int
    owner: Owner
    filename: str
    purpose: str
    size: int
    content_type: str
    expires_at: int
    file_expires_after_s: int | None = None
    direct_part_size: int | None = None


@dataclass(frozen=True, slots=True)
class UploadCompleted:
    """The parts were joined to the bytes of a file. The file's own stream follows from this event.

    Attributes:
        file: id of the file.
        sha256: of its bytes, in hex.
        listed: `digest_of` the parts in their order.
    """

    at: int
    file: str
    sha256: str
    listed: str


@dataclass(frozen=True, slots=True)
class UploadCancelled:
    """The client cancelled the upload."""

    at: int


@dataclass(frozen=True, slots=True)
class UploadExpired:
    """The upload was not completed in time."""

    at: int


@dataclass(frozen=True, slots=True)
class UploadErased:
    """The upload ended, and its history is erased: every older commit is removed. The event has all that is kept."""

    at: int
    owner: Owner
    created_at: int


Event = UploadCreated | UploadCompleted | UploadCancelled | UploadExpired | UploadErased

# State


@dataclass(frozen=True, slots=True)
class State:
    """State of an upload; `owner` is None until it is created."""

    owner: Owner | None = None
    created_at: int = 0
    filename: str = ""
    purpose: str = ""
    size: int = 0
    content_type: str = ""
    expires_at: int = 0
    file_expires_after_s: int | None = None
    direct_part_size: int | None = None
    ended: Ending | None = None
    ended_at: int = 0
    file: str = ""
    sha256: str = ""
    listed: str = ""

    def status(self, at: int) -> Status:
        """Returns the status at this time (ms since 1970)."""
        if self.ended is not None:
            return self.ended
        return "pending" if at < self.expires_at else "expired"


INITIAL = State()

# Evolve


def evolve(state: State, event: Event) -> State:
    """Returns the state after one more event."""
    match event:
        case UploadCreated():
            return State(
                event.owner,
                event.at,
                event.filename,
                event.purpose,
                event.size,
                event.content_type,
                event.expires_at,
                event.file_expires_after_s,
                event.direct_part_size,
            )
        case UploadCompleted():
            named = replace(state, file=event.file, sha256=event.sha256, listed=event.listed)
            return replace(named, ended="completed", ended_at=event.at)
        case UploadCancelled():
            return replace(state, ended="cancelled", ended_at=event.at)
        case UploadExpired():
            return replace(state, ended="expired", ended_at=event.at)
        case UploadErased():
            return State(event.owner, event.created_at, ended="erased", ended_at=event.at)
        case _ as never:
            assert_never(never)


# Decisions


def create(state: State, command: UploadCreated) -> Sequence[Event]:
    """Creates an upload; decides nothing if it exists already."""
    return [] if state.owner is not None else [command]


def check_pending(id: str, state: State, at: int) -> None:
    """Checks that parts can be added to an upload.

    Raises:
        Invalid: it has ended.
    """
    status = state.status(at)
    if status != "pending":
        raise Invalid(
            f"Upload '{id}' is {status}, so it takes no parts and cannot be completed or cancelled. Create a new one.",
            param="upload_id",
            code="upload_not_pending",
        )


def complete(id: str, state: State, command: UploadCompleted) -> Sequence[Event]:
    """Completes an upload; decides nothing if it was completed with the same parts.

    Raises:
        Invalid: it has ended otherwise.
    """
    if state.ended == "completed" and state.listed == command.listed:
        return []
    check_pending(id, state, command.at)
    return [command]


def cancel(id: str, state: State, at: int) -> Sequence[Event]:
    """Cancels an upload; decides nothing if it is cancelled or has expired.

    Raises:
        Invalid: it is completed.
    """
    if state.ended == "completed":
        check_pending(id, state, at)
    return [UploadCancelled(at)] if state.status(at) == "pending" else []


def expire(state: State, at: int) -> Sequence[Event]:
    """Ends an upload whose time is over."""
    due = state.owner is not None and state.ended is None and state.status(at) == "expired"
    return [UploadExpired(at)] if due else []


def erase(state: State, at: int) -> Sequence[Event]:
    """Ends an upload, if that is not done yet, and has its history erased; decides nothing if it is erased already."""
    return [] if state.owner is None or state.ended == "erased" else [UploadErased(at, state.owner, state.created_at)]


def file_of(id: str, state: State) -> uploaded_file.FileUploaded:
    """Returns the event that makes the file of a completed upload."""
    assert state.owner is not None
    seconds = state.file_expires_after_s
    return uploaded_file.FileUploaded(
        at=state.ended_at,
        owner=state.owner,
        filename=state.filename,
        purpose=state.purpose,
        size=state.size,
        sha256=state.sha256,
        content_type=state.content_type,
        expires_at=None if seconds is None else state.ended_at + seconds * 1000,
        upload=id,
    )


# Parts


def digest_of(parts: Sequence[str]) -> str:
    """Returns a hash of the ids of parts in their order, in hex. It stands for lists of any length in one event."""
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def file_id(upload: str) -> str:
    """Returns the id of the file that an upload becomes: always the same, so it becomes one file at most."""
    return ids.make("file", upload.encode())


def direct_parts(upload: str, state: State) -> dict[str, int]:
    """Returns the ids of the parts that a client sends straight to the storage, in their order, with their sizes in
    bytes; none if it did not ask for that.
    """
    size = state.direct_part_size
    if size is None:
        return {}
    starts = range(0, state.size, size)
    return {ids.make("part", f"{upload}/{start}".encode()): min(size, state.size - start) for start in starts}
