"""A stand-in for S3 that keeps no bytes, so that large files cost nothing: it counts what is put, and returns zeros."""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

_PIECE = 1 << 20
_STARTED = (
    "<InitiateMultipartUploadResult>"
    "<Bucket>b</Bucket><Key>k</Key><UploadId>u</UploadId>"
    "</InitiateMultipartUploadResult>"
)
_COMPLETED = '<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>'


class S3Sink:
    """The server, and what it has seen of the multipart upload.

    Args:
        size: bytes of every object that is read.
        failures: parts of the upload that are answered 503 at first.

    Attributes:
        parts: bytes of each accepted part.
        completed: parts of the completed object, in order.
    """

    def __init__(self, size: int, failures: int) -> None:
        self.size = size
        self.failures = failures
        self.parts: dict[int, int] = {}
        self.completed: list[int] = []
        self.lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"sink": self}))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """The value for `AWS_ENDPOINT_URL_S3`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="sink", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, part: int | None, size: int) -> int:
        """The status of a put."""
        with self.lock:
            if part is not None and self.failures:
                self.failures -= 1
                return 503
            if part is not None:
                self.parts[part] = size
        return 200


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    sink: S3Sink

    def do_PUT(self) -> None:
        left = size = int(self.headers["content-length"])
        while left:
            left -= len(self.rfile.read(min(left, _PIECE)))
        part = parse_qs(urlsplit(self.path).query).get("partNumber")
        self._answer(self.sink.take(int(part[0]) if part else None, size))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        if "uploadId" in parse_qs(urlsplit(self.path).query):
            self.sink.completed = [int(number) for number in re.findall("<PartNumber>(\\d+)<", body)]
            self._answer(200, _COMPLETED)
        else:
            self._answer(200, _STARTED)

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", str(self.sink.size))
        self.end_headers()
        for _ in range(self.sink.size // _PIECE):
            self.wfile.write(bytes(_PIECE))

    def log_message(self, *_: object) -> None:
        """No log."""

    def _answer(self, status: int, body: str = "") -> None:
        self.send_response(status)
        self.send_header("etag", '"e"')
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())
