"""The API over ASGI: Starlette reads requests and sends files, and the app answers in a thread pool."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs

from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect
from starlette.requests import Request as AsgiRequest
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.utils import ClientDisconnected

from vectorlog.api import errors
from vectorlog.api.app import Admit, Room, endless, refuse
from vectorlog.api.input.file_spool import SPOOL_PREFIX
from vectorlog.api.request import Request
from vectorlog.api.response import Response, StoredBytes
from vectorlog.defaults import PREFLIGHT_SECONDS
from vectorlog.domain.errors import DISK_FULL, Invalid, NoSpace, Refused, is_disk_full
from vectorlog.runtime.local import body
from vectorlog.runtime.local.ranges import send_stored, without_odd_ranges
from vectorlog.runtime.local.request_log import Exchange, RequestLine, RequestLog
from vectorlog.telemetry.telemetry import Telemetry


def asgi_app(
    admit: Admit,
    executor: Executor,
    spool: Path,
    *,
    body_limit: int,
    on_request: Callable[[RequestLine], None],
    cors_origins: Sequence[str] = (),
    trusted_hosts: Sequence[str] = (),
    room: Room = endless,
    take: Room = endless,
    telemetry: Telemetry = Telemetry(),
    quick: Callable[[Request], bool] = lambda _: False,
) -> ASGIApp:
    """Builds the ASGI app of a server.

    It removes the files that a crash left in the spool folder, so two servers must not share one.

    Args:
        admit: finds out from a request's head how to answer it, before its body is received; it blocks.
        executor: runs `admit` and what it returns.
        spool: the folder for uploads that are arriving. It is on the blobs' disk, so that keeping a file is a rename.
        body_limit: maximum size of a body that is no form, in bytes.
        on_request: called with each request when it has ended.
        cors_origins: origins whose pages may call the API from a browser.
        trusted_hosts: hosts that a request may name in its Host header; none accepts any.
        room: refuses an upload whose announced length would not fit the disk.
        take: refuses a piece of an upload that would not fit the disk, and counts one that does.
        telemetry: logs and counts the adapter's own failures.
        quick: whether a request reads a few rows and writes nothing. Such a one is answered on the event loop: handing
            it to a thread would take longer than the reads, above all while other threads want the interpreter's lock.
    """
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    for leftover in spool.glob(f"{SPOOL_PREFIX}*"):
        leftover.unlink()
    app: ASGIApp = _Endpoint(admit, executor, spool, body_limit, room, take, telemetry, quick)
    if cors_origins:
        app = CORSMiddleware(
            app,
            allow_origins=cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["*"],
            max_age=PREFLIGHT_SECONDS,
        )
    if trusted_hosts:
        app = InEnvelope(TrustedHostMiddleware(app, allowed_hosts=trusted_hosts, www_redirect=False))
    return RequestLog(app, on_request)


class _Endpoint:
    def __init__(
        self,
        admit: Admit,
        executor: Executor,
        spool: Path,
        body_limit: int,
        room: Room,
        take: Room,
        telemetry: Telemetry,
        quick: Callable[[Request], bool],
    ) -> None:
        self._quick = quick
        self._telemetry = telemetry
        self._admit = admit
        self._executor = executor
        self._spool = spool
        self._body_limit = body_limit
        self._room = room
        self._take = take

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return  # uvicorn is configured without lifespan and websockets
        exchange: Exchange = scope["state"]["exchange"]
        head = _without_body(scope, exchange.request_id)
        try:
            if await body.arrived(scope):
                content, loop = await body.receive_rest(receive), asyncio.get_running_loop()
                if self._quick(head):
                    response = self._answer_whole(head, content, exchange)
                else:
                    response = await loop.run_in_executor(self._executor, self._answer_whole, head, content, exchange)
            else:
                response = await self._answer(AsgiRequest(scope, receive), head, exchange)
            await _send(response, scope, receive, send)
        except Refused as error:
            await _send(refuse(head, error), scope, receive, send)
        except (ClientDisconnect, ClientDisconnected):
            raise
        except Exception as error:
            full = isinstance(error, OSError) and is_disk_full(error)
            response = refuse(head, NoSpace(DISK_FULL)) if full else errors.unexpected(head.request_id)
            self._telemetry.request_failed(
                head.request_id,
                method=head.method,
                path=head.path,
                route=exchange.operation,
                status=response.status,
                reason=str(error) if full else type(error).__name__,
                fault=not full,
            )
            if exchange.status:
                raise
            await _send(response, scope, receive, send)

    def _answer_whole(self, head: Request, content: bytes, exchange: Exchange) -> Response:
        """Answers a request whose body has arrived together with its head, in one step on one thread. See `_answer`."""
        admitted = self._admit(head)
        exchange.project, exchange.operation = admitted.project, admitted.operation
        if isinstance(admitted, Response):
            return admitted
        sent = (
            body.read_form(head.headers, content, self._spool, admitted.form, self._room, self._take)
            if admitted.form
            else body.checked_body(content, self._body_limit)
        )
        return admitted.answer(replace(head, body=sent))

    async def _answer(self, asgi_request: AsgiRequest, head: Request, exchange: Exchange) -> Response:
        """Answers a request in two steps: its head, and then its body, which is received only if the head was accepted.

        Raises:
            Refused: the body is too large, broken, or does not fit the disk.
        """
        loop = asyncio.get_running_loop()
        admitted = await loop.run_in_executor(self._executor, self._admit, head)
        exchange.project, exchange.operation = admitted.project, admitted.operation
        if isinstance(admitted, Response):
            return admitted
        sent = (
            await body.receive_form(asgi_request, self._spool, admitted.form, self._room, self._take)
            if admitted.form
            else await body.receive_body(asgi_request, self._body_limit)
        )
        return await loop.run_in_executor(self._executor, admitted.answer, replace(head, body=sent))


async def _send(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if isinstance(response.body, bytes):
        await body.send_bytes(response, response.body, scope, send)
    elif isinstance(response.body, StoredBytes):
        stored = response.body
        await send_stored(response, stored, without_odd_ranges(scope, len(stored.content)), send)
    else:
        with response.body as file:
            stat = os.fstat(file.fileno())
            scope = without_odd_ranges(scope, stat.st_size)
            await body.file_response(response, file, stat)(scope, receive, send)


class InEnvelope:
    """An ASGI app that puts a library's own refusal, such as an untrusted host, into the API's error envelope."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        refused = False

        async def checked_send(message: Message) -> None:
            nonlocal refused
            plain = (b"content-type", b"text/plain; charset=utf-8") in message.get("headers", ())
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.BAD_REQUEST and plain:
                refused = True
            elif not refused:
                await send(message)
            elif not message.get("more_body"):
                head = _without_body(scope, scope["state"]["exchange"].request_id)
                error = Invalid(f"{message['body'].decode()}.", code=None)
                await _send(refuse(head, error), scope, receive, send)

        await self._app(scope, receive, checked_send)


def _without_body(scope: Scope, request_id: str) -> Request:
    """Returns the request without its body."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), _text(value)
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    query = parse_qs(_text(scope.get("query_string", b"")), keep_blank_values=True)
    path = scope.get("raw_path") or scope["path"].encode()  # ids are decoded once, by the routes
    return Request(scope["method"], _text(path), headers, query, b"", request_id)


def _text(value: bytes) -> str:
    """Decodes a header or a query string as UTF-8, or else as Latin-1 (RFC 9110, 5.5)."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
