"""A stand-in for an OpenAI-compatible `/v1/chat/completions`."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class ChatServer:
    """The server and what it has seen.

    Attributes:
        answers: the content that answers each query; any other is answered with itself.
        status: of every answer.
        held: is waited for before each answer.
        requests: bodies in order of arrival; `keys`: their Authorization headers.
    """

    answers: Mapping[str, object] = field(default_factory=dict)
    status: int = 200
    held: threading.Event = field(default_factory=threading.Event)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.held.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"chat": self}))
        self._server.daemon_threads = True

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: dict[str, Any]) -> bytes:
        """The completion of a request."""
        query = request["messages"][-1]["content"]
        content = self.answers.get(query, query)
        return json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()


class _Handler(BaseHTTPRequestHandler):
    chat: ChatServer

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.chat.requests.append(request)
        self.chat.keys.append(self.headers.get("authorization", ""))
        self.chat.held.wait(10)
        known = self.path == "/v1/chat/completions"
        body = self.chat.answer(request) if known and self.chat.status == 200 else b'{"error": {"message": "no"}}'
        self.send_response(self.chat.status if known else 404)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stays silent."""
