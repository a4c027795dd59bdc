"""What stands between the client and the resolver, where editions differ: request ids, forms, bytes of files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from vectorlog.api.form import FORM_TYPE, Form, unpack
from vectorlog.files.blobs import Blobs


@dataclass(frozen=True, slots=True)
class Bytes:
    """A file's bytes on their way out: as they are, or by headers that say where they are."""

    body: bytes
    headers: Mapping[str, str]
    status: int = 200


class Transport(Protocol):
    """The edition's way in and out."""

    def request_id(self, event: BaseProxyEvent) -> str:
        """The id that the answer's `x-request-id` will carry."""
        ...

    def form(self, content_type: str, body: bytes) -> Form | None:
        """The form that was sent, its files on disk; None where the body is no form.

        Raises:
            Invalid: it is an unreadable one.
        """
        ...

    def blob(self, blobs: Blobs, key: str, *, name: str, content_type: str) -> Bytes:
        """The answer that brings these bytes to the client, as a file of this name and type.

        Raises:
            NoSuchBlob: there are none.
        """
        ...


class BehindFront:
    """The local edition: `runtime.front` has spooled the form's files, and sends the file that `x-sendfile` names.

    Only for an app that nobody reaches but through the front, which refuses `FORM_TYPE` from clients.
    """

    def request_id(self, event: BaseProxyEvent) -> str:
        """The front's; it replaces what a client sends under this name."""
        return event.headers["x-request-id"]

    def form(self, content_type: str, body: bytes) -> Form | None:
        """The form that the front packed."""
        return unpack(body) if content_type == FORM_TYPE else None

    def blob(self, blobs: Blobs, key: str, *, name: str, content_type: str) -> Bytes:  # noqa: ARG002  # headers say name and type
        """Names the file; a folder keeps it where it is, so its path holds after the context has closed."""
        with blobs.local(key) as path:
            return Bytes(b"", {"x-sendfile": str(path.absolute())})
