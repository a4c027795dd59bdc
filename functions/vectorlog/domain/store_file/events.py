"""The events of a file in a store, and the records that they contain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, assert_never

from vectorlog.domain.chunking import AUTO, Chunking
from vectorlog.domain.file_warning import FileWarning
from vectorlog.domain.filters import Scalar

SINGLE = "single"

Status = Literal["in_progress", "completed", "failed", "cancelled"]
ErrorCode = Literal["server_error", "unsupported_file", "invalid_file", "rate_limit_exceeded", "duplicate_file"]


@dataclass(frozen=True, slots=True)
class Placement:
    """A file's place in its store's list: when it was requested (ms since 1970), and its position in that request."""

    at: int
    position: int = 0

    def row(self, file: str) -> str:
        """Returns the sort key that lists a file at this place."""
        return f"{self.at:013d}#{self.position:05d}#{file}"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a file cannot be searched: the contract's error code, and a sentence that says what to do."""

    code: ErrorCode
    message: str


@dataclass(frozen=True, slots=True)
class Retired:
    """A generation that nothing needs any more, and the largest number of chunks that it can have."""

    generation: int
    chunks: int


@dataclass(frozen=True, slots=True)
class FileAttached:
    """A file was attached: this opens a generation, or `joins` the open one. `asked_at` is when it was requested, which
    for a file of a batch is earlier than `at`. `known` is that of the batch's item (`manifest.py`).
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
    known: bool = False


@dataclass(frozen=True, slots=True)
class FileChunked:
    """The text was split; no chunk above this number will ever be indexed for this generation."""

    generation: int
    chunks: int


@dataclass(frozen=True, slots=True)
class FileIngested:
    """The generation was indexed, and serves. `revision` is that of the attributes in its chunks; `usage_bytes` is the
    size of the text in UTF-8; `warnings` are what the reader told, as `bounded` returns them. `move` is the number of
    the store's move for whose space the generation was embedded and indexed too; 0: none.
    """

    at: int
    generation: int
    chunks: int
    usage_bytes: int
    pages: int
    revision: int
    owners: tuple[str, ...]
    retires: tuple[Retired, ...] = ()
    warnings: tuple[FileWarning, ...] = ()
    move: int = 0


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
    """The owner `by` no longer wants the file. `ended` is the open generation if no owner is left. `placement` is set
    if the file was not in the store and is now listed as cancelled. `known` is that of the batch's item
    (`manifest.py`).
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
    known: bool = False


@dataclass(frozen=True, slots=True)
class FileAttributesChanged:
    """The file's attributes were replaced by these."""

    at: int
    attributes: Mapping[str, Scalar]
    revision: int


@dataclass(frozen=True, slots=True)
class FileDetached:
    """The file left the store; `reason` is `file_deleted` if the uploaded file itself was deleted."""

    at: int
    reason: Literal["detached", "file_deleted"]
    owners: tuple[str, ...]
    retires: tuple[Retired, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A batch that reached this file, and when: at its creation or later. `known` is that of the batch's item."""

    batch: str
    at: int
    known: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """How a batch's entry for the file ended. `known` is that of the batch's item."""

    batch: str
    outcome: Literal["completed", "failed", "cancelled"]
    known: bool = False


@dataclass(frozen=True, slots=True)
class StoreFileErased:
    """The file left the store, and its history in the store is erased: every older commit is removed. The event has all
    that is kept of it: numbers, times and ids.

    Attributes:
        generation, placement, revision, detached_at, seen, forgotten_until: as in the state.
        entries: the entries of all batches that ever reached the file.
        retires: all generations that there ever were.
    """

    at: int
    generation: int
    placement: Placement | None
    revision: int
    detached_at: int
    seen: tuple[Seen, ...]
    forgotten_until: int
    entries: tuple[Entry, ...]
    retires: tuple[Retired, ...]


Event = (
    FileAttached
    | FileChunked
    | FileIngested
    | FileFailed
    | FileCancelled
    | FileAttributesChanged
    | FileDetached
    | StoreFileErased
)


def without(owners: tuple[str, ...], one: str) -> tuple[str, ...]:
    """Returns the owners except one."""
    return tuple(each for each in owners if each != one)


def entries(event: Event) -> Mapping[str, Literal["open", "completed", "failed", "cancelled"]]:
    """Returns the batch entries that an event opens or closes, by batch."""
    match event:
        case FileAttached():
            return {} if event.by == SINGLE else {event.by: "open"}
        case FileCancelled():
            return {} if event.by == SINGLE else {event.by: "cancelled"}
        case FileIngested():
            return dict.fromkeys(without(event.owners, SINGLE), "completed")
        case FileFailed():
            return dict.fromkeys(without(event.owners, SINGLE), "failed")
        case FileDetached():
            outcome: Literal["failed", "cancelled"] = "failed" if event.reason == "file_deleted" else "cancelled"
            return dict.fromkeys(without(event.owners, SINGLE), outcome)
        case StoreFileErased():
            return {each.batch: each.outcome for each in event.entries}
        case FileChunked() | FileAttributesChanged():
            return {}
        case _ as never:
            assert_never(never)
