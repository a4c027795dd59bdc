"""Sends webhooks with urllib3, one connection for each request, to the address that was checked."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPException
from threading import Event, Timer

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError, SSLError

from vectorlog.webhooks.addresses import Resolve, Target, addresses_of, checked_url, resolved
from vectorlog.webhooks.sender import Unreachable

SECONDS = 15.0
"""How long a request may take, from the connection to the status of the answer: Standard Webhooks recommends 15 to 30
seconds.
"""
LATE = "no answer came in time"


class HttpsSender:
    """Implements Sender. The answer's body is not read.

    Args:
        allow_private: whether requests go to any address, and to http too.
        resolve: finds the addresses of a name.
        seconds: see `SECONDS`.
    """

    def __init__(self, *, allow_private: bool = False, resolve: Resolve = resolved, seconds: float = SECONDS) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._seconds = seconds

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """See Sender."""
        target = checked_url(url, allow_private=self._allow_private)
        addresses = addresses_of(target, self._resolve, allow_private=self._allow_private)
        under_way = _UnderWay()
        deadline = Timer(self._seconds, under_way.cut)
        deadline.daemon = True
        deadline.start()
        try:
            sent = {"host": _host(target), "content-type": "application/json", "user-agent": "vectorlog", **headers}
            connection = self._connected(target, addresses, under_way)
            connection.request("POST", target.path, body=body, headers=sent, preload_content=False)
            return connection.getresponse().status
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            raise Unreachable(LATE if under_way.late.is_set() else _reason(error)) from None
        finally:
            deadline.cancel()
            under_way.close()

    def _connected(self, target: Target, addresses: Sequence[str], under_way: _UnderWay) -> HTTPConnection:
        """Returns a connection to the first address that takes one. They share the time, so that one which does not
        answer leaves some to the others.
        """
        for left in range(len(addresses), 0, -1):
            connection = _connection(target, addresses[-left], self._seconds / len(addresses))
            under_way.connection = connection
            try:
                connection.connect()
            except (NewConnectionError, ConnectTimeoutError, OSError) as error:
                if left == 1 or under_way.late.is_set() or isinstance(error, ssl.SSLError):
                    raise
                connection.close()
                continue
            connection.timeout = self._seconds
            break
        if under_way.late.is_set():  # during the handshake, when there was no socket to shut down
            raise Unreachable(LATE)
        return connection


class _UnderWay:
    """The connection of a request, which another thread may end."""

    def __init__(self) -> None:
        self.connection: HTTPConnection | None = None
        self.late = Event()

    def cut(self) -> None:
        """Ends a request that takes too long, also one whose answer comes byte by byte."""
        self.late.set()
        if self.connection is not None and self.connection.sock is not None:
            with suppress(OSError):  # it was closed at this moment
                self.connection.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()


def _connection(target: Target, address: str, seconds: float) -> HTTPConnection:
    """Returns a connection to the address, with the name's certificate. It uses no proxy of the environment."""
    if not target.https:
        return HTTPConnection(address, target.port, timeout=seconds)
    return HTTPSConnection(
        address,
        target.port,
        timeout=seconds,
        server_hostname=target.host,
        assert_hostname=target.host,
        cert_reqs="CERT_REQUIRED",
    )


def _host(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == (443 if target.https else 80) else f"{host}:{target.port}"


def _reason(error: Exception) -> str:
    """Returns why no answer came, in our words: what the other side said may be anything."""
    match error.__cause__ if isinstance(error, NewConnectionError) else error:
        case ConnectTimeoutError() | ReadTimeoutError() | TimeoutError():
            return LATE
        case SSLError() | ssl.SSLError():
            return "the TLS connection failed; is the certificate valid for this name?"
        case ConnectionRefusedError():
            return "the connection was refused"
        case _:
            return "the connection failed or broke off" if isinstance(error, HTTPError | OSError) else "no valid answer"
