"""Requests that never reach the app: what is not HTTP, and heads over the limit. Over a real socket."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from vectorlog.runtime.local.protocol import HEAD_BYTES, Protocol


@dataclass
class Reply:
    """What came back before the server closed the connection."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> Any:
        return json.loads(self.body)["error"]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def ask(*pieces: bytes) -> list[Reply]:
    """The replies to these bytes, sent over one connection."""

    async def run() -> bytes:
        config = uvicorn.Config(app, http=Protocol, port=0, log_config=None, lifespan="off", access_log=False)
        server = uvicorn.Server(config)
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup()
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for piece in pieces:
                writer.write(piece)
            try:
                return await asyncio.wait_for(reader.read(), 10)
            finally:
                writer.close()
        finally:
            server.should_exit = True
            await server.shutdown()

    return list(replies(asyncio.run(run())))


def replies(received: bytes) -> list[Reply]:
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers["content-length"])
        found.append(Reply(int(first.split()[1]), headers, rest[:length]))
        received = rest[length:]
    return found


@pytest.mark.parametrize(
    "sent", [b"hello\r\n\r\n", b"GET / HTTP/1.1\r\nbad header\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"]
)
def test_malformed(sent: bytes) -> None:
    """What is not HTTP gets the envelope and a request id, and the connection is closed."""
    (reply,) = ask(sent)
    assert reply.status == 400
    assert (reply.error["type"], reply.error["code"]) == ("invalid_request_error", None)
    assert "not valid HTTP" in reply.error["message"]
    assert reply.headers["x-request-id"].startswith("req_")
    assert reply.headers["connection"] == "close"


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * (HEAD_BYTES + 1),
        b"GET / HTTP/1.1\r\nx-long: " + b"x" * (HEAD_BYTES + 1),
        b"GET / HTTP/1.1\r\n" + b"x-many: 1\r\n" * (HEAD_BYTES // 11 + 1),
    ],
)
def test_head_over_the_limit(head: bytes) -> None:
    """A head that does not end within the limit is a 431 that says the limit; the rest is not waited for."""
    (reply,) = ask(head)
    assert reply.status == 431
    assert f"{HEAD_BYTES:,} bytes" in reply.error["message"]
    assert reply.headers["x-request-id"].startswith("req_")


def test_body_does_not_count() -> None:
    """A long body, and further requests on the same connection, are no head."""
    body = b"x" * (2 * HEAD_BYTES)
    post = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    last = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
    assert [reply.status for reply in ask(post, post, last)] == [200, 200, 200]


@pytest.mark.parametrize("size", [HEAD_BYTES - 200, HEAD_BYTES + 200])
def test_limit_counts_the_head_alone(size: int) -> None:
    """A head within the limit is served and one above it refused, also when it arrives in one piece with its end."""
    head = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-long: " + b"x" * size + b"\r\n\r\n"
    assert [reply.status for reply in ask(head)] == [200 if size < HEAD_BYTES else 431]


def test_nothing_is_written_into_a_response() -> None:
    """What is not HTTP behind a request does not disturb the response under way; the connection ends after it."""
    assert [reply.status for reply in ask(b"GET / HTTP/1.1\r\nhost: a\r\n\r\ngarbage\r\n\r\n")] == [200]


def test_broken_body() -> None:
    """A body that breaks off its chunks is refused once."""
    head = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
    assert [reply.status for reply in ask(head + b"zz\r\n")] == [400]
