"""The port of the event log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

COMMIT_BYTES = 380_000
"""DynamoDB's items end at 400 KB; what is left is for names, id and meta."""


class CommitTooLarge(ValueError):
    """Events and state of one commit are over `COMMIT_BYTES`."""


@dataclass(frozen=True, slots=True)
class Commit:
    """All events of one decision, and the state that they lead to.

    Attributes:
        version: of this commit in its stream: 0, 1, 2 …
        id: random; tells a repeated append from somebody else's.
        events: JSON text (`codec.py`).
        state: JSON text (`codec.py`).
        at: when it was made, ms since 1970.
        meta: JSON text: who asked, in which request.
    """

    stream: str
    version: int
    id: str
    events: str
    state: str
    at: int
    meta: str

    @property
    def size(self) -> int:
        """Bytes that count against `COMMIT_BYTES`."""
        return len(self.events.encode()) + len(self.state.encode()) + len(self.meta.encode())


class EventLog(Protocol):
    """Commits by stream, append-only. What `append` returned is durable."""

    def load(self, stream: str) -> Commit | None:
        """The newest commit, or None; one read, however long the stream is. Sees every append that has returned."""
        ...

    def load_many(self, streams: Sequence[str]) -> dict[str, Commit]:
        """The newest commit of each stream that has one."""
        ...

    def read(self, stream: str, start: int = 0, limit: int = 1000) -> list[Commit]:
        """Up to `limit` commits from version `start` on, in order."""
        ...

    def append(self, commits: Sequence[Commit]) -> list[Commit]:
        """Appends each commit where its (stream, version) is free, and returns the commits that stand there now.

        A commit went in, now or by an earlier try of the same append, if and only if the one returned has its id; else
        the one returned blocks it. Each stands alone: one that is blocked does not hold back the others.

        Raises:
            CommitTooLarge: before anything is written.
        """
        ...

    def scan(self) -> Iterator[Commit]:
        """All commits; those of one stream in order."""
        ...


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A commit and its place in the feed."""

    position: int
    commit: Commit


class Feed(Protocol):
    """Every commit once, in the order in which they were made durable. On AWS the table's stream does this."""

    def after(self, position: int, limit: int) -> list[FeedEntry]:
        """The next commits behind this position (0: from the beginning)."""
        ...

    def wait(self, position: int, timeout: float) -> bool:
        """Waits up to `timeout` seconds for something behind this position; whether there is."""
        ...
