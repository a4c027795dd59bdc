"""Whether a client sends its body, and reads its response, fast enough."""

from __future__ import annotations

from asyncio import WriteTransport
from typing import Literal

from uvicorn.protocols.http.flow_control import FlowControl


class Pace:
    """The patience with one client. It runs out while the server waits for the client, and every byte restores some.

    Args:
        transport: of the connection.
        flow: whether the server is reading, and whether it waits until the client reads.
        seconds: how long the client may stall.
        rate: bytes that are worth one second.
        now: the event loop's time.
    """

    def __init__(self, transport: WriteTransport, flow: FlowControl, seconds: float, rate: int, now: float) -> None:
        self._transport = transport
        self._flow = flow
        self._seconds = seconds
        self._rate = rate
        self._checked = now
        self._unsent = 0
        self._left_in = self._left_out = seconds

    def begin(self) -> None:
        """A body begins."""
        self._left_in = self._seconds

    def received(self, length: int) -> None:
        """A part of the body has arrived."""
        self._left_in = min(self._seconds, self._left_in + length / self._rate)

    def sent(self) -> None:
        """The client has read so much that more can be written."""
        self._left_out = self._seconds

    def stalled(self, now: float, *, receiving: bool) -> Literal["in", "out"] | None:
        """Returns the direction in which the client keeps the server waiting for too long, if it does.

        Args:
            now: the event loop's time.
            receiving: whether the server waits for a body.
        """
        elapsed, self._checked = now - self._checked, now
        before, self._unsent = self._unsent, self._transport.get_write_buffer_size()
        if self._flow.write_paused or self._transport.is_closing():
            moved = max(0, before - self._unsent) / self._rate
            self._left_out = min(self._seconds, self._left_out - elapsed + moved)
        else:
            self._left_out = self._seconds
        if receiving and not self._flow.read_paused:
            self._left_in -= elapsed
        if self._left_out <= 0:
            return "out"
        return "in" if receiving and self._left_in <= 0 else None
