"""The data that `vectorlog show` prints about an id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class ShownCommit:
    """A commit of a stream: when it was made, by whom, in which request, and its events as they are stored."""

    version: int
    at: str
    actor: str
    request: str
    imported: bool
    events: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row of the views."""

    pk: str
    sk: str
    version: int
    status: str | None
    deadline: str | None
    gone: bool
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ShownStream:
    """A stream: its newest commits, how many older ones are left out, its state, and the rows made from it."""

    id: str
    kind: str
    commits: tuple[ShownCommit, ...]
    left_out: int
    state: Mapping[str, Any]
    rows: tuple[ShownRow, ...]


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A work message that concerns the id."""

    queue: str
    kind: str
    data: Mapping[str, Any]
    receives: int
    visible_at: str
    lent: bool


@dataclass(frozen=True, slots=True)
class ShownQueues:
    """The messages that concern the id, or None if they cannot be listed. `numbers` counts all messages by queue."""

    numbers: Mapping[str, int]
    messages: tuple[ShownMessage, ...] | None


@dataclass(frozen=True, slots=True)
class ShownBlob:
    """A blob and its size in bytes, which is None if the blob is missing."""

    key: str
    size: int | None


@dataclass(frozen=True, slots=True)
class ShownChunks:
    """The number of chunks that the index has of a generation."""

    store: str
    file: str
    generation: int
    chunks: int


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that is known about an id.

    Attributes:
        explanation: sentences. The first describes the thing's status, each further one that of a file in a store.
        notes: what is not shown, and why.
    """

    id: str
    explanation: tuple[str, ...]
    streams: tuple[ShownStream, ...]
    queues: ShownQueues
    blobs: tuple[ShownBlob, ...]
    chunks: tuple[ShownChunks, ...]
    notes: tuple[str, ...] = ()


def iso(ms: int) -> str:
    """Formats a time in ms since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
