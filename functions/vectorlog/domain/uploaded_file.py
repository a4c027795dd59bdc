"""An uploaded file: its name, purpose, size, content type, expiry and the hash of its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from vectorlog.domain.tenancy import Owner

# Events


@dataclass(frozen=True, slots=True)
class FileUploaded:
    """A file was uploaded. `size` is in bytes, `sha256` in hex, times in ms since 1970. `content_type` is the one that
    the uploader sent. `upload` is the id of the upload whose parts made the file; empty if it came in one request.
    """

    at: int
    owner: Owner
    filename: str
    purpose: str
    size: int
    sha256: str
    content_type: str
    expires_at: int | None = None
    upload: str = ""


@dataclass(frozen=True, slots=True)
class FileDeleted:
    """The file was deleted, by its owner or because it had expired (`expired`)."""

    at: int
    expired: bool = False


@dataclass(frozen=True, slots=True)
class FileErased:
    """The file was deleted, and its history is erased: every older commit is removed. The event has all that is kept of
    it; the size in bytes is needed to count what a project stores.
    """

    at: int
    owner: Owner
    created_at: int
    size: int


Event = FileUploaded | FileDeleted | FileErased

# State


@dataclass(frozen=True, slots=True)
class State:
    """State of an uploaded file; `owner` is None until it is uploaded."""

    owner: Owner | None = None
    created_at: int = 0
    filename: str = ""
    purpose: str = ""
    size: int = 0
    sha256: str = ""
    content_type: str = ""
    expires_at: int | None = None
    deleted: bool = False

    @property
    def erased(self) -> bool:
        """Whether the file's history is erased; an upload that is not has a hash."""
        return self.deleted and not self.sha256

    def is_available(self, at: int) -> bool:
        """Whether the file is uploaded, not deleted and not expired at this time (ms since 1970)."""
        return self.owner is not None and not self.deleted and (self.expires_at is None or at < self.expires_at)


INITIAL = State()

# Evolve


def evolve(state: State, event: Event) -> State:
    """Returns the state after one more event."""
    match event:
        case FileUploaded():
            return State(
                event.owner,
                event.at,
                event.filename,
                event.purpose,
                event.size,
                event.sha256,
                event.content_type,
                event.expires_at,
            )
        case FileDeleted():
            return replace(state, deleted=True)
        case FileErased():
            return State(owner=event.owner, created_at=event.created_at, size=event.size, deleted=True)
        case _ as never:
            assert_never(never)


# Decisions


def upload(state: State, command: FileUploaded) -> Sequence[Event]:
    """Uploads a file; decides nothing if it is uploaded already."""
    return [] if state.owner is not None else [command]


def delete(state: State, at: int) -> Sequence[Event]:
    """Deletes a file; decides nothing if it does not exist or is deleted already."""
    return [FileDeleted(at)] if state.owner is not None and not state.deleted else []


def expire(state: State, at: int) -> Sequence[Event]:
    """Deletes a file that has expired."""
    due = state.owner is not None and not state.deleted and not state.is_available(at)
    return [FileDeleted(at, expired=True)] if due else []


def erase(state: State, at: int) -> Sequence[Event]:
    """Deletes a file, if that is not done yet, and has its history erased; decides nothing if it is erased already."""
    if state.owner is None or state.erased:
        return []
    return [*delete(state, at), FileErased(at, state.owner, state.created_at, state.size)]
