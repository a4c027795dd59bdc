"""A server that needs no key serves the programs of its machine, and no web page that its operator did not list."""

from __future__ import annotations

import json

import pytest

from vectorlog.api.app import Admitted
from vectorlog.api.request import Request
from vectorlog.api.response import Response
from vectorlog.runtime.local.web_pages import kept_from_pages

HOST = "127.0.0.1:8080"
LISTED = "https://app.example.com"


def ask(headers: dict[str, str], *, is_open: bool = True, path: str = "/v1/vector_stores") -> Response:
    """The response to a request with these headers; 200 if it was admitted."""
    admit = kept_from_pages(
        lambda _: Response(200), lambda: is_open, trusted_hosts=["box", "*.lan"], cors_origins=[LISTED]
    )
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = admit(Request("POST", path, named, {}, b"", "req_1"))
    assert not isinstance(answer, Admitted)
    return answer


@pytest.mark.parametrize(
    "headers",
    [
        {"host": HOST},
        {"host": "localhost:9000"},
        {"host": "LocalHost"},
        {"host": "127.3.2.1"},
        {"host": "[::1]:8080"},
        {"host": "box:8080"},
        {"host": "a.lan"},
        {"host": HOST, "origin": "http://127.0.0.1:8080", "sec_fetch_site": "same-origin"},
        {"host": "localhost:8080", "origin": "http://127.0.0.1:8080"},
        {"host": "127.0.0.1:8080", "origin": "http://[::1]:8080"},
        {"host": "localhost", "origin": "http://localhost"},
        {"host": "box", "origin": "http://box"},
        {"host": HOST, "sec_fetch_site": "none"},
        {"host": HOST, "origin": LISTED, "sec_fetch_site": "cross-site"},
    ],
)
def test_programs_and_listed_pages_are_served(headers: dict[str, str]) -> None:
    """Clients send no more than a Host header of this machine; an address typed by the user and a listed page work."""
    assert ask(headers).status == 200


@pytest.mark.parametrize(
    ("headers", "remedy"),
    [
        ({}, "VECTORLOG_TRUSTED_HOSTS"),
        ({"host": ""}, "VECTORLOG_TRUSTED_HOSTS"),
        ({"host": "evil.example:8080"}, "VECTORLOG_TRUSTED_HOSTS"),
        ({"host": "localhost.evil.example"}, "VECTORLOG_TRUSTED_HOSTS"),
        ({"host": "127.0.0.1.evil.example"}, "VECTORLOG_TRUSTED_HOSTS"),
        ({"host": "localhost@evil.example"}, "VECTORLOG_TRUSTED_HOSTS"),
        ({"host": "evil.example, localhost"}, "VECTORLOG_TRUSTED_HOSTS"),
        ({"host": "localhost, evil.example"}, "VECTORLOG_TRUSTED_HOSTS"),
        ({"host": "localhost:8080/x"}, "VECTORLOG_TRUSTED_HOSTS"),
        ({"host": "192.168.1.2"}, "VECTORLOG_TRUSTED_HOSTS"),
        ({"host": "evillan"}, "VECTORLOG_TRUSTED_HOSTS"),
        ({"host": HOST, "origin": "https://evil.example"}, "VECTORLOG_CORS_ORIGINS"),
        ({"host": HOST, "origin": "null"}, "VECTORLOG_CORS_ORIGINS"),
        ({"host": HOST, "origin": ""}, "VECTORLOG_CORS_ORIGINS"),
        ({"host": HOST, "origin": "http://localhost:3000"}, "VECTORLOG_CORS_ORIGINS"),
        ({"host": HOST, "origin": "http://localhost:8080.evil.example"}, "VECTORLOG_CORS_ORIGINS"),
        ({"host": HOST, "origin": f"{LISTED}.evil.example"}, "VECTORLOG_CORS_ORIGINS"),
        ({"host": HOST, "origin": "chrome-extension://abc"}, "VECTORLOG_CORS_ORIGINS"),
        ({"host": HOST, "sec_fetch_site": "cross-site"}, "VECTORLOG_CORS_ORIGINS"),
        ({"host": HOST, "sec_fetch_site": "same-site"}, "VECTORLOG_CORS_ORIGINS"),
        ({"host": HOST, "sec_fetch_site": "Cross-Site"}, "VECTORLOG_CORS_ORIGINS"),
        ({"host": HOST, "origin": "http://127.0.0.1:8080", "sec_fetch_site": "cross-site"}, "VECTORLOG_CORS_ORIGINS"),
    ],
)
def test_other_pages_are_refused(headers: dict[str, str], remedy: str) -> None:
    """A name that is not this machine's, or a page from elsewhere, is a 403 that says what the operator can do."""
    answer = ask(headers)
    assert answer.status == 403
    error = json.loads(answer.content)["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "permission_denied")
    assert "vectorlog keys create" in error["message"]
    assert remedy in error["message"]


def test_keys_are_enough() -> None:
    """Once keys are required, a page without one can do nothing, so any host and origin is admitted."""
    assert ask({"host": "public.example", "origin": "https://evil.example"}, is_open=False).status == 200


@pytest.mark.parametrize("path", ["/mcp", "/mcp/vs_1"])
@pytest.mark.parametrize("headers", [{"host": HOST, "origin": "https://evil.example"}, {"host": "evil.example"}])
def test_mcp_is_kept_from_pages(headers: dict[str, str], path: str) -> None:
    """The Model Context Protocol wants a server on this machine to look at Origin: a stranger's page calls no tool."""
    assert ask(headers, path=path).status == 403


def test_addresses_of_passages_work_from_anywhere() -> None:
    """A link to a passage, which is signed, opens from the page of a chat."""
    assert ask({"host": HOST, "sec_fetch_site": "cross-site"}, path="/view/vs_1/file-1").status == 200
