"""An HTTP response as the app returns it to both editions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BufferedReader

from vectorlog.api.input.json_text import Json

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """A stored file's bytes, of which a client may ask for a range.

    Attributes:
        stored_at: when they were stored, in ms since 1970.
    """

    content: bytes
    stored_at: int


@dataclass(frozen=True, slots=True)
class Response:
    """One response.

    Attributes:
        headers: names in lower case.
        body: the bytes, those of a stored file, or an open file on this machine; who sends the response closes it.
        operation: the operation of the route that answered, for logs and metrics; empty if no route did.
        project: the project of the request's key, for the log; None if no key was accepted.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | StoredBytes | BufferedReader = b""
    operation: str = ""
    project: str | None = None

    @property
    def content(self) -> bytes:
        """The body's bytes; reads the file if the body is one."""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, StoredBytes):
            return self.body.content
        with self.body as file:
            return file.read()


def json_response(content: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Returns a response whose body is this object as JSON text."""
    body = _encode(content).encode(errors="replace")
    return Response(status, {"content-type": "application/json", **(headers or {})}, body)


def see_other(url: str, headers: Mapping[str, str] | None = None) -> Response:
    """Returns a response that sends the client to a URL, from which it gets the answer with GET, whatever it sent."""
    return Response(303, {**(headers or {}), "location": url})


def redirect(url: str, headers: Mapping[str, str] | None = None) -> Response:
    """Returns a response that redirects the client to another URL."""
    return Response(302, {**(headers or {}), "location": url})
