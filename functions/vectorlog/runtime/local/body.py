"""Bodies of the local edition's HTTP: a request's bytes or form as they arrive, and a response's bytes or file."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.requests import Request as AsgiRequest
from starlette.responses import FileResponse
from starlette.responses import Response as AsgiResponse
from starlette.types import Scope

from vectorlog.api.errors import UnsatisfiableRange
from vectorlog.api.input.form import Form
from vectorlog.api.input.multipart import FORM_OVERHEAD_BYTES, BrokenForm, FormReader, FormTooLarge
from vectorlog.api.response import Response
from vectorlog.domain.errors import Invalid, TooLarge

FEED_BYTES = 1024 * 1024
"""An upload is hashed and written in pieces of about this size, each in a thread, so that the switch costs little."""
FILE_CHUNK_BYTES = 256 * 1024
"""A download is read in pieces of this size, each in a thread."""

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


async def receive_body(request: AsgiRequest, limit: int) -> bytes:
    """The whole body.

    Raises:
        Invalid: it is not UTF-8.
        TooLarge: it is longer than `limit` bytes; nothing is read of a body whose announced length is.
        ClientDisconnect: the client left before its end.
    """
    if announced_length(request) > limit:
        raise _body_too_large(limit)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise _body_too_large(limit)
    try:
        body.decode()
    except UnicodeDecodeError as error:
        message = f"We could not parse the JSON body of your request: it is not UTF-8 at byte {error.start}."
        raise Invalid(message, code=None) from error
    return bytes(body)


async def receive_form(request: AsgiRequest, spool: Path, limit: int) -> Form:
    """The form of the body, its files in the folder `spool`; nothing is left there of a form that cannot be used.

    Raises:
        Invalid: the form is broken.
        TooLarge: its files hold more than `limit` bytes together.
        ClientDisconnect: the client left before its end.
    """
    if announced_length(request) > limit + FORM_OVERHEAD_BYTES:
        raise _upload_too_large(limit)
    try:
        reader = FormReader(request.headers.get("content-type", ""), spool, limit)
        try:
            waiting = bytearray()
            async for piece in request.stream():
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
        raise Invalid(str(error), code=None) from error
    except FormTooLarge as error:
        raise _upload_too_large(limit) from error


def announced_length(request: AsgiRequest) -> int:
    """The bytes that the client says its body has; 0 where it does not say."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() and len(length) < 20 else 0


def asgi_response(response: Response, scope: Scope) -> AsgiResponse:
    """Sends a response over ASGI, without its body where the client asked by HEAD.

    Raises:
        FileNotFoundError: its file is gone.
    """
    if isinstance(response.body, Path):
        file = _File(
            response.body, status_code=response.status, headers=response.headers, stat_result=response.body.stat()
        )
        file.media_type = None
        return file
    headers = {**response.headers, "content-length": str(len(response.body))}
    return AsgiResponse(b"" if scope["method"] == "HEAD" else response.body, response.status, headers)


def without_odd_ranges(scope: Scope, size: int) -> Scope:
    """The request without a Range header that is to be ignored: one that is malformed, that asks for several ranges, or
    that comes with HEAD (RFC 9110, 14.2).

    Raises:
        UnsatisfiableRange: the range holds none of the file's `size` bytes.
    """
    headers = MutableHeaders(raw=list(scope["headers"]))
    wanted = headers.get("range")
    if wanted is None:
        return scope
    match = _ONE_RANGE.fullmatch(wanted.strip())
    first, last = match.groups() if match else ("", "")
    if scope["method"] != "GET" or not (first or last) or (first and last and int(last) < int(first)):
        del headers["range"]
        return {**scope, "headers": headers.raw}
    if int(first) >= size if first else not int(last) or not size:
        raise UnsatisfiableRange(f"The Range '{wanted}' lies outside of the file's {size} bytes.", size=size)
    return scope


class _File(FileResponse):
    chunk_size = FILE_CHUNK_BYTES


def _upload_too_large(limit: int) -> TooLarge:
    advice = "Split the file, or start the server with a larger --upload-limit-mb."
    return TooLarge(f"The upload is larger than {limit:,} bytes. {advice}")


def _body_too_large(limit: int) -> TooLarge:
    advice = "Upload content as a file (POST /v1/files), and name its id."
    return TooLarge(f"The body is larger than {limit:,} bytes. {advice}")
