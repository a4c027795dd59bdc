"""What stands before the resolver in the local edition: request ids, uploads to disk, files from disk, limits, the
request log.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vectorlog.api.form import FORM_TYPE, Form, pack
from vectorlog.api.multipart import FORM_OVERHEAD_BYTES, SPOOL_PREFIX, BrokenForm, FormReader, FormTooLarge
from vectorlog.runtime.local.answer import Answer, Message, Receive, Send

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

FEED_BYTES = 1024 * 1024
"""An upload is hashed and written in pieces of about this size, each in a thread: large enough that the hop costs
nothing.
"""

CLIENT_GONE = 499
"""The status in the log of a request whose client left before its answer (nginx's number)."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One request as it ended. `ms` runs from the first byte to the last; `bytes_in` and `bytes_out` count bodies.

    Attributes:
        status: as sent, or 499 where the client left first.
        project: that the request's key belongs to, where the app found one.
    """

    method: str
    path: str
    status: int
    ms: float
    request_id: str
    project: str | None
    bytes_in: int
    bytes_out: int


class Front:
    """An ASGI app around the resolver, which reads whole bodies and wants them to be UTF-8.

    Files that a crash left in the spool are removed, so there must be one front for each folder.

    Args:
        spool: where uploads arrive; best on the disk where files are kept, so that keeping one is a rename.
        upload_limit: bytes of the files of one form.
        body_limit: bytes of any other body.
        on_request: told of every request when it ended.
    """

    def __init__(
        self, app: App, spool: Path, *, upload_limit: int, body_limit: int, on_request: Callable[[RequestLine], None]
    ) -> None:
        self._app = app
        self._spool = spool
        self._upload_limit = upload_limit
        self._body_limit = body_limit
        self._on_request = on_request
        spool.mkdir(parents=True, exist_ok=True)
        for leftover in spool.glob(f"{SPOOL_PREFIX}*"):
            leftover.unlink()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request; anything but HTTP goes to the app as it is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _Request(scope, receive)
        answer = Answer(send, head_only=request.method == "HEAD")
        try:
            await self._serve(request, answer)
        except _Refused as refusal:
            await answer.fail(refusal.status, str(refusal), refusal.code)
        except _ClientGone:
            answer.status = CLIENT_GONE
        except Exception:
            log.exception("%s %s failed (%s)", request.method, scope["path"], answer.request_id)
            if answer.status:
                raise
            await answer.fail(
                500,
                (
                    f"The server had an error while processing your request. Quote its id when you report it: "
                    f"{answer.request_id}"
                ),
            )
        finally:
            self._on_request(
                RequestLine(
                    request.method,
                    scope["path"],
                    answer.status or CLIENT_GONE,
                    answer.ms,
                    answer.request_id,
                    answer.project,
                    request.bytes_in,
                    answer.bytes_out,
                )
            )

    async def _serve(self, request: _Request, answer: Answer) -> None:
        if FORM_TYPE in request.content_type.lower():
            raise _Refused(
                400, f"The content type {FORM_TYPE} is for internal use. Send the form as multipart/form-data."
            )
        form: Form | None = None
        try:
            if request.method == "POST" and request.content_type.lower().startswith("multipart/form-data"):
                form = await self._receive_form(request)
                body, content_type = pack(form), FORM_TYPE
            else:
                body, content_type = await self._receive_body(request), request.content_type
            await self._app(request.forward(answer.request_id, body, content_type), request.replay(body), answer.take)
        finally:
            if form is not None:  # the app may have refused the request before it looked at the form
                form.discard()
        await answer.finish(request.header(b"range"), request.receive)

    async def _receive_form(self, request: _Request) -> Form:
        if request.content_length > self._upload_limit + FORM_OVERHEAD_BYTES:
            raise self._upload_too_large()
        try:
            reader = FormReader(request.content_type, self._spool, self._upload_limit)
            try:
                waiting = bytearray()
                async for piece in request.pieces():
                    waiting += piece
                    if len(waiting) >= FEED_BYTES:
                        await asyncio.to_thread(reader.feed, bytes(waiting))
                        waiting.clear()
                await asyncio.to_thread(reader.feed, bytes(waiting))
                return reader.finish()
            except BaseException:
                reader.discard()
                raise
        except BrokenForm as error:
            raise _Refused(400, str(error)) from error
        except FormTooLarge as error:
            raise self._upload_too_large() from error

    async def _receive_body(self, request: _Request) -> bytes:
        if request.content_length > self._body_limit:
            raise self._body_too_large()
        body = bytearray()
        async for piece in request.pieces():
            body += piece
            if len(body) > self._body_limit:
                raise self._body_too_large()
        try:
            body.decode()
        except UnicodeDecodeError as error:
            message = f"We could not parse the JSON body of your request: it is not UTF-8 at byte {error.start}."
            raise _Refused(400, message) from error
        return bytes(body)

    def _upload_too_large(self) -> _Refused:
        advice = "Split the file, or start the server with a larger --upload-limit-mb."
        return _Refused(413, f"The upload is larger than {self._upload_limit:,} bytes. {advice}", "request_too_large")

    def _body_too_large(self) -> _Refused:
        advice = "Upload content as a file (POST /v1/files), and name its id."
        return _Refused(413, f"The body is larger than {self._body_limit:,} bytes. {advice}", "request_too_large")


class _Refused(Exception):
    """The front answers this request itself."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class _ClientGone(Exception):
    """The client left before its request was whole."""


class _Request:
    """One request on its way in."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.method: str = scope["method"]
        self.receive = receive
        self.bytes_in = 0
        self._scope = scope
        self.content_type = self.header(b"content-type") or ""
        length = self.header(b"content-length") or ""
        self.content_length = int(length) if length.isdecimal() else 0

    def header(self, name: bytes) -> str | None:
        """All values of this header, joined as HTTP allows."""
        values = [value.decode("latin-1") for key, value in self._scope["headers"] if key == name]
        return ", ".join(values) if values else None

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it arrives."""
        more = True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise _ClientGone
            piece: bytes = message.get("body", b"")
            self.bytes_in += len(piece)
            yield piece
            more = message.get("more_body", False)

    def forward(self, request_id: str, body: bytes, content_type: str) -> Scope:
        """The scope that the app sees: our request id, the body's new type and length, and nothing that is not
        UTF-8.
        """
        replaced = {b"x-request-id", b"content-type", b"content-length", b"transfer-encoding"}
        headers = [(name, _utf8(value)) for name, value in self._scope["headers"] if name not in replaced]
        headers += [(b"x-request-id", request_id.encode()), (b"content-length", b"%d" % len(body))]
        if content_type:
            headers.append((b"content-type", content_type.encode()))
        return {**self._scope, "headers": headers, "query_string": _utf8(self._scope.get("query_string", b""))}

    def replay(self, body: bytes) -> Receive:
        """Gives the app the body in one piece, then what else comes from the client."""
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return waiting.pop() if waiting else await self.receive()

        return receive


def _utf8(value: bytes) -> bytes:
    """Header bytes mean Latin-1 (RFC 9110 §5.5) unless they happen to be UTF-8."""
    try:
        value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1").encode()
    return value
