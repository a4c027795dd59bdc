"""Events of a file in a store, and the small records that they carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, assert_never

from vectorlog.domain.chunking import AUTO, Chunking
from vectorlog.domain.filters import Scalar

SINGLE = "single"

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
    """The generation serves. `revision`: of the attributes that its chunks carry; `usage_bytes`: of the text, in
    UTF-8.
    """

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
    """`by` no longer wants it. `ended`: the open generation, if nobody else wants it either. `placement` is set where
    the file was not in the store, and is now listed as cancelled.
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


def without(owners: tuple[str, ...], one: str) -> tuple[str, ...]:
    """The owners but one."""
    return tuple(each for each in owners if each != one)


def entries(event: Event) -> Mapping[str, Literal["open", "completed", "failed", "cancelled"]]:
    """The batch entries that an event opens or settles, by batch."""
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
        case FileChunked() | FileAttributesChanged():
            return {}
        case _ as never:
            assert_never(never)
