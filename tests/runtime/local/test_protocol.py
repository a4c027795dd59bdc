"""Connections: what is not HTTP, heads over the limit, clients that stall, and how many there may be. Over sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from vectorlog.runtime.local.body import arrived
from vectorlog.runtime.local.connections import Limits
from vectorlog.runtime.local.protocol import HEAD_BYTES, limited


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
    """Refuses `/refused` from its head, answers `/large` with more than a socket holds, and repeats other bodies."""
    body = b"refused"
    if scope["path"] == "/arrived":
        body = b"%d" % await arrived(scope)
    elif scope["path"] != "/refused":
        body, more = b"ok", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
    if scope["path"] == "/large":
        body = bytes(20_000_000)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serving(limits: Limits) -> AsyncIterator[int]:
    """A server with these limits; gives its port."""
    config = uvicorn.Config(app, http=limited(limits), port=0, log_config=None, lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await server.shutdown()


def ask(*pieces: bytes, half: bool = False, limits: Limits = Limits()) -> list[Reply]:
    """The replies to these bytes, sent over one connection, until the server closes it.

    `half`: the client closes its side behind the last byte.
    """

    async def run() -> bytes:
        async with serving(limits) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for piece in pieces:
                writer.write(piece)
            if half:
                writer.write_eof()
            try:
                return await asyncio.wait_for(reader.read(), 10)
            finally:
                writer.close()

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


QUICK = Limits(head_seconds=0.2, body_seconds=0.2, idle_seconds=0.2)
POST = b"POST / HTTP/1.1\r\nhost: a\r\n"


def test_head_that_does_not_end() -> None:
    """A client that never finishes its headers is told so, and its connection is closed."""
    (reply,) = ask(b"GET / HTTP/1.1\r\nhost: a\r\n", limits=QUICK)
    assert (reply.status, reply.headers["connection"]) == (408, "close")
    assert reply.error["type"] == "invalid_request_error"
    assert "within 0.2 seconds" in reply.error["message"]
    assert reply.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize("body", [b"content-length: 9\r\n\r\nhalf", b"transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"])
def test_body_that_does_not_end(body: bytes) -> None:
    """A client that stops in the middle of its body is told so, and its connection is closed."""
    (reply,) = ask(POST + body, limits=QUICK)
    assert (reply.status, reply.headers["connection"]) == (408, "close")
    assert "1,000 bytes a second" in reply.error["message"]


def test_unused_connection() -> None:
    """A connection is closed without a word if no request comes, at first or after a response."""
    assert ask(limits=QUICK) == []
    assert [reply.status for reply in ask(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", limits=QUICK)] == [200]


@pytest.mark.long
def test_slow_body_that_moves() -> None:
    """A body may take as long as it needs if enough of it arrives: a second here, where one that stands still has
    0.2 s. The rate leaves a busy machine seconds to spare.
    """

    async def run() -> bytes:
        async with serving(Limits(body_seconds=0.2, body_rate=2, idle_seconds=5)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(POST + b"content-length: 20\r\n\r\n")
            for _ in range(20):
                writer.write(b"x")
                await asyncio.sleep(0.05)  # the client is slow
            try:
                return await asyncio.wait_for(reader.read(), 10)
            finally:
                writer.close()

    assert [reply.status for reply in replies(asyncio.run(run()))] == [200]


def test_response_that_is_not_read() -> None:
    """A client that does not read its response loses the connection."""

    async def run() -> int:
        async with serving(Limits(body_seconds=0.2)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
            writer.write(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n")
            await asyncio.sleep(1)  # the client does something else
            received = 0
            try:
                while piece := await asyncio.wait_for(reader.read(1 << 20), 10):
                    received += len(piece)
            except ConnectionResetError:
                pass
            finally:
                writer.transport.abort()
            return received

    assert asyncio.run(run()) < 20_000_000


def test_half_closed() -> None:
    """A client that closes its side behind a complete request gets the response; one that is not through gets none."""
    complete = POST + b"content-length: 4\r\n\r\nbody"
    (reply,) = ask(complete, half=True)
    assert (reply.status, reply.body) == (200, b"okbody")
    assert [reply.status for reply in ask(complete, complete, half=True)] == [200, 200]
    assert ask(POST + b"content-length: 5\r\n\r\nbody", half=True) == []


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"TLS/1.0"])
def test_upgrade_is_ignored(protocol: bytes) -> None:
    """Who offers another protocol is answered in HTTP/1.1, with its whole body read, and keeps the connection."""
    offer = (
        b"connection: keep-alive, Upgrade, HTTP2-Settings\r\nupgrade: " + protocol + b"\r\nhttp2-settings: AAMAAABk\r\n"
    )
    plain = POST + b"content-length: 4\r\nconnection: close\r\n\r\nlast"
    fixed = POST + offer + b"content-length: 4\r\n\r\nbody"
    chunked = POST + offer + b"transfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"
    empty = b"GET / HTTP/1.1\r\nhost: a\r\n" + offer + b"\r\n"
    for request, body in ((fixed, b"okbody"), (chunked, b"okbody"), (empty, b"ok")):
        assert [reply.body for reply in ask(request + plain)] == [body, b"oklast"]
        assert [reply.body for reply in ask(*(request + plain).partition(b"\r\n\r\n"))] == [body, b"oklast"]


def test_body_waits_for_the_permission() -> None:
    """A client that asks whether to send its body is only told to after the head was accepted."""
    asking = b" HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n"

    async def run(path: bytes) -> bytes:
        async with serving(Limits()) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST " + path + asking)
            try:
                return await asyncio.wait_for(reader.readline(), 10)
            finally:
                writer.close()

    assert asyncio.run(run(b"/")) == b"HTTP/1.1 100 Continue\r\n"
    assert asyncio.run(run(b"/refused")) == b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET /arrived HTTP/1.1\r\n\r\n"],
        [b"POST /arrived HTTP/1.1\r\ncontent-length: 2\r\n\r\nab"],
        [b"POST /arrived HTTP/1.1\r\ncontent-length: 2\r\n\r\n", b"ab"],
    ],
)
def test_body_has_arrived(pieces: list[bytes]) -> None:
    """The app is told that a request has arrived with all of its body."""
    [reply] = ask(*pieces, half=True)
    assert reply.body == b"1"


def test_too_many_connections() -> None:
    """Connections that are not used give way to new ones, so nobody is kept out; if all are used, a new one is told."""

    async def status(reader: asyncio.StreamReader) -> bytes:
        return (await asyncio.wait_for(reader.readline(), 10)).partition(b" ")[2].strip()

    async def run() -> None:
        async with serving(Limits(total=20, per_address=4)) as port:
            unused = [await asyncio.open_connection("127.0.0.1", port) for _ in range(10)]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            assert await status(reader) == b"200 OK"
            busy = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
            for reader, writer in busy:
                writer.write(POST + b"content-length: 9\r\nexpect: 100-continue\r\n\r\n")
                assert await status(reader) == b"100 Continue"
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            refused = replies(await asyncio.wait_for(reader.read(), 10))
            assert [(reply.status, reply.headers["retry-after"]) for reply in refused] == [(503, "1")]
            assert "4 from one address" in refused[0].error["message"]
            other = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
            other[1].write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            assert await status(other[0]) == b"200 OK"
            for _, each in (*unused, *busy, other):
                each.close()

    asyncio.run(run())
