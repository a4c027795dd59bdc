"""Ranges of a stored file, as a request asks for them, and the sending of one that is in memory."""

from __future__ import annotations

import hashlib
import re
from email.utils import formatdate
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Scope, Send

from vectorlog.api.errors import UnsatisfiableRange
from vectorlog.api.response import Response, StoredBytes

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def without_odd_ranges(scope: Scope, size: int) -> Scope:
    """Removes a Range header that must be ignored (RFC 9110, 14.2), and returns the scope.

    That is a header that is malformed, names several ranges, or belongs to a HEAD request.

    Raises:
        UnsatisfiableRange: the range contains none of the file's `size` bytes.
    """
    headers = MutableHeaders(raw=list(scope["headers"]))
    requested = headers.get("range")
    if requested is None:
        return scope
    match = _ONE_RANGE.fullmatch(requested.strip())
    first, last = match.groups() if match else ("", "")
    if scope["method"] != "GET" or not (first or last) or (first and last and int(last) < int(first)):
        del headers["range"]
        return {**scope, "headers": headers.raw}
    if int(first) >= size if first else not int(last) or not size:
        raise UnsatisfiableRange(f"The Range '{requested}' lies outside of the file's {size} bytes.", size=size)
    return scope


async def send_stored(response: Response, stored: StoredBytes, scope: Scope, send: Send) -> None:
    """Sends a stored file's bytes, or the range of them that was requested, with the headers that Starlette's
    FileResponse gives a file: a client cannot tell the two apart. `without_odd_ranges` has checked the range.
    """
    size, headers = len(stored.content), MutableHeaders(response.headers)
    seconds = stored.stored_at / 1000
    headers["accept-ranges"] = "bytes"
    headers["last-modified"] = formatdate(seconds, usegmt=True)
    headers["etag"] = f'"{hashlib.md5(f"{seconds}-{size}".encode(), usedforsecurity=False).hexdigest()}"'
    status, content, asked = response.status, stored.content, Headers(scope=scope)
    only_if = asked.get("if-range")
    if "range" in asked and only_if in (None, headers["etag"], headers["last-modified"]):
        start, stop = _requested(asked["range"], size)
        headers["content-range"] = f"bytes {start}-{stop - 1}/{size}"
        status, content = HTTPStatus.PARTIAL_CONTENT, content[start:stop]
    headers["content-length"] = str(len(content))
    await send({"type": "http.response.start", "status": int(status), "headers": headers.raw})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})


def _requested(header: str, size: int) -> tuple[int, int]:
    """Returns where a range begins, and where it stops; the byte there is no longer in it."""
    match = _ONE_RANGE.fullmatch(header.strip())
    assert match is not None  # `without_odd_ranges` leaves no other
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size
