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

from local_aws.collection_rules import INDEX, Json, Refusal, check_parameters, index_body, part_of, refused_action
from local_aws.process import HOST

Scope: TypeAlias = Mapping[str, Any]
Send: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]
Receive: TypeAlias = Callable[[], Awaitable[Mapping[str, Any]]]

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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        body = await _read(receive)
        method, path, query = scope["method"], scope["path"], scope["query_string"].decode()
        try:
            part = part_of(method, path)
            await self._wake(part)
            answer = await asyncio.to_thread(self._answer, method, path, query, body)
        except Refusal as refusal:
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
        check_parameters(query)
        if method == "PUT" and re.fullmatch(INDEX, path):
            body = index_body(json.loads(body), self._lag_s)
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
            if error := refused_action(action, fields):
                refused[count] = {action: {"_index": fields.get("_index"), "status": 400, "error": error}}
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


async def _read(receive: Receive) -> bytes:
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)
