"""The port of the work queues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send.

    Attributes:
        body: JSON text.
        group: `project/name`, or a project alone. Queues are fair between projects; SQLite's also between the groups of
            a project, which SQS cannot be.
        delay: in ms.
    """

    body: str
    group: str
    delay: int = 0


@dataclass(frozen=True, slots=True)
class Received:
    """A message that one worker has received; others cannot see it for now. `receives` is 1 the first time."""

    body: str
    group: str
    receipt: str
    receives: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a queue holds, in numbers of messages.

    Attributes:
        waiting: can be received now.
        in_progress: a worker has them.
        delayed: can be received later.
        oldest_at: since when the oldest waiting one can be received, in ms since 1970; None if none waits, or if the
            queue does not know.
    """

    waiting: int
    in_progress: int
    delayed: int
    oldest_at: int | None = None


def project_of(group: str) -> str:
    """Returns the project of a group: the part before the last slash, or the whole group if it has none."""
    return group.rpartition("/")[0] or group


class Queue(Protocol):
    """Delivers messages at least once, in no particular order, and fairly between projects. A message is not lost once
    `send` has returned.
    """

    def send(self, messages: Sequence[Outgoing]) -> None:
        """Sends all of the messages, or raises."""
        ...

    def receive(self, limit: int, visibility: int) -> list[Received]:
        """Receives up to `limit` messages, which no one else receives for `visibility` ms."""
        ...

    def acknowledge(self, receipts: Sequence[str]) -> None:
        """Deletes messages that are done. The receipt of a message that was delivered again since has no effect."""
        ...

    def release(self, receipt: str, delay: int) -> None:
        """Returns a message to the queue, which delivers it again after `delay` ms."""
        ...

    def backlog(self) -> Backlog:
        """Returns what the queue holds; a queue of many servers may lag behind by a minute."""
        ...
