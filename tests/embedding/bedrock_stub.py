"""A stand-in for Bedrock's InvokeModel with Titan V2 and Cohere v3: their limits, and vectors like those of
`stub_server`.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote

from tests.embedding.stub_server import vector

_PATH = re.compile("/model/([^/]+)/invoke")


@dataclass
class BedrockStub:
    """The server and what it has seen.

    Attributes:
        requests: (model, body) in order of arrival, including failed ones.
        failures: answers to the next requests: an error code with its status, an answer's bytes, or None for a closed
            connection.
        always: an error code with its status, for requests without an entry in failures.
        busiest: highest number of parallel requests.
        together: makes this many requests wait for each other before any is answered.
    """

    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failures: list[tuple[int, str] | bytes | None] = field(default_factory=list)
    always: tuple[int, str] | None = None
    busiest: int = 0
    together: int = 1

    def __post_init__(self) -> None:
        self._gate = threading.Barrier(self.together, timeout=10)
        self._lock = threading.Lock()
        self._busy = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"stub": self}))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """The value for `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """Bodies of the requests."""
        return [body for _, body in self.requests]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="stub bedrock", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, model: str, body: dict[str, Any]) -> tuple[int, str] | bytes | None:
        """The failure for a request, or its answer."""
        with self._answering():
            with self._lock:
                self.requests.append((model, body))
                if self.failures:
                    return self.failures.pop(0)
            self._gate.wait()
            return self.always or _answer(model, body)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        with self._lock:
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
        yield
        with self._lock:
            self._busy -= 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    stub: BedrockStub

    def do_POST(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers["content-length"])))
        found = _PATH.fullmatch(self.path)
        answer = self.stub.take(unquote(found[1]), content) if found else (404, "UnknownOperationException")
        if answer is None:
            self.close_connection = True
            return
        if isinstance(answer, bytes):
            status, code, body = 200, None, answer
        else:
            status, code = answer
            body = json.dumps({"message": "stub says no"}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if code:
            self.send_header("x-amzn-errortype", code)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """No log: tests read `requests`."""


def _answer(model: str, body: dict[str, Any]) -> tuple[int, str] | bytes:
    if model.startswith("amazon.titan"):
        text, dimensions = body["inputText"], body["dimensions"]
        if not 0 < len(text) <= 50_000 or dimensions not in (256, 512, 1024):
            return 400, "ValidationException"
        return json.dumps(
            {"embedding": vector(text, dimensions, 1024).tolist(), "inputTextTokenCount": len(text) // 4}
        ).encode()
    texts = body["texts"]
    if (
        not 0 < len(texts) <= 96
        or max(map(len, texts)) > 2_048
        or body["input_type"] not in ("search_document", "search_query")
    ):
        return 400, "ValidationException"
    found = [vector(text, 1024, 1024).tolist() for text in texts]
    return json.dumps(
        {"embeddings": found, "id": "stub", "response_type": "embeddings_floats", "texts": texts}
    ).encode()
