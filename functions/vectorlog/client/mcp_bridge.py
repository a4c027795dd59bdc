"""A server's MCP endpoint for programs that speak MCP over standard input and output: one message a line."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any
from urllib.parse import urlsplit

from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from vectorlog.client.server import Refused

log = logging.getLogger(__name__)

_BUSY = (429, 502, 503, 504)
_AT_ONCE = 8
"""How many messages are under way at once."""
_PREFIXES = ("/v1", "/api/v1/llm")
_META = "io.modelcontextprotocol/protocolVersion"
_PARSE_ERROR, _INVALID_REQUEST, _FAILED = -32700, -32600, -32000


def endpoint(url: str, store: str | None = None) -> str:
    """Returns the address of a server's MCP endpoint, or of the one for a store.

    Args:
        url: of the server: bare, with a dialect's path, or already that of an endpoint.
        store: the id of a vector store.

    Raises:
        Refused: `url` is none, or names an endpoint for another store.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise Refused(f"{url!r} is not a URL of a server; it should look like http://127.0.0.1:8080.")
    path, _, named = f"{parts.path.rstrip('/')}/".partition("/mcp/")
    path, named = path.rstrip("/"), named.rstrip("/")
    for prefix in _PREFIXES:
        path = path.removesuffix(prefix)
    if store and named not in ("", store):
        raise Refused(f"{url!r} is the endpoint for another store than {store}.")
    return f"{parts.scheme}://{parts.netloc}{path}/mcp" + (f"/{store or named}" if store or named else "")


class Bridge:
    """Sends messages to an endpoint, and returns its answers.

    Args:
        url: of the endpoint.
        key: an API key; any text where the server needs none.
        user: the end user for whom the key acts, if any.
    """

    def __init__(self, url: str, key: str, user: str | None = None) -> None:
        self._url = url
        self._headers = {
            "Authorization": f"Bearer {key}",
            "User-Agent": "vectorlog",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            **({"X-On-Behalf-Of": user} if user else {}),
        }
        again = Retry(total=3, backoff_factor=0.25, status_forcelist=_BUSY, allowed_methods=None, raise_on_status=False)
        self._pool = PoolManager(maxsize=_AT_ONCE, retries=again, timeout=Timeout(connect=10, read=120))
        self._version: str | None = None

    def serve(self, lines: Iterable[bytes], output: IO[bytes]) -> None:
        """Answers the messages of an input, several at once, until it ends. Every answer is a line of the output."""
        lock = threading.Lock()

        def work(line: bytes) -> None:
            try:
                answered = self.answer(line)
            except Exception:
                log.exception("a message was not answered")
                answered = _error(None, _FAILED, "The bridge failed; its standard error says why.")
            if answered is not None:
                with lock:
                    output.write(answered + b"\n")
                    output.flush()

        with ThreadPoolExecutor(_AT_ONCE, "message") as threads:
            for line in lines:
                if line.strip():
                    threads.submit(work, line)

    def answer(self, line: bytes) -> bytes | None:
        """Returns the answer to a message, in one line; None if it wants none."""
        try:
            message = json.loads(line)
        except ValueError:
            return _error(None, _PARSE_ERROR, "The line is no JSON.")
        if not isinstance(message, dict):
            return _error(None, _INVALID_REQUEST, "A line holds one message.")
        id, wanted = message.get("id"), "id" in message and "method" in message
        try:
            answer = self._pool.request("POST", self._url, body=line, headers=self._of(message))
        except HTTPError as error:
            return _error(id, _FAILED, f"{self._url} does not answer: {error}") if wanted else None
        if not wanted:
            return None
        try:
            said = json.loads(answer.data)
        except ValueError:
            said = None
        if not isinstance(said, dict) or said.get("jsonrpc") != "2.0":
            return _error(id, _FAILED, f"{self._url} answered {answer.status}: {_told(said, answer.reason)}")
        if message["method"] == "initialize" and isinstance(said.get("result"), dict):
            self._version = said["result"].get("protocolVersion")
        return _line({**said, "id": id})

    def _of(self, message: Mapping[str, Any]) -> dict[str, str]:
        """Returns the headers of a message: over HTTP they say again what it says."""
        params = message.get("params")
        params = params if isinstance(params, dict) else {}
        meta = params.get("_meta")
        version = meta.get(_META) if isinstance(meta, dict) else None
        if not isinstance(version, str):
            known = self._version is not None and message.get("method") != "initialize"
            return {**self._headers, "MCP-Protocol-Version": self._version or ""} if known else self._headers
        said = {"MCP-Protocol-Version": version, "Mcp-Method": message.get("method"), "Mcp-Name": params.get("name")}
        sendable = {name: value for name, value in said.items() if isinstance(value, str) and _is_plain(value)}
        return {**self._headers, **sendable}


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _told(said: object, reason: str | None) -> str:
    match said:
        case {"error": {"message": str(message)}}:
            return message
        case _:
            return reason or "no message of JSON-RPC"


def _error(id: object, code: int, message: str) -> bytes:
    return _line({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")
