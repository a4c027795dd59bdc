"""The port of the work queues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send: JSON text, the group (project) that it is fair to, and how long it stays invisible (ms)."""

    body: str
    group: str
    delay: int = 0


@dataclass(frozen=True, slots=True)
class Received:
    """A message that was lent to one worker. `receives` is 1 the first time."""

    body: str
    group: str
    receipt: str
    receives: int


class Queue(Protocol):
    """At least once, in no promised order, fair between groups. What `send` returned is not lost."""

    def send(self, messages: Sequence[Outgoing]) -> None:
        """Sends them all, or raises."""
        ...

    def receive(self, limit: int, visibility: int) -> list[Received]:
        """Up to `limit` messages, which nobody else gets for `visibility` ms."""
        ...

    def acknowledge(self, receipts: Sequence[str]) -> None:
        """Forgets messages that are done. A receipt that was lent on to somebody else since has no effect."""
        ...

    def release(self, receipt: str, delay: int) -> None:
        """Gives a message back, to be seen again after `delay` ms."""
        ...
