"""Refuses requests that never reach the app, in the API's error format: malformed ones and too large headers."""

from __future__ import annotations

import logging
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from vectorlog.api import errors
from vectorlog.api.dialect import OPENAI
from vectorlog.domain.errors import Invalid
from vectorlog.runtime.local.request_log import new_request_id

HEAD_BYTES = 64 * 1024
"""The limit for the request line and headers together. nginx accepts 32 KB, and our clients send less than 1 KB."""

log = logging.getLogger(__name__)


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with a limit for the request line and headers, and with our errors."""

    _head_bytes = 0
    _lines = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        """Reads the data that has arrived, and refuses a request whose headers do not end within the limit."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES:
            self._refuse_head()

    def on_message_begin(self) -> None:
        """A request begins, possibly while another one on the same connection is being answered."""
        self._in_head = True
        self._lines = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Counts the URL."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Counts a header, or a trailer behind the body."""
        self._count(name, value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The headers are complete. The body does not count towards the limit."""
        self._in_head, self._head_bytes = False, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next bytes are the headers of another request."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuses data that is not valid HTTP, or headers over the limit, which `_count` makes the parser stop at."""
        if self._lines > HEAD_BYTES:
            self._refuse_head()
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, f"The request is not valid HTTP. {msg}")

    def _count(self, *parts: bytes) -> None:
        self._lines += sum(map(len, parts))
        if self._lines > HEAD_BYTES:
            raise ValueError("headers over the limit")

    def _refuse_head(self) -> None:
        self._refuse(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"The request's line and headers are longer than {HEAD_BYTES:,} bytes. Send less in headers and URL.",
        )

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        if self.transport.is_closing():
            return
        request_id = new_request_id()
        log.warning("refused before a route: %s", message, extra={"request_id": request_id, "status": status.value})
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            if cycle.response_started or self._in_head:
                # Another response is on its way, which nothing may be written into: the connection ends behind it.
                cycle.keep_alive = False
                self.transport.pause_reading()
                return
            cycle.disconnected = True  # the app must not answer the request that is refused here
            cycle.message_event.set()
        response = errors.refusal(Invalid(message, code=None), OPENAI, "")
        body = response.content
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nx-request-id: {request_id}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
