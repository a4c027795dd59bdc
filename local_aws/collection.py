"""A gatekeeper before the local OpenSearch, which makes it a vector collection of OpenSearch Serverless.

It lets the operations pass that AWS's page "Supported operations and plugins in Amazon OpenSearch Serverless" lists,
and refuses what that page and "Working with vector search collections" exclude: ids of one's own, routing, versions,
`refresh`, scripts, engines other than Faiss, and settings that the service chooses. Writes are seen by searches at the
next refresh, and a collection that nobody used for a while is asleep: then a request waits until it is awake.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import urllib3
import uvicorn

from local_aws.process import HOST

Json: TypeAlias = dict[str, Any]
Scope: TypeAlias = Mapping[str, Any]
Send: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]
Receive: TypeAlias = Callable[[], Awaitable[Mapping[str, Any]]]

_INDEX, _NAME = r"/[^_/][^/]*", r"[^/]+"
READS = (
    ("GET", f"(?:{_INDEX})?/_search"),
    ("POST", f"(?:{_INDEX})?/_search"),
    ("GET", f"{_INDEX}/_msearch"),
    ("GET", f"{_INDEX}/_count"),
    ("POST", f"{_INDEX}/_count"),
    ("GET", f"{_INDEX}/_doc/{_NAME}"),
    ("GET", f"{_INDEX}/_mget"),
    ("GET", _INDEX),
    ("HEAD", _INDEX),
    ("GET", f"{_INDEX}/_mappings?"),
    ("GET", f"{_INDEX}/_settings"),
    ("GET", "/_cat/indices"),
    ("GET", "/_cat/aliases"),
    ("GET", "/_alias"),
    ("GET", f"(?:{_INDEX})?/_alias/{_NAME}"),
    ("HEAD", f"(?:{_INDEX})?/_alias/{_NAME}"),
)
WRITES = (
    ("PUT", _INDEX),
    ("DELETE", _INDEX),
    ("POST", "/_aliases"),
    ("POST", f"(?:{_INDEX})?/_bulk"),
    ("POST", f"{_INDEX}/_doc"),
    ("DELETE", f"{_INDEX}/_doc/{_NAME}"),
    ("PUT", f"{_INDEX}/_mappings?"),
)
"""Operations of that page: methods and patterns of paths. Those that we have no use for are left out."""
REFUSED_PARAMETERS = frozenset({"refresh", "routing", "version", "version_type", "if_seq_no", "if_primary_term"})
REFUSED_ACTION_FIELDS = frozenset({"_id", "routing", "version", "version_type"})
FIXED_SETTINGS = frozenset({"number_of_shards", "number_of_replicas", "auto_expand_replicas", "gc_deletes"})
IDLE_S = 600.0
"""After this time without requests a collection sleeps ("Scale to zero for Amazon OpenSearch Serverless")."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """How a collection sleeps.

    Attributes:
        after_s: it sleeps after so many seconds without requests.
        wakes_s: and is awake so many seconds after the next one.
        at_first: whether it sleeps when it is made.
    """

    after_s: float = IDLE_S
    wakes_s: float = 20.0
    at_first: bool = False


AWAKE = Sleep()
"""A collection that sleeps after ten minutes, and is awake when it is made."""


class Refusal(Exception):
    """A request that a collection refuses."""

    def __init__(self, status: int, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.error = {"type": kind, "reason": reason, "root_cause": []}


class Gatekeeper:
    """An ASGI application.

    Args:
        url: of the node.
        lag_s: seconds until searches see what was written; 0: at once.
        sleep: how the collection sleeps. Searching and writing sleep separately.
    """

    def __init__(self, url: str, *, lag_s: float = 0.0, sleep: Sleep = AWAKE) -> None:
        self._pool = urllib3.PoolManager(maxsize=16, retries=False, timeout=60)
        self._url = url
        self._lag_s = lag_s
        self._sleep = sleep
        self._used = {"search": 0.0, "write": 0.0}
        self._awake = dict.fromkeys(self._used, 0.0)
        if not sleep.at_first:
            self._used = dict.fromkeys(self._used, time.monotonic())
        self.refused: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        body = await _read(receive)
        method, path, query = scope["method"], scope["path"], scope["query_string"].decode()
        try:
            part = _part_of(method, path)
            await self._wake(part)
            answer = await asyncio.to_thread(self._answer, method, path, query, body)
        except Refusal as refusal:
            self.refused.append(f"{method} {path}: {refusal}")
            answer = refusal.status, json.dumps({"error": refusal.error, "status": refusal.status}).encode()
        status, content = answer
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else content})

    async def _wake(self, part: str) -> None:
        now = time.monotonic()
        if now - self._used[part] > self._sleep.after_s or not self._used[part]:
            self._awake[part] = now + self._sleep.wakes_s
        self._used[part] = now
        if (wait := self._awake[part] - now) > 0:
            await asyncio.sleep(wait)
            self._used[part] = time.monotonic()

    def _answer(self, method: str, path: str, query: str, body: bytes) -> tuple[int, bytes]:
        _check_parameters(query)
        if method == "PUT" and re.fullmatch(_INDEX, path):
            body = self._index_body(json.loads(body))
        if path.endswith("/_bulk"):
            return self._bulk(path, query, body)
        if b'"script' in body:
            raise Refusal(400, "illegal_argument_exception", "Vector search collections do not support scripts")
        return self._sent(method, path, query, body)

    def _bulk(self, path: str, query: str, body: bytes) -> tuple[int, bytes]:
        """Sends a bulk request without the items that a collection refuses."""
        lines, passed, refused = body.splitlines(), list[bytes](), dict[int, Json]()
        count = 0
        remaining = iter(lines)
        for line in remaining:
            ((action, fields),) = json.loads(line).items()
            content = None if action == "delete" else next(remaining)
            if error := _refused_action(action, fields):
                refused[count] = {action: {"_index": fields.get("_index"), "status": 400, "error": error}}
                self.refused.append(f"{action}: {error['reason']}")
            else:
                passed += [line] if content is None else [line, content]
            count += 1
        answer: Json = {"took": 0, "errors": False, "items": []}
        if passed:
            status, sent = self._sent("POST", path, query, b"\n".join(passed) + b"\n")
            if status != 200:
                return status, sent
            answer = json.loads(sent)
            self._refresh({next(iter(item.values()))["_index"] for item in answer["items"]})
        items = iter(answer["items"])
        answer["items"] = [refused.get(place) or next(items) for place in range(count)]
        answer["errors"] = answer["errors"] or bool(refused)
        return 200, json.dumps(answer).encode()

    def _refresh(self, indexes: set[str]) -> None:
        """Lets searches see what was written: at once if there is no lag; otherwise the index does it."""
        if not self._lag_s:
            for name in indexes:
                self._sent("POST", f"/{name}/_refresh", "ignore_unavailable=true", b"")

    def _index_body(self, body: Json) -> bytes:
        """Returns the body that makes an index on the node, which has Lucene's engine only.

        Raises:
            Refusal: a collection would not make this index.
        """
        settings = body.get("settings", {}).get("index", {})
        if fixed := FIXED_SETTINGS & settings.keys():
            raise Refusal(400, "illegal_argument_exception", f"{', '.join(sorted(fixed))} can't be set")
        if unknown := settings.keys() - {"knn", "knn.algo_param.ef_search", "refresh_interval"}:
            raise Refusal(400, "illegal_argument_exception", f"not documented: {', '.join(sorted(unknown))}")
        for properties in body.get("mappings", {}).get("properties", {}).values():
            if properties.get("type") == "knn_vector":
                method = properties["method"]
                if (method["name"], method["engine"]) != ("hnsw", "faiss"):
                    raise Refusal(400, "mapper_parsing_exception", "vector collections know HNSW by Faiss only")
                method["engine"] = "lucene"
        interval = f"{round(1000 * self._lag_s)}ms" if self._lag_s else "-1"
        body["settings"] = {"index": {**settings, "number_of_replicas": 0, "refresh_interval": interval}}
        return json.dumps(body).encode()

    def _sent(self, method: str, path: str, query: str, body: bytes) -> tuple[int, bytes]:
        url = f"{self._url}{path}" + (f"?{query}" if query else "")
        kind = "application/x-ndjson" if path.endswith(("_bulk", "_msearch")) else "application/json"
        answer = self._pool.request(method, url, body=body or None, headers={"content-type": kind})
        return answer.status, answer.data


@contextmanager
def collection(url: str, *, lag_s: float = 0.0, sleep: Sleep = AWAKE) -> Iterator[str]:
    """Serves a collection on the OpenSearch node with this URL; gives its own."""
    listener = socket.create_server((HOST, 0), backlog=128)
    server = uvicorn.Server(
        uvicorn.Config(
            Gatekeeper(url, lag_s=lag_s, sleep=sleep),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_keep_alive=75,
        )
    )
    serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="collection", daemon=True)
    serving.start()
    try:
        yield f"http://{HOST}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        serving.join()


def _part_of(method: str, path: str) -> str:
    """Returns the part of a collection that answers a request.

    Raises:
        Refusal: there is no such operation.
    """
    for part, operations in (("search", READS), ("write", WRITES)):
        if any(method == each and re.fullmatch(pattern, path) for each, pattern in operations):
            return part
    raise Refusal(404, "status_exception", f"{method} {path} is no supported operation")


def _check_parameters(query: str) -> None:
    names = {part.partition("=")[0] for part in query.split("&") if part}
    if refused := names & REFUSED_PARAMETERS:
        raise Refusal(400, "status_exception", f"{', '.join(sorted(refused))} is not supported")


def _refused_action(action: str, fields: Json) -> Json | None:
    reason = None
    if action == "update":
        reason = "update is supported for search collections only"
    elif action != "delete" and "_id" in fields:
        reason = "Document ID is not supported in create/index operation request"
    elif refused := (REFUSED_ACTION_FIELDS - {"_id"}) & fields.keys():
        reason = f"{', '.join(sorted(refused))} is not supported"
    return {"type": "illegal_argument_exception", "reason": reason} if reason else None


async def _read(receive: Receive) -> bytes:
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)
