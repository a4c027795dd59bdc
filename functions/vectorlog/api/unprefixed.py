"""What is served without a dialect's prefix: the Model Context Protocol, the console, and pages that need no key."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import unquote

from vectorlog.api.deferred import PACKAGE, Resource
from vectorlog.api.request import Request
from vectorlog.api.response import Response
from vectorlog.api.routes import Probe, Route, by_slashes, find
from vectorlog.deployment import Deployment

if TYPE_CHECKING:
    from vectorlog.api.resources import console, mcp
else:
    console = Resource("console")
    mcp = Resource("mcp")

CONSOLE = "/console"
MCP = "/mcp"
MCP_ROUTES = (
    Route("POST", MCP, "callMcp", "read", mcp.answer, "search"),
    Route("POST", f"{MCP}/<vector_store_id>", "callMcpOfVectorStore", "read", mcp.answer, "search"),
)
RESOURCE = "/.well-known/oauth-protected-resource"
"""Begins the path of what a server says about a resource to a client that lacks a key for it (RFC 9728)."""
VIEW = "/view/<vector_store_id>/<file_id>"
PAGES: Mapping[str, tuple[str, str]] = {
    VIEW: ("viewer", "page"),
    **{f"{RESOURCE}{path}": ("mcp", "metadata") for path in ("", *(route.path for route in MCP_ROUTES))},
}
"""Paths that take GET and need no key: the module in `api/resources/` and its function, a `Page`. It is imported when a
request first needs it.
"""
REFUSED = -32000
"""JSON-RPC's code of a request that the API refused before it was read as a message."""

Page = Callable[[Deployment, Request, Mapping[str, str]], Response]
"""Answers a request, given the path parameters."""

_ROUTES = by_slashes(MCP_ROUTES)
_PAGES = [(re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", path)), where) for path, where in PAGES.items()]


def find_route(path: str) -> tuple[Mapping[str, Route], Mapping[str, str]]:
    """Returns the routes of a path by method, and the decoded path parameters; see `routes.find`."""
    return find(path, _ROUTES)


def is_console(head: Request) -> bool:
    """Whether a request is for the console: for its paths, or from a browser for `/`. Clients of the API accept JSON or
    anything, and never name HTML.
    """
    if head.path in ("", "/"):
        return head.method in ("GET", "HEAD") and "text/html" in head.headers.get("accept", "").lower()
    return head.path == CONSOLE or head.path.startswith(f"{CONSOLE}/")


def page(path: str, head: Request) -> Probe | None:
    """Returns what answers a GET of a path that needs no key; None if there is nothing."""
    if is_console(head):
        return lambda _: console.answer(head)
    for pattern, (module, name) in _PAGES:
        match = pattern.fullmatch(path)
        if match is not None:
            ids = {key: unquote(value) for key, value in match.groupdict().items()}
            return lambda deployment: _function(module, name)(deployment, head, ids)
    return None


def load() -> None:
    """Imports everything that is served here; see `routes.load`."""
    for module, name in PAGES.values():
        _function(module, name)


def answering(answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """Wraps what answers requests to `MCP_ROUTES` so that it refuses in messages."""
    return lambda request: refused(answer(request), request)


def refused(response: Response, head: Request) -> Response:
    """Returns the refusal of a request to `MCP_ROUTES` as a message of JSON-RPC, which is what clients show. A 401 says
    where the resource is described. What is a message already is returned as it is.
    """
    if response.status < HTTPStatus.BAD_REQUEST or "content-encoding" in response.headers:
        return response
    body = json.loads(response.content)
    if "jsonrpc" in body:
        return response
    said = body["error"]
    error = {"code": REFUSED, "message": said["message"], "data": {key: said[key] for key in ("type", "param", "code")}}
    text = json.dumps({"jsonrpc": "2.0", "id": None, "error": error}, separators=(",", ":"), ensure_ascii=False)
    headers = dict(response.headers)
    if response.status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = f'Bearer resource_metadata="{head.root}{RESOURCE}{head.path}"'
    return replace(response, headers=headers, body=text.encode(errors="replace"))


def _function(module: str, name: str) -> Page:
    found: Page = getattr(import_module(f"{PACKAGE}.{module}"), name)
    return found
