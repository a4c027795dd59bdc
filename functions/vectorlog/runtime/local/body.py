"""HTTP bodies in the local edition: receives a request's bytes or form, and sends a response's bytes or file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from starlette.requests import ClientDisconnect
from starlette.requests import Request as AsgiRequest
from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from vectorlog.api.app import Room
from vectorlog.api.input.file_spool import RawReader
from vectorlog.api.input.form import Form, FormRule
from vectorlog.api.input.multipart import FORM_OVERHEAD_BYTES, BrokenForm, FormReader, FormTooLarge
from vectorlog.api.response import Response
from vectorlog.domain.errors import Invalid, TooLarge

FEED_BYTES = 1024 * 1024
"""An upload is hashed and written in pieces of about this size, each in a thread. They are large enough that switching
threads costs little.
"""
FILE_CHUNK_BYTES = 256 * 1024
"""A download is read in pieces of this size, each in a thread."""

WHOLE = "whole"
"""What the protocol calls it in a request's state that a small body has arrived."""


async def arrived(scope: Scope) -> bool:
    """Whether the request's body, if it has one, is small and there. Most clients send it together with the head, or
    right behind it, so it is looked at once more after what has come in since.
    """
    state = scope["state"]
    if WHOLE not in state:
        await asyncio.sleep(0)
    return WHOLE in state


async def receive_rest(receive: Receive) -> bytes:
    """Returns a body that has arrived.

    Raises:
        ClientDisconnect: the client has disconnected.
    """
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def receive_body(request: AsgiRequest, limit: int) -> bytes:
    """Receives the whole body.

    Raises:
        Invalid: it is not UTF-8.
        TooLarge: it is longer than `limit` bytes. If its announced length is, nothing is read.
        ClientDisconnect: the client disconnected before the end.
    """
    if announced_length(request) > limit:
        raise _body_too_large(limit)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise _body_too_large(limit)
    return checked_body(bytes(body), limit)


def checked_body(body: bytes, limit: int) -> bytes:
    """Returns a body that is there; see `receive_body`."""
    if len(body) > limit:
        raise _body_too_large(limit)
    try:
        body.decode()
    except UnicodeDecodeError as error:
        message = f"We could not parse the JSON body of your request: it is not UTF-8 at byte {error.start}."
        raise Invalid(message, code=None) from error
    return body


async def receive_form(request: AsgiRequest, spool: Path, rule: FormRule, room: Room, take: Room) -> Form:
    """Receives a form, or a body that is a file, and puts its files into the folder `spool`. If it raises, no file is
    left there.

    Raises:
        Invalid: the form is broken.
        TooLarge: its files are larger than the rule's limit.
        NoSpace: `room` says so of the announced length, or `take` of a piece that has arrived.
        OSError: the disk is full, or cannot be written.
        ClientDisconnect: the client disconnected before the end.
    """
    _check_length(announced_length(request), rule, room)
    with _refusing(rule):
        reader = _reader(request.headers, spool, rule)
        try:
            buffer, received = bytearray(), 0
            async for piece in request.stream():
                buffer += piece
                received += len(piece)
                if rule.raw and received > rule.limit:
                    raise TooLarge(rule.too_large)
                if len(buffer) >= FEED_BYTES:
                    await asyncio.to_thread(_store, reader, bytes(buffer), take)
                    buffer.clear()
            await asyncio.to_thread(_store, reader, bytes(buffer), take)
            return reader.finish()
        except BaseException:
            reader.discard()
            raise


def read_form(headers: Mapping[str, str], content: bytes, spool: Path, rule: FormRule, room: Room, take: Room) -> Form:
    """Returns the form of a body that is there; see `receive_form`."""
    _check_length(len(content), rule, room)
    with _refusing(rule):
        if rule.raw and len(content) > rule.limit:
            raise TooLarge(rule.too_large)
        reader = _reader(headers, spool, rule)
        try:
            _store(reader, content, take)
            return reader.finish()
        except BaseException:
            reader.discard()
            raise


def _check_length(length: int, rule: FormRule, room: Room) -> None:
    if length > rule.limit + (0 if rule.raw else FORM_OVERHEAD_BYTES):
        raise TooLarge(rule.too_large)
    room(length)


@contextmanager
def _refusing(rule: FormRule) -> Iterator[None]:
    """Turns what is wrong with a form into a refusal of the request."""
    try:
        yield
    except BrokenForm as error:
        raise Invalid(str(error), code=None) from error
    except FormTooLarge as error:
        raise TooLarge(rule.too_large) from error


def _reader(headers: Mapping[str, str], spool: Path, rule: FormRule) -> FormReader | RawReader:
    if rule.raw:
        return RawReader(rule.file_field, spool)
    return FormReader(headers.get("content-type", ""), spool, rule.limit, rule.file_field)


def _store(reader: FormReader | RawReader, piece: bytes, take: Room) -> None:
    take(len(piece))
    reader.feed(piece)


def announced_length(request: AsgiRequest) -> int:
    """Returns the body's length in bytes from its Content-Length header, or 0 if that is missing or invalid."""
    length = request.headers.get("content-length", "")
    return int(length[:20]) if length.isascii() and length.isdecimal() else 0  # 20 digits are over any limit


async def send_bytes(response: Response, content: bytes, scope: Scope, send: Send) -> None:
    """Sends a response with these bytes as its body, which a HEAD request does not get."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    headers.append((b"content-length", b"%d" % len(content)))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})


def file_response(response: Response, file: BufferedReader, stat: os.stat_result) -> FileResponse:
    """Converts a response with this file as its body; Starlette sends it, or the range of it that was requested.

    Starlette opens the file again, after it has sent the headers. It does so by the descriptor, so it finds the same
    bytes even if the file was deleted in the meantime.
    """
    same = f"/dev/fd/{file.fileno()}"
    return _File(same, status_code=response.status, headers=response.headers, stat_result=stat)


class _File(FileResponse):
    chunk_size = FILE_CHUNK_BYTES


def _body_too_large(limit: int) -> TooLarge:
    advice = "Upload content as a file (POST /v1/files), and name its id."
    return TooLarge(f"The body is larger than {limit:,} bytes. {advice}")
