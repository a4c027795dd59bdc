"""Sending webhooks: on a connection to the address that was checked, in bounded time, and no further."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError

from tests.support.receiver import Receiver
from vectorlog.webhooks.https import HttpsSender
from vectorlog.webhooks.sender import RefusedAddress, Unreachable


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does what it likes with its first connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def test_sent() -> None:
    """The body and the headers arrive as they are, under the name that the URL has."""
    with Receiver(status=204) as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        sender = HttpsSender(allow_private=True, resolve=lambda *_: ["127.0.0.1"])
        url = f"http://hooks.example.com:{port}/a?b=c"
        assert sender.post(url, '{"é": 1}'.encode(), {"webhook-id": "evt_1"}) == 204
    [got] = receiver.got
    assert (got.path, got.body, got.headers["webhook-id"]) == ("/a?b=c", '{"é": 1}', "evt_1")
    assert (got.headers["host"], got.headers["content-type"]) == (f"hooks.example.com:{port}", "application/json")


def test_private_addresses_get_nothing() -> None:
    """Without the setting, nothing is sent to a private address, whatever the name looks like."""
    sender = HttpsSender(resolve=lambda *_: ["127.0.0.1"])
    with pytest.raises(RefusedAddress, match="private address"):
        sender.post("https://hooks.example.com/", b"", {})


def test_the_checked_address_is_used() -> None:
    """A name is resolved once for each request, so it cannot mean another address when it is connected to."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.9.9.9"]

    with Receiver() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        assert (
            HttpsSender(allow_private=True, resolve=resolve).post(f"http://rebound.example:{port}/", b"{}", {}) == 200
        )
    assert asked == ["rebound.example"]


def test_redirects_are_not_followed() -> None:
    """A redirect is an answer like any other."""
    with Receiver() as other, Receiver(status=307) as receiver:
        receiver.headers["location"] = other.url
        assert HttpsSender(allow_private=True).post(receiver.url, b"{}", {}) == 307
    assert other.got == []


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would connect to whatever the name means to it."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with Receiver() as receiver:
        assert HttpsSender(allow_private=True).post(receiver.url, b"{}", {}) == 200


def test_slow_answers_are_cut() -> None:
    """An answer that comes byte by byte ends after the time limit, though every byte comes in time."""

    def drip(connection: socket.socket) -> None:
        try:
            for _ in range(100):
                connection.sendall(b"H")
                time.sleep(0.05)
        except OSError:
            return

    with answering(drip) as url:
        begun = time.monotonic()
        with pytest.raises(Unreachable, match="no answer came in time"):
            HttpsSender(allow_private=True, seconds=0.5).post(url, b"{}", {})
        assert time.monotonic() - begun < 4


def test_silence_is_cut() -> None:
    """A server that says nothing is left after the time limit."""
    done = threading.Event()

    def wait(_: socket.socket) -> None:
        done.wait(10)

    with answering(wait) as url:
        with pytest.raises(Unreachable, match="no answer came in time"):
            HttpsSender(allow_private=True, seconds=0.3).post(url, b"{}", {})
        done.set()


def test_endless_bodies_are_not_read() -> None:
    """The status is all that is read of an answer."""

    def pour(connection: socket.socket) -> None:
        connection.recv(65536)
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n" + b"x" * 1_000_000)
        except OSError:
            return

    with answering(pour) as url:
        assert HttpsSender(allow_private=True).post(url, b"{}", {}) == 200


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_no_answer(said: bytes) -> None:
    """What is no answer is told in our words, and nothing of what the other side said."""

    def say(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(said)

    with answering(say) as url, pytest.raises(Unreachable) as refused:
        HttpsSender(allow_private=True).post(url, b"{}", {})
    assert "SSH" not in str(refused.value)


def test_nobody_there() -> None:
    """A port where nobody listens is told as such."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unreachable, match="the connection was refused"):
        HttpsSender(allow_private=True).post(f"http://127.0.0.1:{port}/", b"{}", {})


def test_plain_text_on_a_tls_port() -> None:
    """Without TLS on the other side, https fails and nothing is sent."""

    def hear(connection: socket.socket) -> None:
        heard.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    heard: list[bytes] = []
    with answering(hear) as url, pytest.raises(Unreachable):
        HttpsSender(allow_private=True).post(url.replace("http:", "https:"), b"secret", {})
    assert b"secret" not in b"".join(heard)


def test_the_next_address() -> None:
    """If a name has several addresses, the first that takes a connection gets the request; one that refuses or does not
    answer costs a part of the time.
    """
    with Receiver() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        sender = HttpsSender(allow_private=True, resolve=lambda *_: ["127.0.0.3", "127.0.0.2", "127.0.0.1"])
        assert sender.post(f"http://hooks.example.com:{port}/", b"{}", {}) == 200
    assert len(receiver.got) == 1


def test_an_address_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two addresses, one that swallows packets takes half of the time at most."""
    timeouts: list[float] = []

    class Silent(HTTPConnection):
        def connect(self) -> None:
            assert isinstance(self.timeout, float)
            timeouts.append(self.timeout)
            if self.host == "192.0.2.1":
                raise ConnectTimeoutError
            super().connect()

    monkeypatch.setattr("vectorlog.webhooks.https.HTTPConnection", Silent)
    with Receiver() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        sender = HttpsSender(allow_private=True, resolve=lambda *_: ["192.0.2.1", "127.0.0.1"], seconds=10.0)
        assert sender.post(f"http://hooks.example.com:{port}/", b"{}", {}) == 200
    assert timeouts == [5.0, 5.0]


def test_no_address_answers() -> None:
    """The last one's failure is told."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    sender = HttpsSender(allow_private=True, resolve=lambda *_: ["127.0.0.2", "127.0.0.1"])
    with pytest.raises(Unreachable, match="the connection was refused"):
        sender.post(f"http://hooks.example.com:{port}/", b"{}", {})


def test_only_one_is_sent_to() -> None:
    """An address that took the request and did not answer is the last one: the receiver may have it."""
    tried: list[str] = []

    class Noted(HTTPConnection):
        def connect(self) -> None:
            tried.append(self.host)
            super().connect()

    def hang_up(connection: socket.socket) -> None:
        connection.recv(65536)

    with pytest.MonkeyPatch.context() as patched, answering(hang_up) as url:
        patched.setattr("vectorlog.webhooks.https.HTTPConnection", Noted)
        port = int(url.split(":")[2].strip("/"))
        sender = HttpsSender(allow_private=True, resolve=lambda *_: ["127.0.0.1", "127.0.0.2"])
        with pytest.raises(Unreachable):
            sender.post(f"http://hooks.example.com:{port}/", b"{}", {})
    assert tried == ["127.0.0.1"]
