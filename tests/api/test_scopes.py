"""Scopes of keys, over the whole route table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from vectorlog.api.app import Admitted, App
from vectorlog.api.dialect import DIALECTS, Dialect
from vectorlog.api.request import Request
from vectorlog.api.response import Response
from vectorlog.api.routes import ROUTES, Route
from vectorlog.deployment import Deployment
from vectorlog.domain.api_key import SCOPES, Credential, Scope
from vectorlog.runtime.local.server import send_blob

MAY: Mapping[Scope, Sequence[Scope]] = {
    "read": ["read", "write", "admin"],
    "write": ["write", "admin"],
    "admin": ["admin"],
}
"""The scopes of the keys that may do what needs a scope."""


def head(dialect: Dialect, route: Route) -> Request:
    """Returns the head of a request to a route."""
    headers = {"authorization": "Bearer any", **({"content-type": "multipart/form-data"} if route.takes_form else {})}
    path = dialect.prefix + route.path.replace("<", "").replace(">", "")
    return Request(route.method, path, headers, {}, b"", "req_1")


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda each: each.prefix)
@pytest.mark.parametrize("route", ROUTES, ids=lambda each: each.operation)
def test_every_route_with_every_scope(deployment: Deployment, route: Route, dialect: Dialect, scope: Scope) -> None:
    """A key of scope `read` reads, one of `write` also writes, and one of `admin` does everything; what a key may not
    do is refused from the head, before a body is received, with a 403.
    """
    app = App(deployment, lambda _: Credential("acme", scope), send_blob)
    admitted = app.admit(head(dialect, route))
    if scope in MAY[route.scope]:
        assert isinstance(admitted, Admitted)
        return
    assert isinstance(admitted, Response)
    assert (admitted.status, admitted.operation, admitted.project) == (403, route.operation, "acme")
    assert b'"code":"permission_denied"' in admitted.content
    assert f"'{route.scope}'".encode() in admitted.content
    assert f"'{scope}'".encode() in admitted.content


def test_reads_need_no_more_than_read() -> None:
    """What only reads can be done with a key of scope `read`, and nothing that writes can."""
    plain = [route for route in ROUTES if not route.admin]
    assert [route.scope for route in plain] == [route.effect for route in plain]
    assert all(route.scope == "read" for route in plain if route.method == "GET")
    assert all(route.scope == "write" for route in plain if route.method == "DELETE")
