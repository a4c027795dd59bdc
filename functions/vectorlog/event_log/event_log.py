"""The ports of the event log and of its feed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

COMMIT_BYTES = 380_000
"""A DynamoDB item has at most 400 KB; the difference is room for attribute names and ids."""


class CommitTooLarge(ValueError):
    """The events, state and meta of a commit have more than `COMMIT_BYTES`."""


@dataclass(frozen=True, slots=True)
class Commit:
    """All events of one decision, and the state that they lead to.

    Attributes:
        version: number of this commit in its stream: 0, 1, 2 …
        id: random; distinguishes a repeated append from another writer's.
        events: JSON text (`codec.py`).
        state: JSON text (`codec.py`).
        at: when it was made, in ms since 1970.
        meta: JSON text: the actor and the request (`provenance.py`).
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
        """The number of bytes that count towards `COMMIT_BYTES`."""
        return len(self.events.encode()) + len(self.state.encode()) + len(self.meta.encode())


class EventLog(Protocol):
    """Commits by stream, append-only but for an erasure. A commit that `append` has returned is durable."""

    def load(self, stream: str) -> Commit | None:
        """Returns the stream's newest commit, or None, with one read however long the stream is. It sees every append
        that has returned.
        """
        ...

    def load_many(self, streams: Sequence[str]) -> dict[str, Commit]:
        """Returns the newest commit of each stream that has one."""
        ...

    def read(self, stream: str, start: int = 0, limit: int = 1000) -> list[Commit]:
        """Returns up to `limit` commits in order, beginning with version `start`."""
        ...

    def append(self, commits: Sequence[Commit]) -> list[Commit]:
        """Appends each commit whose (stream, version) is free, and returns the commits that are stored there now.

        A commit was appended, now or by an earlier attempt of the same append, if and only if the returned one has its
        id; otherwise the returned one blocks it. Commits are independent: a blocked one does not hold back the others.

        Raises:
            CommitTooLarge: one of the commits is too large; nothing was written.
        """
        ...

    def erase(self, remains: Commit) -> None:
        """Puts a commit in the place of its stream's commit of the same version, and deletes all older ones. Of what
        they held nothing is left but in backups. Repeating it after it was interrupted completes it.

        Raises:
            ValueError: the stream has no commit with this version and id.
        """
        ...

    def scan(self, section: int = 0, of: int = 1) -> Iterator[Commit]:
        """Yields all commits; those of one stream come in order.

        Args:
            section: the part of the log that is read, from 0 on. All commits of a stream are in one section.
            of: in how many sections the log is read. Different processes may read them.
        """
        ...


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A commit and its position in the feed."""

    position: int
    commit: Commit


class Feed(Protocol):
    """Every commit once, in the order in which they became durable. On AWS the table's stream is the feed instead."""

    def after(self, position: int, limit: int) -> list[FeedEntry]:
        """Returns up to `limit` commits that follow this position (0: from the beginning)."""
        ...

    def wait(self, position: int, timeout: float) -> bool:
        """Waits up to `timeout` seconds for a commit after this position; returns whether there is one."""
        ...
