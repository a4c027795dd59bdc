"""The API's own description: its OpenAPI documents, and a page that shows them.

They hold no data, so they need no key. What makes them is imported at the first request for one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache

from vectorlog.api.dialect import Dialect
from vectorlog.api.response import Response
from vectorlog.deployment import Deployment


def specification(dialects: Sequence[Dialect]) -> Callable[[Deployment], Response]:
    """Returns the handler that answers with the OpenAPI document of these dialects."""

    @cache
    def made() -> bytes:
        from vectorlog.api.openapi.document import document

        return json.dumps(document(dialects), separators=(",", ":"), ensure_ascii=False).encode()

    return lambda _: Response(200, {"content-type": "application/json"}, made())


def page(deployment: Deployment) -> Response:  # noqa: ARG001  # as every handler of a path without a key
    """GET /docs: the documents as one page, without scripts and without anything from another server."""
    return _page()


@cache
def _page() -> Response:
    from vectorlog.api.openapi.document import document
    from vectorlog.api.openapi.page import html, policy

    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy(),
        "x-content-type-options": "nosniff",
    }
    return Response(200, headers, html(document()).encode())
