"""Data of other vector databases, made by their real libraries (tests/examples/), and a Qdrant that answers with it."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[1] / "syncing" / "samples"
KEY = "of-qdrant"


def chroma_folder(version: str, folder: Path) -> Path:
    """Puts the folder that this version of Chroma made into `folder`, and returns it."""
    folder.mkdir()
    with gzip.open(SAMPLES / f"chroma-{version}.sqlite3.gz") as packed:
        (folder / "chroma.sqlite3").write_bytes(packed.read())
    return folder


class _Handler(BaseHTTPRequestHandler):
    answers: dict[str, Any]

    def do_GET(self) -> None:
        self._answer(f"GET {self.path}")

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert (asked["with_payload"], asked["with_vector"], asked["limit"]) == (True, False, 256)
        self._answer(f"POST {self.path} {json.dumps(asked['offset'])}")

    def _answer(self, request: str) -> None:
        allowed = self.headers["api-key"] == KEY
        body = json.dumps(self.answers[request] if allowed else {"status": {"error": "Invalid API key"}}).encode()
        self.send_response(200 if allowed else 401)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stays silent."""


@contextmanager
def qdrant() -> Iterator[str]:
    """Serves what the real client's local mode answered; yields the URL."""
    answers = json.loads((SAMPLES / "qdrant.json").read_text())
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"answers": answers}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
