"""The console: a page and its files, which `console/` at the top of the repository builds into the package.

They hold no data, so they need no key. What is served is looked up in the list of built files, never on the disk by a
path of a request.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vectorlog.api import unserved
from vectorlog.api.request import Request
from vectorlog.api.response import Response, redirect
from vectorlog.api.unprefixed import CONSOLE as PATH

FOLDER = Path(__file__).parents[2] / "console"
PAGE = "index.html"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""The page's Content-Security-Policy: its own files and this server, and nothing else."""
TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
SECURITY: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
KEPT = "public, max-age=31536000, immutable"
"""A year, for files whose names have a hash of their content."""
CHECKED = "no-cache"
"""A browser asks each time whether it is still the same."""
VARY = "accept-encoding"
"""As of the answers that are compressed."""


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    headers: Mapping[str, str]


def answer(request: Request) -> Response:
    """Answers a GET for the console or, from a browser, for `/` (`unprefixed.is_console`).

    Addresses in the page are relative, so it works below any prefix, such as the stage of API Gateway.

    Raises:
        UnknownRoute: there is no such file.
    """
    if request.path in ("", "/"):
        return redirect("console", {"vary": "accept"})
    name = request.path.removeprefix(PATH)
    if name == "/":
        return redirect("../console")
    file = _files().get(name.removeprefix("/") or PAGE)
    if file is None:
        raise unserved.refuse(request.method, request.path)
    if _is_known(request.headers.get("if-none-match", ""), file.headers["etag"]):
        return Response(304, {name: file.headers[name] for name in ("etag", "cache-control")} | {"vary": VARY})
    return Response(200, file.headers, file.content)


def _is_known(if_none_match: str, etag: str) -> bool:
    """Compares as RFC 9110, 13.1.2, says: a weak validator, as a proxy makes of ours, is the same."""
    known = (each.strip().removeprefix("W/") for each in if_none_match.split(","))
    return any(each in (etag, "*") for each in known)


@cache
def _files() -> Mapping[str, _File]:
    """Reads the built files, some 100 KB, at the first request for one."""
    paths = sorted(path for path in FOLDER.rglob("*") if path.suffix in TYPES)
    return {path.relative_to(FOLDER).as_posix(): _file(path) for path in paths}


def _file(path: Path) -> _File:
    content = path.read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()[:15]).decode()
    kept = KEPT if path.parent != FOLDER else CHECKED
    headers = {"content-type": TYPES[path.suffix], "etag": f'"{digest}"', "cache-control": kept, **SECURITY}
    return _File(content, headers)
