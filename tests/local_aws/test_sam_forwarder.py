"""The forwarder between containers and this machine's servers. Here the bridge is a second loopback address."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from ipaddress import IPv4Interface

import pytest

from local_aws.process import HOST, free_port
from local_aws.sam.forwarder import forwarding, reachable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8, and bridges")
BRIDGE = "127.0.0.2"
SECONDS = 10
MANY = bytes(range(256)) * 20_000


@pytest.fixture
def echo() -> Iterator[int]:
    """A server on 127.0.0.1 that echoes what it received, once the sender has finished."""
    with socket.create_server((HOST, 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(_all_of(connection))

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _all_of(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def asked(port: int, content: bytes) -> bytes:
    with socket.create_connection((BRIDGE, port), timeout=SECONDS) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        return _all_of(connection)


class TestForwarding:
    def test_both_ways(self, echo: int) -> None:
        """A container's connection ends on this machine's loopback; bytes flow both ways, even after one side has
        finished.
        """
        with forwarding(IPv4Interface(f"{BRIDGE}/8"), {echo}):
            assert [asked(echo, content) for content in (b"", b"hello", MANY)] == [b"", b"hello", MANY]

    def test_strangers(self, echo: int) -> None:
        """A caller from outside the bridge's network is disconnected, and nothing reaches the server."""
        with (
            forwarding(IPv4Interface(f"{BRIDGE}/32"), {echo}),
            socket.create_connection((BRIDGE, echo), SECONDS, (HOST, 0)) as stranger,
        ):
            assert stranger.recv(1) == b""

    def test_only_there(self, echo: int) -> None:
        """No other address of this machine listens, and none at all afterwards."""
        with forwarding(IPv4Interface(f"{BRIDGE}/8"), {echo}), pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.3", echo), SECONDS)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((BRIDGE, echo), SECONDS)

    def test_nobody_there(self) -> None:
        """If the server is gone, a container's connection ends and does not hang."""
        port = free_port()
        with forwarding(IPv4Interface(f"{BRIDGE}/8"), {port}):
            assert asked(port, b"") == b""

    def test_taken(self, echo: int) -> None:
        """A port that is in use on the bridge is an error at the start."""
        with (
            socket.create_server((BRIDGE, echo)),
            pytest.raises(OSError, match="in use"),
            forwarding(IPv4Interface(f"{BRIDGE}/8"), {echo}),
        ):
            pytest.fail("it has started")


def test_reachable() -> None:
    """URLs of this machine are rewritten for containers, a queue's included; other values stay."""
    given = {
        "QUEUE": "http://127.0.0.1:9324/000000000000/work",
        "MODEL": "https://api.openai.com/v1",
        "HOST": "127.0.0.1",
    }
    assert reachable(given, "172.17.0.1") == {**given, "QUEUE": "http://172.17.0.1:9324/000000000000/work"}
