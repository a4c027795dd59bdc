"""Clients that mean harm, or do it by accident: strangers' web pages, half and slow requests, floods, huge bodies."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests.clients.conftest import EDITION, URL, long_locally
from tests.clients.service import HeldStub, eventually, running
from tests.clients.test_keys import created

pytestmark = pytest.mark.skipif(bool(URL) or EDITION != "local", reason="needs a server with other settings")

PAGE = "https://app.example.com"
HASTY = ("--head-seconds", "0.5", "--body-seconds", "0.5", "--connections-per-address", "50")
FORM = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@dataclass(frozen=True)
class Hasty:
    """A server with short limits, and its folder."""

    url: str
    data: Path


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory, stub: HeldStub) -> Iterator[Hasty]:
    data = tmp_path_factory.mktemp("hasty") / "data"
    with running(data, stub, *HASTY) as url:
        yield Hasty(url, data)


def connected(url: str, sent: bytes = b"") -> socket.socket:
    """A connection over which these bytes were sent."""
    host, _, port = url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
    connection.sendall(sent)
    return connection


def received(connection: socket.socket) -> tuple[int, Any]:
    """The status and the error of the response, at the end of the connection."""
    got = b""
    while piece := connection.recv(65536):
        got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"\r\nx-request-id: req_" in head
    return int(head.split()[1]), json.loads(body)["error"]


def stores(url: str, key: str = "any") -> list[str]:
    return [str(each.name) for each in OpenAI(base_url=f"{url}/v1", api_key=key).vector_stores.list()]


class TestWebPages:
    @long_locally
    def test_strangers_cannot_write_or_read(self, data: Path, stub: HeldStub) -> None:
        """While no key is needed, no page can send a form or a simple POST, and no name but this machine's reaches the
        server. Clients are served as ever, and with the first key the browser's own rules are enough.
        """
        with running(data, stub) as url:
            port = url.rpartition(":")[2]
            strange: list[dict[str, str]] = [
                {"Origin": "https://evil.example"},
                {"Origin": "null"},
                {"Sec-Fetch-Site": "cross-site"},
                {"Host": f"evil.example:{port}"},
                {"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}"},
            ]
            for headers in strange:
                for path in ("/v1/vector_stores", "/api/v1/llm/vector_stores"):
                    plain = {"Content-Type": "text/plain", **headers}
                    answer = httpx.post(url + path, content=b'{"name":"stranger"}', headers=plain)
                    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")
                    assert "vectorlog keys create" in answer.json()["error"]["message"]
                for path in ("/v1/vector_stores", "/metrics", "/readyz"):
                    assert httpx.get(url + path, headers=headers).status_code == 403
                form = {"file": ("a.txt", b"x"), "purpose": (None, b"assistants")}
                assert httpx.post(f"{url}/v1/files", headers=headers, files=form).status_code == 403
            assert stores(url) == []
            assert stores(url.replace("127.0.0.1", "localhost")) == []
            key = created(data, "ours")
            signed = {"Authorization": f"Bearer {key}", "Host": "public.example", "Origin": "https://evil.example"}
            answer = httpx.get(f"{url}/v1/vector_stores", headers=signed)
            assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (200, False)
            assert httpx.get(f"{url}/v1/vector_stores", headers=strange[0]).status_code == 401

    def test_listed_pages_are_served(self, data: Path, stub: HeldStub) -> None:
        """A page of a listed origin may write and read, also without a key, and others still may not."""
        with running(data, stub, "--cors-origins", PAGE, "--trusted-hosts", "box") as url:
            asked = {"Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-a"}
            preflight = httpx.options(f"{url}/v1/vector_stores", headers=asked)
            assert preflight.headers["access-control-allow-origin"] == PAGE
            page = {"Origin": PAGE, "Sec-Fetch-Site": "cross-site", "Host": "box"}
            answer = httpx.post(f"{url}/v1/vector_stores", json={"name": "page"}, headers=page)
            assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, PAGE)
            other = {"Origin": "https://evil.example"}
            assert httpx.post(f"{url}/v1/vector_stores", json={}, headers=other).status_code == 403
            assert stores(url) == ["page"]


class TestWithoutAKey:
    @long_locally
    def test_a_body_is_not_received(self, data: Path, stub: HeldStub) -> None:
        """Who has no key is refused before the body, so they cannot fill the disk, and are not told to send it."""
        with running(data, stub) as url:
            key = created(data, "ours")
            head = b"POST /v1/files HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            asking = head + b"Content-Length: 100000000\r\nExpect: 100-continue\r\n"
            with (
                closing(connected(url, asking + b"\r\n")) as stranger,
                closing(connected(url, asking + f"Authorization: Bearer {key}\r\n\r\n".encode())) as owner,
            ):
                assert stranger.recv(12) == b"HTTP/1.1 401"
                assert owner.recv(12) == b"HTTP/1.1 100"
            body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + bytes(50_000_000)
            assert httpx.post(f"{url}/v1/files", content=body, headers=FORM).status_code == 401
            assert list((data / "spool").iterdir()) == []


class TestStalledClients:
    @pytest.mark.parametrize(
        "sent",
        [
            b"POST /v1/vector_stores HTTP/1.1\r\nHost: localhost\r\n",
            b'POST /v1/vector_stores HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"name":',
            b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            b'Content-Length: 9999\r\n\r\n--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf',
        ],
        ids=["head", "body", "form"],
    )
    @long_locally
    def test_half_requests_end(self, hasty: Hasty, sent: bytes) -> None:
        """A request that stops half-way is a 408 in the envelope, and leaves no file behind."""
        before = stores(hasty.url)
        with closing(connected(hasty.url, sent)) as connection:
            status, error = received(connection)
        assert (status, error["type"]) == (408, "invalid_request_error")
        eventually(lambda: list((hasty.data / "spool").iterdir()), lambda found: found == [])
        assert stores(hasty.url) == before

    def test_half_closed_connection_gets_its_answer(self, hasty: Hasty) -> None:
        """A client that closes its side behind its request reads the response."""
        body = b'{"name":"half"}'
        head = f"POST /v1/vector_stores HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        with closing(connected(hasty.url, head.encode() + body)) as connection:
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(12) == b"HTTP/1.1 200"

    def test_upgrade_keeps_the_body(self, hasty: Hasty) -> None:
        """A client that offers HTTP/2 is answered in HTTP/1.1, and its body counts."""
        offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__"}
        answer = httpx.post(f"{hasty.url}/v1/vector_stores", json={"name": "offered"}, headers=offer)
        assert answer.json()["name"] == "offered"

    @long_locally
    def test_a_flood_of_connections_keeps_nobody_out(self, hasty: Hasty) -> None:
        """Clients are served while one address opens far more connections than it may have, and sends half heads."""
        with ExitStack() as stack:
            for number in range(200):
                half = b"GET / HTTP/1.1\r\nHost: localhost\r\n" if number % 2 else b""
                stack.enter_context(closing(connected(hasty.url, half)))
            assert httpx.get(f"{hasty.url}/v1/vector_stores").status_code == 200


@pytest.mark.long
def test_huge_bodies_do_not_make_others_wait(hasty: Hasty) -> None:
    """While bodies with hundreds of thousands of keys, conditions and values arrive, other requests are answered."""
    store = OpenAI(base_url=f"{hasty.url}/v1", api_key="any").vector_stores.create().id
    keys = {f"k{number}": 1 for number in range(300_000)}
    conditions = [{"type": "eq", "key": "k", "value": number} for number in range(90_000)]
    bodies: list[tuple[str, Any, str]] = [
        ("/v1/vector_stores", keys, "100,000"),
        (
            f"/v1/vector_stores/{store}/search",
            {"query": "a", "filters": {"type": "or", "filters": conditions}},
            "100,0",
        ),
        (
            f"/v1/vector_stores/{store}/search",
            {"query": "a", "filters": {"type": "or", "filters": conditions[:20_000]}},
            "at most 150",
        ),
        (
            f"/v1/vector_stores/{store}/search",
            {"query": "a", "filters": {"type": "in", "key": "k", "value": list(range(20_000))}},
            "length 2000",
        ),
        ("/v1/vector_stores", {"metadata": {f"k{n}": n for n in range(90_000)}}, "at most 16"),
    ]
    packed = [(path, json.dumps(body).encode(), limit) for path, body, limit in bodies]
    slowest = 0.0
    with ThreadPoolExecutor(5) as threads, httpx.Client(base_url=hasty.url) as other:
        sent = [threads.submit(httpx.post, hasty.url + path, content=body, timeout=60) for path, body, _ in packed]
        while not all(each.done() for each in sent):
            began = time.monotonic()
            assert other.get("/healthz").status_code == 200
            slowest = max(slowest, time.monotonic() - began)
    for each, (_, _, limit) in zip(sent, packed, strict=True):
        answer = each.result()
        assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
        assert limit in answer.json()["error"]["message"]
    assert slowest < 5, (
        f"a request waited {slowest} s"
    )  # 13 s without the limits, and 0.1 s with them on an idle machine
