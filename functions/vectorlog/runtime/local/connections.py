"""The open connections of a server: how many there may be, and how long each may keep the server waiting."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the connections.

    Attributes:
        head_seconds: how long a request's line and headers may take, from the connection or their first byte on.
        body_seconds: how long a body, or a response, may stall.
        body_rate: bytes a second at which it must move in the long run. It may be slower for `body_seconds`.
        idle_seconds: how long a connection may be kept open between two requests.
        total: the number of connections.
        per_address: the number of connections from one address.
    """

    head_seconds: float = 20.0
    body_seconds: float = 30.0
    body_rate: int = 1000
    idle_seconds: float = 75.0
    total: int = 2048
    per_address: int = 1024

    @property
    def tick(self) -> float:
        """How often the connections are checked, in seconds, so by how much a time limit may be exceeded."""
        return min(1.0, min(self.head_seconds, self.body_seconds, self.idle_seconds) / 2)


class Connection(Protocol):
    """What `Connections` needs of a connection."""

    @property
    def address(self) -> str:
        """The client's address, without its port."""
        ...

    @property
    def spare(self) -> bool:
        """Whether it may be closed for another one, because no request of it is being answered."""
        ...

    def check(self, now: float) -> None:
        """Ends the connection if it has exceeded a time limit. `now` is the event loop's time."""
        ...

    def close(self) -> None:
        """Closes the connection without a response."""
        ...


class Connections:
    """Counts the connections of a server, and checks them regularly. It belongs to one event loop."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._by_address: dict[str, dict[Connection, None]] = {}
        self._all: dict[Connection, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, connection: Connection, loop: asyncio.AbstractEventLoop) -> bool:
        """Adds a new connection. If there are too many, the oldest that is spare is closed, so a client that holds many
        connections without using them keeps nobody out.

        Returns:
            Whether there was place for it.
        """
        of_address = self._by_address.get(connection.address, {})
        if len(of_address) >= self.limits.per_address and not self._close_one(of_address):
            return False
        if len(self._all) >= self.limits.total and not self._close_one(self._all):
            return False
        self._by_address.setdefault(connection.address, {})[connection] = None
        self._all[connection] = None
        if self._timer is None:
            self._timer = loop.call_later(self.limits.tick, self._check, loop)
        return True

    def remove(self, connection: Connection) -> None:
        """Removes a connection that has ended; it may have been removed before."""
        self._all.pop(connection, None)
        of_address = self._by_address.get(connection.address, {})
        of_address.pop(connection, None)
        if not of_address:
            self._by_address.pop(connection.address, None)

    def __len__(self) -> int:
        return len(self._all)

    def _close_one(self, candidates: dict[Connection, None]) -> bool:
        spare = next((each for each in candidates if each.spare), None)
        if spare is None:
            return False
        self.remove(spare)
        spare.close()
        return True

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in list(self._all):
            connection.check(now)
        self._timer = loop.call_later(self.limits.tick, self._check, loop) if self._all else None
