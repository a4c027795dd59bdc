"""HTTP connections: refuses requests that never reach the app, in the API's error format, and clients that stall."""

from __future__ import annotations

import logging
from asyncio import Transport
from http import HTTPStatus
from typing import ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from vectorlog.api import errors
from vectorlog.api.dialect import OPENAI
from vectorlog.domain.errors import Invalid, Refused, Unavailable
from vectorlog.runtime.local import body
from vectorlog.runtime.local.connections import Connections, Limits
from vectorlog.runtime.local.pace import Pace
from vectorlog.runtime.local.request_log import new_request_id

HEAD_BYTES = 64 * 1024
"""The limit for the request line and headers together. nginx accepts 32 KB, and our clients send less than 1 KB."""
LINGER_S = 10.0
"""How long a body is still received and thrown away after its request was refused. Without that, the client might not
read the response, because it is still sending.
"""
_FRAMING = (b"content-length", b"transfer-encoding")

log = logging.getLogger(__name__)


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with limits and with our errors. `limited` makes the class that a server uses."""

    open_connections: ClassVar[Connections]

    _head_bytes = 0
    _lines = 0
    _in_head = True
    _receiving = False  # the body of a request
    _resumed = False  # a second parser is reading the framing of a request once more

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Refuses the connection if there are too many."""
        super().connection_made(transport)
        limits = self.open_connections.limits
        now = self.loop.time()
        self._head_since: float | None = now
        self._quiet_since = now  # since the last response or the last body ended
        self._pace = Pace(transport, self.flow, limits.body_seconds, limits.body_rate, now)
        if not self.open_connections.add(self, self.loop):
            self._refuse(
                Unavailable(
                    f"This server has all the connections that it takes: {limits.total:,}, and {limits.per_address:,} "
                    f"from one address. Close some, or repeat the request later."
                )
            )

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self.open_connections.remove(self)
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn always closes the connection
        """The client sends nothing more. If its request is complete, it still gets the response."""
        if not self._busy or self._receiving or self._head_since is not None:
            return False
        self.cycle.keep_alive = False
        return True

    @property
    def address(self) -> str:
        """The address of the client, or of the proxy in front of it."""
        return self.client[0] if self.client else ""

    @property
    def spare(self) -> bool:
        """Whether no request is being answered."""
        return not self._busy

    @property
    def _busy(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def close(self) -> None:
        """Closes the connection."""
        self.transport.close()

    def check(self, now: float) -> None:
        """Ends the connection if its client has been waited for too long."""
        limits = self.open_connections.limits
        stalled = self._pace.stalled(now, receiving=self._receiving and not self.cycle.waiting_for_100_continue)
        if stalled == "out":
            self.transport.abort()
        elif self.transport.is_closing():
            return
        elif self._receiving and self._busy:
            if stalled == "in":
                rate = f"{limits.body_rate:,} bytes a second, and no pause of {limits.body_seconds:g} seconds"
                self._refuse_as(HTTPStatus.REQUEST_TIMEOUT, f"The request's body came too slowly. Expected {rate}.")
        elif self._receiving:
            if now - self._quiet_since > LINGER_S:
                self.transport.close()
        elif self._busy:
            return
        elif self._head_since is None or not self._head_bytes:
            allowed = limits.idle_seconds if self._head_since is None else limits.head_seconds
            if now - self._quiet_since > allowed:
                self.transport.close()
        elif now - self._head_since > limits.head_seconds:
            message = f"The request's line and headers did not arrive within {limits.head_seconds:g} seconds."
            self._refuse_as(HTTPStatus.REQUEST_TIMEOUT, message)

    def data_received(self, data: bytes) -> None:
        """Reads the data that has arrived, and refuses a request whose headers do not end within the limit."""
        self._unset_keepalive_if_required()
        self._head_bytes += len(data)
        if self._in_head and self._head_since is None:
            self._head_since = self.loop.time()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._stay_with_http_1(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("")
        if self._in_head and self._head_bytes > HEAD_BYTES:
            self._refuse_head()

    def on_message_begin(self) -> None:
        """A request begins, possibly while another one on the same connection is being answered."""
        if not self._resumed:
            self._in_head = True
            self._lines = 0
            super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Counts the URL."""
        if not self._resumed:
            self._count(url)
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Counts a header, or a trailer behind the body."""
        if not self._resumed:
            self._count(name, value)
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The headers are complete. The body does not count towards the limit."""
        if self._resumed:
            self._resumed = False
            return
        self._in_head, self._head_bytes, self._head_since = False, 0, None
        self._receiving = True
        self._pace.begin()
        super().on_headers_complete()

    def on_body(self, piece: bytes) -> None:
        """A piece of a body has arrived."""
        self._pace.received(len(piece))
        super().on_body(piece)

    def on_message_complete(self) -> None:
        """The next bytes are the headers of another request."""
        if self.parser.should_upgrade():
            return  # the parser leaves out the body; see `_stay_with_http_1`
        self._in_head, self._head_bytes = True, 0
        self._receiving = False
        self._quiet_since = self.loop.time()
        if len(self.cycle.body) <= body.FEED_BYTES:
            self.cycle.scope["state"][body.WHOLE] = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The connection may be used for another request, of which a part may have arrived."""
        self._quiet_since = self.loop.time()
        if self._head_since is not None:
            self._head_since = self._quiet_since
        super().on_response_complete()

    def resume_writing(self) -> None:
        """The client has read what was written."""
        self._pace.sent()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's text says nothing more
        """Refuses data that is not valid HTTP, or headers over the limit, which `_count` makes the parser stop at."""
        if self._lines > HEAD_BYTES:
            self._refuse_head()
        else:
            self._refuse_as(HTTPStatus.BAD_REQUEST, "The request is not valid HTTP. Invalid HTTP request received.")

    def _stay_with_http_1(self, rest: bytes) -> None:
        """Ignores a request to change the protocol, as a server may (RFC 9110, 7.8).

        The parser takes what follows the headers for the other protocol. A new one reads the framing again, and then
        the body.
        """
        framing = [b"%s: %s\r\n" % (name, value) for name, value in self.headers if name in _FRAMING]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self._resumed = True
        self.parser.feed_data(b"POST / HTTP/1.1\r\n%s\r\n" % b"".join(framing))
        if rest:
            self.data_received(rest)

    def _count(self, *parts: bytes) -> None:
        self._lines += sum(map(len, parts))
        if self._lines > HEAD_BYTES:
            raise ValueError("headers over the limit")

    def _refuse_head(self) -> None:
        self._refuse_as(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"The request's line and headers are longer than {HEAD_BYTES:,} bytes. Send less in headers and URL.",
        )

    def _refuse_as(self, status: HTTPStatus, message: str) -> None:
        self._refuse(Invalid(message, code=None), status)

    def _refuse(self, error: Refused, status: HTTPStatus | None = None) -> None:
        if self.transport.is_closing():
            return
        response, request_id = errors.refusal(error, OPENAI, ""), new_request_id()
        status = status or HTTPStatus(response.status)
        log.warning("refused before a route: %s", error, extra={"request_id": request_id, "status": status.value})
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            if cycle.response_started or self._in_head:
                # Another response is on its way, which nothing may be written into: the connection ends behind it.
                cycle.keep_alive = False
                self.transport.pause_reading()
                return
            cycle.disconnected = True  # the app must not answer the request that is refused here
            cycle.message_event.set()
        content = response.content
        headers = {"content-length": len(content), "x-request-id": request_id, "connection": "close"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**response.headers, **headers}.items())
        self.transport.write(f"HTTP/1.1 {status.value} {status.phrase}\r\n{lines}\r\n".encode() + content)
        self.transport.close()


def limited(limits: Limits) -> type[Protocol]:
    """Returns the protocol of a server with these limits."""

    class Limited(Protocol):
        open_connections = Connections(limits)

    return Limited
