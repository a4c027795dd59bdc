"""JSON-RPC messages as the Model Context Protocol sends them: one in a request, and its answer in the response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from vectorlog.api.input.json_text import Json, read_object
from vectorlog.domain.errors import Invalid

Id: TypeAlias = str | int

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
HEADER_MISMATCH = -32020
UNSUPPORTED_VERSION = -32022
"""Codes of JSON-RPC 2.0, and from -32020 on of the Model Context Protocol."""


class Fault(Exception):
    """A message cannot be answered. It becomes JSON-RPC's error."""

    def __init__(self, code: int, message: str, data: Json | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a method, which wants an answer."""

    id: Id
    method: str
    params: Mapping[str, Any]

    @property
    def meta(self) -> Mapping[str, Any]:
        """What the message says about itself."""
        meta = self.params.get("_meta")
        return meta if isinstance(meta, dict) else {}


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification, or an answer to a question that no server here asks. Nothing follows from either."""


def read(body: bytes) -> Call | Notice:
    """Reads a message.

    Raises:
        Fault: it is no JSON, several messages, or none of JSON-RPC 2.0.
    """
    try:
        message = read_object(body)
    except Invalid as error:
        code = PARSE_ERROR if error.code is None else INVALID_REQUEST
        several = "Send one message in a request, not an array of messages." if body.lstrip()[:1] == b"[" else ""
        raise Fault(INVALID_REQUEST if several else code, several or error.message) from None
    if message.get("jsonrpc") != "2.0":
        raise Fault(INVALID_REQUEST, 'A message has "jsonrpc": "2.0".')
    method, params = message.get("method"), message.get("params")
    if method is None and "id" in message and ("result" in message or "error" in message):
        return Notice()
    if not isinstance(method, str):
        raise Fault(INVALID_REQUEST, "A message names its method, as a string.")
    if params is not None and not isinstance(params, dict):
        raise Fault(INVALID_REQUEST, "The params of a message are an object.")
    if "id" not in message:
        return Notice()
    name = message["id"]
    if not isinstance(name, str | int) or isinstance(name, bool):
        raise Fault(INVALID_REQUEST, "The id of a message is a string or an integer.")
    return Call(name, method, params or {})


def result(call: Call, content: Json) -> Json:
    """Returns the answer to a call."""
    return {"jsonrpc": "2.0", "id": call.id, "result": content}


def error(id: Id | None, fault: Fault) -> Json:
    """Returns the answer to a message that cannot be answered; `id` is None if the message has none that is known."""
    said: Json = {"code": fault.code, "message": fault.message}
    return {"jsonrpc": "2.0", "id": id, "error": said if fault.data is None else {**said, "data": fault.data}}
