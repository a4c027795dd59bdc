"""The console's files: what is served, how a browser keeps it, and that nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.api.client import Client
from vectorlog.api import auth
from vectorlog.api.app import Admitted, App
from vectorlog.api.request import Request
from vectorlog.api.resources.console import FOLDER, POLICY
from vectorlog.api.response import Response
from vectorlog.deployment import Deployment
from vectorlog.runtime.local.server import send_blob
from vectorlog.runtime.local.web_pages import kept_from_pages

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file())


def test_the_page_and_all_that_it_names(client: Client) -> None:
    """The page needs no key and names only files that are served, by addresses relative to its own."""
    page = client.get("/console")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    named = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert len(named) >= 3
    assert not [address for address in named if not address.startswith("console/assets/")]
    types = {client.get(f"/{address}").headers["content-type"] for address in named}
    assert types == {"text/javascript; charset=utf-8", "text/css; charset=utf-8", "image/svg+xml"}


def test_no_inline_code(client: Client) -> None:
    """The page has no script, style or handler of its own, so the policy needs no exception."""
    text = client.get("/console").text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|javascript:", text)
    assert not re.search(r"unsafe|\*|https?:|data:|blob:|nonce|sha256", POLICY)


@pytest.mark.parametrize("name", ["", *(f"/{name}" for name in FILES)])
def test_every_answer_is_guarded(client: Client, name: str) -> None:
    """Each file has the policy and its type; what has a hash in its name is kept for good, and the page is checked."""
    answer = client.get(f"/console{name}")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    kept = "immutable" in answer.headers["cache-control"]
    assert kept == name.startswith("/assets/")
    again = client.get(f"/console{name}", headers={"if-none-match": f'W/{answer.headers["etag"]}, "other"'})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(f"/console{name}", headers={"if-none-match": '"other"'}).status_code == 200


def test_compressed_for_who_accepts_it(client: Client) -> None:
    """A script is sent with gzip to a browser that accepts it, and as it is to others."""
    [script] = [name for name in FILES if name.endswith(".js")]
    small, plain = (client.get(f"/console/{script}", headers={"accept-encoding": way}) for way in ("gzip", "identity"))
    assert small.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert small.content == plain.content == (FOLDER / script).read_bytes()
    assert int(small.headers["content-length"]) < len(plain.content) / 2


@pytest.mark.parametrize(
    "path",
    [
        "/console/../pyproject.toml",
        "/console/%2e%2e/app.py",
        "/console/..%2f..%2fpyproject.toml",
        "/console//etc/passwd",
        "/console/assets/../index.html",
        "/console/assets",
        "/console/nothing.js",
        "/consoles",
        "/console.html",
    ],
)
def test_nothing_else_is_served(deployment: Deployment, path: str) -> None:
    """A path that is not the name of a built file is a 404 in the API's form, whatever lies on the disk there."""
    app = App(deployment, auth.open_until_first_key(deployment), send_blob)
    response = app.handle(Request("GET", path, {}, {}, b"", "req_1"))  # a client would resolve `..` itself
    assert response.status == 404
    assert b"Invalid URL" in response.content


def test_only_read(client: Client) -> None:
    """The files take GET and HEAD."""
    assert client("HEAD", "/console").status_code == 200
    refused = client.post("/console")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


def test_a_browser_gets_the_console_at_the_root_and_a_client_what_it_got(client: Client) -> None:
    """`/` leads a browser to the console. Clients of the API get the same 404 as ever."""
    led = client.get("/", headers=BROWSER)
    assert (led.status_code, led.headers["location"], led.headers["vary"]) == (302, "console", "accept")
    for accept in ("*/*", "application/json", ""):
        answer = client.get("/", headers={"accept": accept})
        assert (answer.status_code, answer.json()["error"]["message"]) == (404, "Invalid URL (GET /)")
    assert client.post("/", {}, headers=BROWSER).status_code == 404
    assert client.get("/console/", headers=BROWSER).headers["location"] == "../console"


def test_a_link_from_another_page_opens_it(deployment: Deployment, tmp_path: Path) -> None:
    """The console can be opened by a link, also on a server that needs no key and refuses other pages: its files hold
    no data. A request for data from that page stays refused.
    """
    app = App(deployment, auth.open_until_first_key(deployment), send_blob)
    admit = kept_from_pages(app.admit, lambda: True, trusted_hosts=(), cors_origins=())
    headers = {**BROWSER, "host": "127.0.0.1:8080", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}

    def status(path: str) -> int:
        answer = admit(Request("GET", path, headers, {}, b"", "req_1"))
        return 200 if isinstance(answer, Admitted) else answer.status

    assert isinstance(admit(Request("GET", "/console", headers, {}, b"", "req_1")), Response)
    assert [status(path) for path in ("/console", "/", "/v1/vector_stores", "/v1/whoami")] == [200, 302, 403, 403]
