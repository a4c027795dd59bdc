"""Signs every HTTP response with a request id and its duration, and tells of every request when it has ended."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import token_hex
from time import perf_counter

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.utils import ClientDisconnected

from vectorlog.api import errors
from vectorlog.runtime.local.body import asgi_response

CLIENT_GONE = 499
"""The logged status of a request whose client left before its response was complete (nginx's number)."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One request as it ended. `ms` runs from the first byte to the last; `bytes_in` and `bytes_out` count bodies.

    Attributes:
        status: as sent, or 499 where the client left first.
        project: whose key came with the request; None where none was accepted.
        operation: the route that answered; empty where there was none.
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
    """`req_` and 32 hex digits."""
    return f"req_{token_hex(16)}"


@dataclass(slots=True)
class Exchange:
    """A request under way. Inner apps find it as `scope["state"]["exchange"]`, and note project and operation there."""

    request_id: str = field(default_factory=new_request_id)
    started: float = field(default_factory=perf_counter)
    status: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    project: str | None = None
    operation: str = ""

    @property
    def ms(self) -> float:
        """Since the request began."""
        return (perf_counter() - self.started) * 1000


class RequestLog:
    """An ASGI app around the app that answers.

    Args:
        app: answers requests.
        on_request: called with each request when it has ended.
    """

    def __init__(self, app: ASGIApp, on_request: Callable[[RequestLine], None]) -> None:
        self._app = app
        self._on_request = on_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request; anything but HTTP goes to the app unchanged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange()

        async def counted_receive() -> Message:
            message = await receive()
            exchange.bytes_in += len(message.get("body", b""))
            return message

        async def signed_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = exchange.request_id
                headers["openai-processing-ms"] = str(round(exchange.ms))
            exchange.bytes_out += len(message.get("body", b""))
            await send(message)

        try:
            await self._app({**scope, "state": {"exchange": exchange}}, counted_receive, signed_send)
        except (ClientDisconnect, ClientDisconnected) as error:
            log.debug("the client left: %r", error, extra={"request_id": exchange.request_id})
            exchange.status = CLIENT_GONE
        except Exception:
            log.exception("%s %s failed (%s)", scope["method"], scope["path"], exchange.request_id)
            if exchange.status:
                raise
            await asgi_response(errors.unexpected(exchange.request_id), scope)(scope, counted_receive, signed_send)
        finally:
            self._on_request(
                RequestLine(
                    scope["method"],
                    scope["path"],
                    exchange.status or CLIENT_GONE,
                    exchange.ms,
                    exchange.request_id,
                    exchange.project,
                    exchange.operation,
                    exchange.bytes_in,
                    exchange.bytes_out,
                )
            )
