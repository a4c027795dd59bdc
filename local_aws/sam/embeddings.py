"""The local model behind OpenAI's interface, so that functions in containers need no account to search by meaning."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from local_aws.process import HOST
from vectorlog.embedding.onnx import GRANITE, LocalEmbedder

MODEL = f"openai:{GRANITE.name}"
"""Its name in `VECTORLOG_MODELS`."""


@contextmanager
def embeddings() -> Iterator[str]:
    """Serves `POST /v1/embeddings`, and gives its base URL. A text longer than the model's window gets the mean of its
    windows' vectors.
    """
    server = ThreadingHTTPServer((HOST, 0), type("Handler", (_Handler,), {"embedder": LocalEmbedder()}))
    thread = threading.Thread(target=server.serve_forever, name="embeddings")
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # one packet for head and body
    embedder: LocalEmbedder

    def do_POST(self) -> None:  # the name that http.server calls
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        vectors = [self.embedder.query(text).tolist() for text in request["input"]]
        items = [{"object": "embedding", "index": place, "embedding": vector} for place, vector in enumerate(vectors)]
        body = json.dumps({"object": "list", "model": request["model"], "data": items}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:  # no access log
        pass
