"""One answer on its way from the app to the client, signed by the front."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from secrets import token_hex
from time import perf_counter
from typing import Any, BinaryIO

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

SENDFILE = b"x-sendfile"
PROJECT = b"x-vectorlog-project"
FILE_CHUNK_BYTES = 256 * 1024


class Answer:
    """Passes an app's answer on with a request id and its duration, and counts what goes out.

    Two headers are for the front alone: `x-vectorlog-project` is noted, `x-sendfile` is replaced by the file it names.

    Attributes:
        request_id: `req_` and 32 hex digits.
        status: that was sent; 0 before.
        bytes_out: of the body.
        project: that the app found the request to belong to.
    """

    def __init__(self, send: Send, *, head_only: bool) -> None:
        self.request_id = f"req_{token_hex(16)}"
        self.status = 0
        self.bytes_out = 0
        self.project: str | None = None
        self._send = send
        self._head_only = head_only
        self._started = perf_counter()
        self._pending: tuple[int, list[Header]] | None = None
        self._file: Path | None = None

    @property
    def ms(self) -> float:
        """Since the request began."""
        return (perf_counter() - self._started) * 1000

    async def take(self, message: Message) -> None:
        """The app's `send`. The head is held back until the body begins, so that an error between them can still be
        told.
        """
        if message["type"] == "http.response.start":
            headers = [(name.lower(), value) for name, value in message.get("headers", ())]
            for_front = dict(headers)
            if PROJECT in for_front:
                self.project = for_front[PROJECT].decode()
            if SENDFILE in for_front:
                self._file = Path(for_front[SENDFILE].decode())
            self._pending = (message["status"], _without(headers, PROJECT, SENDFILE))
        elif self._file is None:
            body, more = message.get("body", b""), message.get("more_body", False)
            if self._pending is not None:
                status, headers = self._pending
                if not more:
                    headers = [*_without(headers, b"content-length"), (b"content-length", b"%d" % len(body))]
                await self._begin(status, headers)
            await self._write(body, more=more)

    async def finish(self, wanted_range: str | None, receive: Receive) -> None:
        """Sends the file that the app named, if it did; stops when the client goes away."""
        if self._file is None or self._pending is None:
            return
        try:
            file = await asyncio.to_thread(self._file.open, "rb")
        except FileNotFoundError:
            await self.fail(404, "The file was deleted while it was asked for.")
            return
        gone = asyncio.ensure_future(receive())
        try:
            await self._send_file(file, wanted_range, gone)
        finally:
            gone.cancel()
            file.close()

    async def fail(self, status: int, message: str, code: str | None = None, *headers: Header) -> None:
        """Sends an error in the API's envelope instead of what the app gave."""
        error = {
            "message": message,
            "type": "server_error" if status >= 500 else "invalid_request_error",
            "param": None,
            "code": code,
        }
        body = json.dumps({"error": error}, ensure_ascii=False).encode()
        await self._begin(
            status, [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *headers]
        )
        await self._write(body, more=False)

    async def _send_file(self, file: BinaryIO, wanted_range: str | None, gone: asyncio.Future[Message]) -> None:
        assert self._pending is not None
        status, headers = self._pending
        size = file.seek(0, 2)
        part = _satisfy(wanted_range, size) if wanted_range and status == 200 and not self._head_only else range(size)
        if part is None:
            message = f"The Range '{wanted_range}' lies outside of the file's {size} bytes."
            await self.fail(416, message, None, (b"content-range", b"bytes */%d" % size))
            return
        headers = [
            *_without(headers, b"content-length"),
            (b"accept-ranges", b"bytes"),
            (b"content-length", b"%d" % len(part)),
        ]
        if len(part) < size:
            status = 206
            headers.append((b"content-range", b"bytes %d-%d/%d" % (part.start, part.stop - 1, size)))
        await self._begin(status, headers)
        left = 0 if self._head_only else len(part)
        file.seek(part.start)
        while left and not gone.done():
            chunk = await asyncio.to_thread(file.read, min(left, FILE_CHUNK_BYTES))
            left -= len(chunk)
            await self._write(chunk, more=True)
        await self._write(b"", more=False)

    async def _begin(self, status: int, headers: list[Header]) -> None:
        self._pending = None
        self.status = status
        signed = [(b"x-request-id", self.request_id.encode()), (b"openai-processing-ms", b"%d" % self.ms)]
        await self._send({"type": "http.response.start", "status": status, "headers": [*headers, *signed]})

    async def _write(self, body: bytes, *, more: bool) -> None:
        self.bytes_out += 0 if self._head_only else len(body)
        await self._send({"type": "http.response.body", "body": b"" if self._head_only else body, "more_body": more})


def _without(headers: list[Header], *names: bytes) -> list[Header]:
    return [header for header in headers if header[0] not in names]


def _satisfy(wanted: str, size: int) -> range | None:
    """The bytes that a Range header asks for (RFC 9110 §14.2): all if it is malformed or asks for several, None if it
    asks for none.
    """
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", wanted.strip())
    if match is None or not any(match.groups()):
        return range(size)
    first, last = match.groups()
    if not first:
        return range(max(size - int(last), 0), size) if int(last) and size else None
    if last and int(last) < int(first):
        return range(size)
    return range(int(first), min(int(last) + 1 if last else size, size)) if int(first) < size else None
