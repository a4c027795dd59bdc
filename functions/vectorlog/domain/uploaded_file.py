"""An uploaded file: what it is called, what it is for, and the hash of its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from vectorlog.domain.tenancy import Owner

# Events


@dataclass(frozen=True, slots=True)
class FileUploaded:
    """`size` is in bytes, `sha256` in hex, times in ms since 1970; `content_type` as the uploader gave it."""

    at: int
    owner: Owner
    filename: str
    purpose: str
    size: int
    sha256: str
    content_type: str
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class FileDeleted:
    """By its owner, or because its time was over."""

    at: int
    expired: bool = False


Event = FileUploaded | FileDeleted

# State


@dataclass(frozen=True, slots=True)
class State:
    """`owner` is None until the file is uploaded."""

    owner: Owner | None = None
    created_at: int = 0
    filename: str = ""
    purpose: str = ""
    size: int = 0
    sha256: str = ""
    content_type: str = ""
    expires_at: int | None = None
    deleted: bool = False

    def is_available(self, at: int) -> bool:
        """Uploaded, not deleted, and its time not over."""
        return self.owner is not None and not self.deleted and (self.expires_at is None or at < self.expires_at)


INITIAL = State()

# Evolve


def evolve(state: State, event: Event) -> State:
    """The state after one more event."""
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
        case _ as never:
            assert_never(never)


# Decisions


def upload(state: State, command: FileUploaded) -> Sequence[Event]:
    """A file is uploaded once."""
    return [] if state.owner is not None else [command]


def delete(state: State, at: int) -> Sequence[Event]:
    """Deletes a file for good."""
    return [FileDeleted(at)] if state.owner is not None and not state.deleted else []


def expire(state: State, at: int) -> Sequence[Event]:
    """Deletes a file whose time is over."""
    due = state.owner is not None and not state.deleted and not state.is_available(at)
    return [FileDeleted(at, expired=True)] if due else []
