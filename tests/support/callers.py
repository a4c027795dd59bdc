"""Requests of several callers to one app, without HTTP around it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vectorlog.api.app import App
from vectorlog.api.input.form import Form, SpooledFile
from vectorlog.api.request import Request
from vectorlog.domain.tenancy import Caller

PREFIXES = ("/v1", "/api/v1/llm")


@dataclass(frozen=True, slots=True)
class Got:
    """An answer: its status, and everything in it that a caller can read, headers included."""

    status: int
    content: bytes
    headers: Mapping[str, str]

    @property
    def body(self) -> Any:
        return json.loads(self.content)

    @property
    def error(self) -> tuple[int, str | None]:
        """The status, and the field that the error names."""
        return self.status, self.body["error"]["param"] if self.status >= 400 else None


class Callers:
    """Sends requests; the key of a project is the project's name."""

    def __init__(self, app: App, folder: Path) -> None:
        self._app = app
        self._folder = folder
        self.requests = 0

    def send(
        self,
        caller: Caller,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        upload: tuple[str, str] | None = None,
        key: str | None = None,
        prefix: str = PREFIXES[0],
    ) -> Got:
        """Returns the answer to a request; `upload` is the name and the text of a file."""
        self.requests += 1
        headers = {"authorization": f"Bearer {caller.project}"}
        if caller.user is not None:
            headers["x-on-behalf-of"] = caller.user
        if key is not None:
            headers["idempotency-key"] = key
        sent: bytes | Form = b"" if body is None else json.dumps(body).encode()
        if upload is not None:
            sent, headers["content-type"] = self._form(*upload), "multipart/form-data; boundary=x"
        values = {name: [str(value)] for name, value in (query or {}).items()}
        answer = self._app.handle(Request(method, prefix + path, headers, values, sent, f"req_{self.requests:032x}"))
        return Got(answer.status, answer.content, answer.headers)

    def _form(self, name: str, text: str) -> Form:
        path, data = self._folder / f"spool-{self.requests}", text.encode()
        path.write_bytes(data)
        spooled = SpooledFile(path, name, "text/plain", len(data), hashlib.sha256(data).hexdigest())
        return Form({"purpose": ["assistants"]}, {"file": spooled})
