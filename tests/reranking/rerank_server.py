"""A stand-in for a reranker's `POST /v1/rerank`, whose scores are the share of the query's words that a text has."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class RerankServer:
    """The server and what it has seen.

    Attributes:
        scores: the score of each text that contains the key, instead of the share of words.
        of_queries: the score of every text to these queries.
        body: is sent instead of scores.
        status: of every answer.
        of_texts: whether it is text-embeddings-inference: it takes up to 32 `texts`, and answers with a bare list.
        refusal: the reason for which every request is refused, if any.
        held: is waited for before each answer.
        requests: bodies in order of arrival; `keys`: their Authorization headers.
    """

    scores: Mapping[str, float] = field(default_factory=dict)
    of_queries: Mapping[str, float] = field(default_factory=dict)
    body: bytes | None = None
    status: int = 200
    of_texts: bool = False
    refusal: str = ""
    held: threading.Event = field(default_factory=threading.Event)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.held.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"reranker": self}))
        self._server.daemon_threads = True

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.held.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: dict[str, Any]) -> tuple[int, bytes]:
        """The answer to a request: the best text first, as such servers send it."""
        if self.refusal:
            return 422, self.refusal.encode()
        texts = request.get("texts" if self.of_texts else "documents")
        if texts is None:
            return 422, b"Failed to deserialize the JSON body into the target type: missing field `texts` at line 1"
        if self.of_texts and len(texts) > 32:
            return 413, b'{"error": "batch size > maximum allowed batch size 32", "error_type": "Validation"}'
        name = "score" if self.of_texts else "relevance_score"
        results = [{"index": n, name: self._score(request["query"], text)} for n, text in enumerate(texts)]
        results.sort(key=lambda each: -each[name])
        if self.body is not None:
            return 200, self.body
        return 200, json.dumps(results if self.of_texts else {"id": "r1", "results": results}).encode()

    def _score(self, query: str, text: str) -> float:
        if query in self.of_queries:
            return self.of_queries[query]
        given = [score for part, score in self.scores.items() if part in text]
        words = set(re.findall(r"\w+", query.lower()))
        return given[0] if given else len(words & set(re.findall(r"\w+", text.lower()))) / max(1, len(words))


class _Handler(BaseHTTPRequestHandler):
    reranker: RerankServer

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.reranker.requests.append(request)
        self.reranker.keys.append(self.headers.get("authorization", ""))
        self.reranker.held.wait(10)
        status, body = self.reranker.status, b'{"message": "no"}'
        if self.path != "/v1/rerank":
            status = 404
        elif status == 200:
            status, body = self.reranker.answer(request)
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stays silent."""
