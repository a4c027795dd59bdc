"""A client of the simulated API: sends requests and reads answers, as HTTP would carry them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.simulation.places import Settings, Shown
from tests.simulation.world import World
from tests.support.faults import Lost
from vectorlog.api.app import Admitted
from vectorlog.api.input.form import Form, SpooledFile
from vectorlog.api.request import Request

CHUNKING: Mapping[str, Mapping[str, object]] = {
    "auto": {"type": "auto"},
    "small": {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 0}},
}
_SIZES = {800: "auto", 100: "small"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status and its JSON body; status 0 if the process died before it answered."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        """Whether the request succeeded."""
        return self.status == 200

    @property
    def sure(self) -> bool:
        """Whether it is known what the request did: all of it, or nothing."""
        return self.ok or (400 <= self.status < 500 and self.code != "conflict")

    @property
    def code(self) -> str | None:
        """The error's code."""
        return None if self.ok or not self.body else self.body["error"]["code"]

    @property
    def param(self) -> str | None:
        """The field that the error names."""
        return None if self.ok or not self.body else self.body["error"]["param"]

    def __str__(self) -> str:
        if self.status == 0:
            return "no answer: the process died"
        return "200" if self.ok else f"{self.status} {self.body['error']['message']}"


DIED = Answer(0, None)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that can be sent again: `upload` is the text of an uploaded file."""

    actor: str
    method: str
    path: str
    body: Mapping[str, object] | None = None
    key: str = ""
    upload: tuple[str, str] | None = None
    query: Mapping[str, str] | None = None


class Client:
    """Sends requests to a world; the path is below the dialect's prefix."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.requests = 0

    def send(self, sent: Sent) -> Answer:
        """Returns the answer; `DIED` if the process died."""
        self.requests += 1
        project, _, user = sent.actor.partition("/")
        headers = {"authorization": f"Bearer {project}"}
        if user:
            headers["x-on-behalf-of"] = user
        if sent.key:
            headers["idempotency-key"] = sent.key
        body: bytes | Form = b"" if sent.body is None else json.dumps(sent.body).encode()
        if sent.upload is not None:
            body = self._form(*sent.upload)
            headers["content-type"] = "multipart/form-data; boundary=x"
        query = {name: [value] for name, value in (sent.query or {}).items()}
        request = Request(sent.method, f"/v1{sent.path}", headers, query, body, f"req_{self.requests:032x}")
        try:
            admitted = self._world.app.admit(request)
            response = admitted.answer(request) if isinstance(admitted, Admitted) else admitted
        except Lost:
            return DIED
        return Answer(response.status, json.loads(response.content) if response.content else None)

    def _form(self, name: str, text: str) -> Form:
        path, data = self._world.folder / f"spool-{self.requests}", text.encode()
        path.write_bytes(data)
        spooled = SpooledFile(path, name, "text/plain", len(data), hashlib.sha256(data).hexdigest())
        return Form({"purpose": ["assistants"]}, {"file": spooled})


def shown_of(body: Mapping[str, Any]) -> Shown:
    """Returns what a file in a store is shown as."""
    chunking = _SIZES[body["chunking_strategy"]["static"]["max_chunk_size_tokens"]]
    return body["status"], Settings(pairs(body["attributes"]), chunking)


def pairs(attributes: Mapping[str, Any]) -> tuple[tuple[str, object], ...]:
    """Returns attributes as sorted pairs, in which they can be compared."""
    return tuple(sorted(attributes.items()))
