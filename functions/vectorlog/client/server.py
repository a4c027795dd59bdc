"""A server of this API over HTTP: OpenAI's dialect, a request a method."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError, LocationParseError, MaxRetryError
from urllib3.util import parse_url

_AGAIN = (429, 502, 503, 504)
_TIMEOUT = Timeout(connect=10, read=120)


class Refused(Exception):
    """The server refused a request, or cannot be reached; the message says which and why.

    Attributes:
        status: HTTP's; 0 without an answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Server:
    """A client for one server. Safe to use from several threads.

    A request that meets a busy server is repeated for up to a minute. A POST is repeated under one Idempotency-Key, so
    nothing is made twice.

    Args:
        url: with the dialect's path, such as `http://127.0.0.1:8080/v1`.
        key: an API key; any text where the server needs none.
        connections: how many connections are kept open.

    Raises:
        Refused: `url` is none.
    """

    def __init__(self, url: str, key: str, connections: int = 8) -> None:
        self.url = url.rstrip("/")
        try:
            scheme = parse_url(self.url).scheme
        except LocationParseError:
            scheme = None
        if scheme not in ("http", "https"):
            raise Refused(f"{url!r} is not a URL of a server; it should look like http://127.0.0.1:8080/v1.")
        self._headers = {"Authorization": f"Bearer {key}", "User-Agent": "vectorlog"}
        again = Retry(
            total=8, backoff_factor=0.25, status_forcelist=_AGAIN, allowed_methods=None, raise_on_status=False
        )
        self._pool = PoolManager(maxsize=connections, retries=again, timeout=_TIMEOUT)

    def get(self, path: str, **query: str | int) -> Any:  # noqa: ANN401  # JSON
        """Returns the JSON of a GET of `path`, which begins with a slash."""
        return self._json("GET", path, fields={name: str(value) for name, value in query.items()} or None)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401  # JSON
        """Sends a JSON body, and returns the answer's JSON."""
        return self._json("POST", path, json=body, headers=self._once())

    def delete(self, path: str) -> Any:  # noqa: ANN401  # JSON
        """Deletes what is at `path`."""
        return self._json("DELETE", path)

    def upload(self, filename: str, content: bytes, purpose: str = "assistants") -> str:
        """Uploads a file of one request's size, and returns its id."""
        fields = {"purpose": purpose, "file": (filename, content, "application/octet-stream")}
        made: str = self._json("POST", "/files", fields=fields, headers=self._once())["id"]
        return made

    def search(self, store: str, query: str, limit: int, options: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """Returns the results of a search; `options` are further fields of its body."""
        body = {"query": query, "max_num_results": limit, **options}
        found: Sequence[Mapping[str, Any]] = self.post(f"/vector_stores/{store}/search", body)["data"]
        return found

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()

    def _once(self) -> dict[str, str]:
        return {"Idempotency-Key": str(uuid4())}

    def _json(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **given: Any) -> Any:  # noqa: ANN401
        try:
            answer = self._pool.request(method, self.url + path, headers={**self._headers, **(headers or {})}, **given)
        except MaxRetryError as error:
            raise Refused(f"{self.url} does not answer: {error.reason}") from error
        except HTTPError as error:
            raise Refused(f"{self.url} does not answer: {error}") from error
        if answer.status >= 400:
            raise Refused(_message(answer), answer.status)
        try:
            return json.loads(answer.data)
        except ValueError as error:
            raise Refused(
                f"{self.url}{path} does not answer with JSON; is {self.url} the base URL of the API?"
            ) from error


def _message(answer: BaseHTTPResponse) -> str:
    """What the API's error says, with the status."""
    try:
        said = json.loads(answer.data)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        said = answer.data[:200].decode(errors="replace").strip() or answer.reason
    return f"{said} (HTTP {answer.status})"
