"""HTTP connections whose answers have a deadline. urllib3's own timeouts are for each read, so a server that sends a
byte now and then would hold a thread for ever.
"""

from __future__ import annotations

import socket
import time
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from typing import TYPE_CHECKING, cast

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3 import HTTPResponse as Urllib3Response
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def pool(connections: int) -> PoolManager:
    """Returns a pool that keeps this many connections open. The `read` timeout of a request is that of its whole
    answer: of its status, headers and body together. An answer that takes longer is a ReadTimeoutError.
    """
    made = PoolManager(num_pools=1, maxsize=connections, retries=False)
    made.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
    return made


class _Bytes(RawIOBase):
    """The bytes that arrive at a socket until a moment of the monotonic clock, in seconds."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._socket = connection
        self._deadline = deadline
        self._arriving = connection.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """Waits for some bytes.

        Raises:
            TimeoutError: the deadline has passed.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(left)
        return self._arriving.readinto(buffer)

    def close(self) -> None:
        self._arriving.close()
        super().close()


class _Source:
    """What http.client reads an answer from: of a socket, it uses `makefile` only."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._socket = connection
        self._deadline = deadline

    def makefile(self, mode: str) -> BufferedReader:  # noqa: ARG002
        return BufferedReader(_Bytes(self._socket, self._deadline))


class _Timed(HTTPConnection):
    """A connection that is asked for its answer with the seconds that are left as its timeout, as urllib3 does."""

    def getresponse(self) -> Urllib3Response:  # type: ignore[override]  # as urllib3 itself
        assert isinstance(self.timeout, float | int)
        deadline = time.monotonic() + self.timeout

        def answer(connection: socket.socket, method: str | None = None) -> HTTPResponse:
            return HTTPResponse(cast("socket.socket", _Source(connection, deadline)), method=method)

        self.response_class = answer  # type: ignore[assignment]  # http.client calls it like a class
        return super().getresponse()


class _HTTPS(_Timed, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _Timed


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPS
