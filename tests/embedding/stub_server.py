"""A stand-in for an OpenAI-compatible `/v1/embeddings`: similar texts get similar vectors, the same ones on every run.

    python tests/embedding/stub_server.py --port 8089 [--dimensions 256]

A vector is the sum of pseudo-random signs, one row for each word, at unit length. Tests use `StubServer` in a thread:

    with StubServer() as stub:
        stub.fail(429, times=2, headers={"retry-after-ms": "10"})
        Endpoint(stub.base_url, "sk-test")
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import sys
import threading
import time
import zlib
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import numpy as np
import numpy.typing as npt

_WORD = re.compile(r"\w+")
_ROWS = 4096


@cache
def _signs(dimensions: int) -> npt.NDArray[np.float32]:
    bits = np.random.default_rng(7).integers(0, 2, (_ROWS, dimensions), np.int8)
    return (bits * np.int8(2) - np.int8(1)).astype(np.float32)


def vector(text: str, dimensions: int, model_dimensions: int) -> npt.NDArray[np.float32]:
    """The first `dimensions` of the model's vector, at unit length, like OpenAI's shortening."""
    words = [zlib.crc32(word.encode("utf-8", "replace")) % _ROWS for word in _WORD.findall(text.lower())] or [0]
    total = _signs(model_dimensions)[words, :dimensions].sum(axis=0)
    total[0] += 1e-3  # opposite words must not leave a vector without a direction
    unit: npt.NDArray[np.float32] = total / np.linalg.norm(total)
    return unit


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer instead of vectors; `body` is sent as it is, a str as OpenAI's error."""

    status: int
    body: str | bytes
    headers: dict[str, str]


@dataclass
class StubServer:
    """The server and what it has seen.

    Attributes:
        dimensions: of a vector if the request asks for no other number.
        delay: seconds per answer.
        floats: answers with lists, like servers that do not know `encoding_format`.
        requests: bodies in order of arrival; `keys`: their bearer tokens; `connections`: how many were opened.
        busiest: highest number of parallel requests.
        key: the only key that is accepted; any if it is empty.
    """

    port: int = 0
    dimensions: int = 256
    delay: float = 0
    floats: bool = False
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    connections: int = 0
    busiest: int = 0
    key: str = ""

    def __post_init__(self) -> None:
        self._failures: list[Failure] = []
        self._refused: dict[str, Failure] = {}
        self._lock = threading.Lock()
        self._busy = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), type("Handler", (_Handler,), {"stub": self}))
        self._server.daemon_threads = True

    @property
    def base_url(self) -> str:
        """The base URL for clients."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def fail(
        self, status: int, body: str | bytes = "stub says no", *, times: int = 1, headers: dict[str, str] | None = None
    ) -> None:
        """Answers the next requests like this; status 200 with a body of bytes is a broken success."""
        self._failures += [Failure(status, body, headers or {})] * times

    def refuse(self, text: str, status: int, body: str) -> None:
        """Answers like this whenever this text is among the inputs."""
        self._refused[text] = Failure(status, body, {})

    def obey(self) -> None:
        """Answers every request with vectors again."""
        self._failures.clear()
        self._refused.clear()

    def serve_forever(self) -> None:
        """Serves in this thread."""
        self._server.serve_forever(poll_interval=0.02)

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, name="stub embeddings", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, key: str, request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a request."""
        with self._lock:
            self.requests.append(request)
            self.keys.append(key)
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
            failure = self._failures.pop(0) if self._failures else None
            failure = failure or next((self._refused[text] for text in request["input"] if text in self._refused), None)
        if self.key and key != self.key:
            failure = Failure(401, "Incorrect API key provided", {})
        try:
            if self.delay:
                time.sleep(self.delay)
            return _refused(failure) if failure else (200, {}, json.dumps(self._vectors(request)).encode())
        finally:
            with self._lock:
                self._busy -= 1

    def opened(self) -> None:
        """Counts a connection."""
        with self._lock:
            self.connections += 1

    def _vectors(self, request: dict[str, Any]) -> dict[str, Any]:
        texts = [request["input"]] if isinstance(request["input"], str) else request["input"]
        dimensions = request.get("dimensions") or self.dimensions
        as_text = request.get("encoding_format") == "base64" and not self.floats
        data = []
        for index, text in enumerate(texts):
            found = vector(text, dimensions, max(dimensions, self.dimensions))
            embedding = base64.b64encode(found.tobytes()).decode() if as_text else found.tolist()
            data.append({"object": "embedding", "index": index, "embedding": embedding})
        tokens = sum(len(text) // 4 for text in texts)
        return {
            "object": "list",
            "model": request["model"],
            "data": data,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # one packet for head and body
    disable_nagle_algorithm = True
    stub: StubServer

    def setup(self) -> None:
        super().setup()
        self.stub.opened()

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["content-length"]))
        key = self.headers.get("authorization", "").removeprefix("Bearer ")
        if self.path != "/v1/embeddings":
            status, headers, body = _refused(Failure(404, f"no route {self.path}", {}))
        else:
            status, headers, body = self.stub.answer(key, json.loads(content))
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """No log: tests read `requests`."""


def _refused(failure: Failure) -> tuple[int, dict[str, str], bytes]:
    if isinstance(failure.body, bytes):
        return failure.status, failure.headers, failure.body
    error = {"message": failure.body, "type": "stub_error", "param": None, "code": None}
    return failure.status, failure.headers, json.dumps({"error": error}).encode()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, default=8089)
    arguments.add_argument("--dimensions", type=int, default=256)
    given = arguments.parse_args()
    stub = StubServer(port=given.port, dimensions=given.dimensions)
    sys.stdout.write(f"{stub.base_url}\n")
    sys.stdout.flush()
    stub.serve_forever()
