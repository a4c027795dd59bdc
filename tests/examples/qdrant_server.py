"""Qdrant's HTTP API over the real Qdrant client's local mode, with its models for what is sent and answered.

`python qdrant_server.py KEY` prints its URL, and serves until its standard input ends. Requests need the key.
"""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import unquote

from qdrant_client import QdrantClient, models

SPACE = models.VectorParams(size=2, distance=models.Distance.COSINE)
NODE = {"id_": "n", "text": "Lights of the harbour."}


def filled() -> QdrantClient:
    """Collections as LangChain, LlamaIndex and Haystack make them, and an empty one."""
    client = QdrantClient(":memory:")
    langchain = [
        {"page_content": "The pump moves water.", "metadata": {"source": "docs/pump.pdf", "page": 2, "lang": "en"}},
        {"page_content": "The valve opens.", "metadata": {"source": "docs/pump.pdf", "page": 1, "lang": "en"}},
    ]
    many = [{"content": f"Note {at}.", "meta": {"number": at}} for at in range(300)]
    collections: dict[str, list[Any]] = {
        "langchain": langchain,
        "llamaindex": [{"_node_content": json.dumps(NODE), "_node_type": "TextNode", "file_name": "harbour.md"}],
        "haystack many": many,
        "empty": [],
    }
    for name, payloads in collections.items():
        client.create_collection(name, vectors_config=SPACE)
        if payloads:
            points = [models.PointStruct(id=at, vector=[1, at], payload=each) for at, each in enumerate(payloads)]
            client.upsert(name, points)
    return client


class Handler(BaseHTTPRequestHandler):
    client: QdrantClient
    key: str

    def do_GET(self) -> None:
        if self.path == "/collections":
            self._answer(self.client.get_collections().model_dump(mode="json"))
        else:
            self._answer(self.client.get_collection(self._collection()).model_dump(mode="json"))

    def do_POST(self) -> None:
        assert self.path.endswith("/points/scroll")
        sent = self.rfile.read(int(self.headers["content-length"]))
        asked = models.ScrollRequest.model_validate_json(sent)
        points, following = self.client.scroll(
            self._collection(),
            limit=asked.limit or 10,
            offset=asked.offset,
            with_payload=asked.with_payload or False,
            with_vectors=asked.with_vector or False,
        )
        self._answer(models.ScrollResult(points=points, next_page_offset=following).model_dump(mode="json"))

    def _collection(self) -> str:
        return unquote(self.path.split("/")[2])

    def _answer(self, result: Any) -> None:
        allowed = self.headers["api-key"] == self.key
        body = json.dumps({"result": result, "status": "ok", "time": 0.0} if allowed else {"status": {"error": "key"}})
        self.send_response(200 if allowed else 401)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


def main() -> None:
    Handler.client, Handler.key = filled(), sys.argv[1]
    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)  # noqa: T201  # its caller reads it
    sys.stdin.read()


if __name__ == "__main__":
    main()
