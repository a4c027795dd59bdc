"""Adds a request id and the duration to every HTTP response, and reports every request when it has ended."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import token_hex
from time import perf_counter

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.utils import ClientDisconnected

CLIENT_GONE = 499
"""The logged status of a request whose client disconnected before the response was complete (nginx's number)."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request that has ended. `ms` is the time from its first byte to its last; the byte counts are of bodies.

    Attributes:
        status: as sent, or 499 if the client disconnected first.
        project: the project of the request's key; None if no key was accepted.
        operation: the operation of the route that answered; empty if no route did.
    """

    method: str
    path: str
    status: int
    ms: float
    request_id: str
    project: str | None
    operation: str
    bytes_in: int
    bytes_out: int


def new_request_id() -> str:
    """Returns a random request id: `req_` and 32 hex digits."""
    return f"req_{token_hex(16)}"


@dataclass(slots=True)
class Exchange:
    """A request under way. Inner apps find it in `scope["state"]["exchange"]`, and set its project and operation."""

    request_id: str = field(default_factory=new_request_id)
    started: float = field(default_factory=perf_counter)
    status: int = 0
    complete: bool = False
    bytes_in: int = 0
    bytes_out: int = 0
    project: str | None = None
    operation: str = ""

    @property
    def ms(self) -> float:
        """Milliseconds since the request began."""
        return (perf_counter() - self.started) * 1000


class RequestLog:
    """ASGI middleware that adds the headers and calls `on_request`.

    Args:
        app: answers requests.
        on_request: called with each request when it has ended.
    """

    def __init__(self, app: ASGIApp, on_request: Callable[[RequestLine], None]) -> None:
        self._app = app
        self._on_request = on_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request. Anything but HTTP is passed to the app unchanged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = scope.setdefault("state", {})["exchange"] = Exchange()

        async def counting_receive() -> Message:
            message = await receive()
            exchange.bytes_in += len(message.get("body", b""))
            return message

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                own = [
                    (b"x-request-id", exchange.request_id.encode()),
                    (b"openai-processing-ms", b"%d" % round(exchange.ms)),
                ]
                message = {**message, "headers": [*message["headers"], *own]}
            exchange.bytes_out += len(message.get("body", b""))
            await send(message)
            exchange.complete = message["type"] == "http.response.body" and not message.get("more_body", False)

        try:
            await self._app(scope, counting_receive, send_with_headers)
        except (ClientDisconnect, ClientDisconnected) as error:
            log.debug("the client disconnected: %r", error, extra={"request_id": exchange.request_id})
        finally:
            self._on_request(
                RequestLine(
                    scope["method"],
                    scope["path"],
                    exchange.status if exchange.complete else CLIENT_GONE,
                    exchange.ms,
                    exchange.request_id,
                    exchange.project,
                    exchange.operation,
                    exchange.bytes_in,
                    exchange.bytes_out,
                )
            )
