"""An HTTP server that receives webhooks on this machine."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Got:
    """A request as it was received."""

    path: str
    headers: Mapping[str, str]
    body: str


@dataclass
class Receiver:
    """Answers each request with `status`, and keeps what it accepted and what it refused.

    Attributes:
        status: of the next answers.
        got: requests that were answered with a 2xx, in their order.
        refused: the others.
        headers: sent with each answer.
    """

    status: int = 200
    got: list[Got] = field(default_factory=list)
    refused: list[Got] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                names = {name.lower(): value for name, value in self.headers.items()}
                status = receiver.status
                (receiver.got if 200 <= status < 300 else receiver.refused).append(Got(self.path, names, body))
                self.send_response(status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Logs nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it receives."""
        return f"http://127.0.0.1:{self._server.server_port}/hook"
