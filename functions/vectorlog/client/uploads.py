"""Uploads of any size: in one request, or in parts where the server does not take so much at once."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, BinaryIO
from uuid import uuid4

from vectorlog.client.server import Refused, Server, segment

_MOST = 64 << 20
"""Bytes of a request, at first: what a part may have (docs/contract.md, section 3)."""
_LEAST = 4 << 20
"""Bytes of a part if the server refuses a larger one and does not say which it takes."""
_ATTEMPTS = 8
"""How many uploads of a file are looked for that earlier runs have begun; most of them were completed, or not ended."""


class ContentChanged(Exception):
    """The content was another when it was read again."""


class Uploader:
    """Uploads files to one server. It remembers how much that takes in a request. Safe to use from several threads."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._at_most = _MOST
        self._part = _MOST
        self._lock = threading.Lock()

    def upload(
        self, filename: str, content: BinaryIO, size: int, sha256: str, key: str, purpose: str = "assistants"
    ) -> str:
        """Uploads a file, and returns its id.

        Args:
            filename: its name.
            content: its bytes, which can be read more than once.
            size: how many.
            sha256: what they should be, in hexadecimal.
            key: a text for this very content in this very place. If a server knows Idempotency-Key, a file that is sent
                again under its key is the same file; one that is sent in parts is not sent again, and one whose parts
                were not all sent goes on.
            purpose: of OpenAI's API.

        Raises:
            Refused: the server refused it.
            ContentChanged: `content` is not what `size` and `sha256` say.
            OSError: it cannot be read.
        """
        while True:
            part = None if size <= self._at_most else self._part
            try:
                if part is None:
                    return self._at_once(filename, content, size, sha256, key, purpose)
                return self._in_parts(filename, content, size, sha256, key, part, purpose)
            except Refused as error:
                if error.status != HTTPStatus.REQUEST_ENTITY_TOO_LARGE or not self._less(error, size, part):
                    raise
                content.seek(0)

    def _at_once(self, filename: str, content: BinaryIO, size: int, sha256: str, key: str, purpose: str) -> str:
        data = content.read(size + 1)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ContentChanged
        fields = {"purpose": purpose, "file": (filename, data, "application/octet-stream")}
        try:
            made: str = self._server.send("/files", fields, key)["id"]
        except Refused as error:
            if error.status != HTTPStatus.NOT_FOUND:  # the file of this key was deleted since
                raise
            return self._server.upload(filename, data, purpose)
        return made

    def _in_parts(
        self, filename: str, content: BinaryIO, size: int, sha256: str, key: str, part_size: int, purpose: str
    ) -> str:
        body = {"filename": filename, "purpose": purpose, "bytes": size, "mime_type": "application/octet-stream"}
        begun, key = self._begun(body, key)
        if begun.get("status") == "completed":
            return _file_of(begun)
        path = f"/uploads/{segment(begun['id'])}"
        try:
            seen = hashlib.sha256()
            parts: list[str] = []
            left = size
            while left:
                data = content.read(min(part_size, left))
                if not data:
                    raise ContentChanged
                seen.update(data)
                fields: Mapping[str, Any] = {"data": ("part", data, "application/octet-stream")}
                parts.append(self._server.send(f"{path}/parts", fields, f"{key}-{size - left}-{len(data)}")["id"])
                left -= len(data)
            if seen.hexdigest() != sha256:
                raise ContentChanged
            return _file_of(self._server.post(f"{path}/complete", {"part_ids": parts}))
        except (Refused, ContentChanged, OSError) as error:
            if isinstance(error, Refused) and not 400 <= error.status < 500:
                raise  # the next try goes on with it
            try:
                self._server.cancel(path)
            except Refused as left_over:
                error.add_note(f"The upload could not be cancelled, and expires in an hour: {left_over}")
            raise

    def _begun(self, body: Mapping[str, Any], key: str) -> tuple[Mapping[str, Any], str]:
        """Returns the upload of a file, and the key that it was created under: one that an earlier run completed, or
        did not end; else a new one.
        """
        for attempt in range(_ATTEMPTS):
            numbered = f"{key}-{attempt}"
            try:
                begun: Mapping[str, Any] = self._server.post("/uploads", body, numbered)
            except Refused as error:
                if error.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                    raise
                continue  # its file was deleted since, or the key is that of something else
            if begun.get("status") not in ("cancelled", "expired"):
                return begun, numbered
        new = str(uuid4())
        return self._server.post("/uploads", body, new), new

    def _less(self, error: Refused, size: int, part: int | None) -> bool:
        """Notes that the server does not take so many bytes, or parts of this size; whether less can be tried."""
        named = re.search(r"part_size=(\d+)", str(error))
        wanted = int(named[1]) if named else _LEAST
        with self._lock:
            if part is None:
                self._at_most = min(self._at_most, size - 1)
                self._part = min(self._part, wanted) if named else self._part
                return size > 0
            smaller = wanted if wanted < part else _LEAST
            self._part = min(self._part, smaller)
            return smaller < part


def _file_of(upload: Mapping[str, Any]) -> str:
    file: str = upload["file"]["id"]
    return file
