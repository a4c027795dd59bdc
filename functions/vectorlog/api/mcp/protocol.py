"""The methods of the Model Context Protocol, over streamable HTTP without sessions: every request stands for itself.

Two ways are spoken. Since 2026-07-28 each request says in `params._meta`, and again in headers, which version it is of.
Before, a client asked `initialize` first, and named the version that was agreed upon in a header.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from vectorlog.api.input.json_text import Json
from vectorlog.api.input.refusals import ECHO_CHARS
from vectorlog.api.mcp import messages
from vectorlog.api.mcp.messages import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    UNSUPPORTED_VERSION,
    Call,
    Fault,
    Notice,
)
from vectorlog.api.response import Response, json_response
from vectorlog.defaults import VERSION

STATELESS = "2026-07-28"
HANDSHAKE = ("2025-11-25", "2025-06-18")
"""Versions with `initialize`, the newest first."""
SUPPORTED = (STATELESS, *HANDSHAKE)

META = "io.modelcontextprotocol/"
VERSION_KEY, CAPABILITIES_KEY = f"{META}protocolVersion", f"{META}clientCapabilities"
SERVER: Json = {"name": "vectorlog", "title": "Vectorlog", "version": VERSION}
CAPABILITIES: Json = {"tools": {"listChanged": False}}
FRESH_MS = 300_000
"""How long a client may remember which tools there are, in ms: they change only with the server's version."""
STATUS = {METHOD_NOT_FOUND: 404}
"""HTTP's status for an error, where it is not 400 (2026-07-28, "Streamable HTTP")."""


class Offer(Protocol):
    """What a server offers to a caller."""

    def instructions(self) -> str:
        """Returns what a model should know about the server.

        Raises:
            Refused: the caller may not use it.
        """
        ...

    def tools(self) -> Sequence[Json]:
        """Returns the descriptions of the tools."""
        ...

    def call(self, name: str, arguments: Mapping[str, Any]) -> Json:
        """Calls a tool, and returns its result. That a call fails is a result too.

        Raises:
            Fault: there is no such tool.
        """
        ...


def answer(body: bytes, headers: Mapping[str, str], offer: Offer) -> Response:
    """Answers a request.

    Raises:
        Refused: the caller may not use what is offered.
    """
    id, stateless = None, True
    try:
        message, named = messages.read(body), headers.get("mcp-protocol-version")
        match message:
            case Notice():
                if named not in (None, *SUPPORTED):
                    raise _unsupported(named)
                return Response(202)
            case Call():
                id, stateless = message.id, _is_stateless(message, named)
                if stateless:
                    _check_head(message, headers)
                elif named not in (None, *HANDSHAKE) and message.method != "initialize":
                    raise _unsupported(named)
                content = _stateless(message, offer) if stateless else _after_handshake(message, offer)
                return json_response(messages.result(message, content))
    except Fault as fault:
        refused = stateless or fault.code == UNSUPPORTED_VERSION
        return json_response(messages.error(id, fault), STATUS.get(fault.code, 400) if refused else 200)


def _is_stateless(call: Call, named: str | None) -> bool:
    return named == STATELESS or (named is None and (VERSION_KEY in call.meta or call.method == "server/discover"))


def _check_head(call: Call, headers: Mapping[str, str]) -> None:
    """Checks that a request of 2026-07-28 says what it has to, and the same in its headers.

    Raises:
        Fault: it does not.
    """
    missing = [key for key in (VERSION_KEY, CAPABILITIES_KEY) if key not in call.meta]
    if missing:
        raise Fault(INVALID_PARAMS, f"params._meta lacks {' and '.join(missing)}.")
    version = call.meta[VERSION_KEY]
    same = {"mcp-protocol-version": version, "mcp-method": call.method}
    if call.method == "tools/call":
        same["mcp-name"] = call.params.get("name")
    for header, value in same.items():
        if _plain(headers.get(header)) != value:
            raise Fault(HEADER_MISMATCH, f"The header {header} is missing, or differs from what the message says.")


def _plain(value: str | None) -> str | None:
    """Returns the value of a header, which may be `=?base64?…?=`; None if that cannot be decoded."""
    if value is None or not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        return base64.b64decode(value[9:-2], validate=True).decode()
    except ValueError:  # of base64, or of UTF-8
        return None


def _unsupported(requested: str | None) -> Fault:
    data = {"supported": list(SUPPORTED), "requested": (requested or "")[:ECHO_CHARS]}
    return Fault(UNSUPPORTED_VERSION, "Unsupported protocol version", data)


def _stateless(call: Call, offer: Offer) -> Json:
    about: Json = {"resultType": "complete", "_meta": {f"{META}serverInfo": SERVER}}
    listed: Json = {**about, "ttlMs": FRESH_MS, "cacheScope": "private"}
    match call.method:
        case "server/discover":
            offered: Json = {"supportedVersions": list(SUPPORTED), "capabilities": CAPABILITIES}
            return {**listed, **offered, "instructions": offer.instructions()}
        case "tools/list":
            return {**listed, **_tools(call, offer)}
        case "tools/call":
            return {**about, **_called(call, offer)}
        case _:
            raise _no_method(call)


def _after_handshake(call: Call, offer: Offer) -> Json:
    match call.method:
        case "initialize":
            wanted = call.params.get("protocolVersion")
            if not isinstance(wanted, str):
                raise Fault(INVALID_PARAMS, "initialize names a protocolVersion, as a string.")
            version = wanted if wanted in HANDSHAKE else HANDSHAKE[0]
            offered: Json = {"protocolVersion": version, "capabilities": CAPABILITIES, "serverInfo": SERVER}
            return {**offered, "instructions": offer.instructions()}
        case "ping":
            return {}
        case "tools/list":
            return _tools(call, offer)
        case "tools/call":
            return _called(call, offer)
        case _:
            raise _no_method(call)


def _tools(call: Call, offer: Offer) -> Json:
    if call.params.get("cursor") is not None:
        raise Fault(INVALID_PARAMS, "There is one page of tools, so no cursor.")
    return {"tools": list(offer.tools())}


def _called(call: Call, offer: Offer) -> Json:
    name, arguments = call.params.get("name"), call.params.get("arguments")
    if not isinstance(name, str):
        raise Fault(INVALID_PARAMS, "tools/call names a tool, as a string.")
    if arguments is not None and not isinstance(arguments, dict):
        raise Fault(INVALID_PARAMS, "The arguments of a tool are an object.")
    return offer.call(name, arguments or {})


def _no_method(call: Call) -> Fault:
    return Fault(METHOD_NOT_FOUND, f"This server has no method {call.method[:ECHO_CHARS]}.")
