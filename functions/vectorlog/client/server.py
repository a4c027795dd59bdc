"""A server of this API over HTTP: OpenAI's dialect, a request a method."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote
from uuid import uuid4

from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import HTTPError, LocationParseError, MaxRetryError, ResponseError
from urllib3.util import parse_url

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

_AGAIN = (429, 502, 503, 504)
_TIMEOUT = Timeout(connect=10, read=120)
_PAGE = 100
"""Items asked for at once: what every server's lists allow."""
_KEY = "Idempotency-Key"


class Refused(Exception):
    """The server refused a request, or cannot be reached; the message says which and why.

    Attributes:
        status: HTTP's; 0 without an answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class _Object(dict[str, Any]):
    """A JSON object of an answer. That it lacks a field that this API's have is told as such."""

    def __missing__(self, key: str) -> Any:  # noqa: ANN401  # JSON
        raise Refused(f"The server's answer has no {key!r}; is this the base URL of a server of this API?")


class _Again(Retry):
    """Does not repeat what the server says is not worth repeating, such as a quota that is used up."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        if response is not None and _pool is not None and response.headers.get("x-should-retry") == "false":
            raise MaxRetryError(_pool, url or "", ResponseError("the server says not to repeat it"))
        return super().increment(method, url, response, error, _pool, _stacktrace)


class Server:
    """A client for one server. Safe to use from several threads.

    A request that meets a busy server is repeated for up to a minute. A POST is repeated under one Idempotency-Key, so
    nothing is made twice.

    Args:
        url: with the dialect's path, such as `http://127.0.0.1:8080/v1`.
        key: an API key; any text where the server needs none.
        connections: how many connections are kept open.
        user: the end user whom requests act for; empty for the key's project.
        patience: how often a server that cannot be reached is tried again: 8 take a minute, 3 take two seconds.
        headers: further ones, of every request.

    Raises:
        Refused: `url` is none.
    """

    def __init__(
        self,
        url: str,
        key: str,
        connections: int = 8,
        user: str = "",
        patience: int = 8,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        try:
            scheme = parse_url(self.url).scheme
        except LocationParseError:
            scheme = None
        if scheme not in ("http", "https"):
            raise Refused(f"{url!r} is not a URL of a server; it should look like http://127.0.0.1:8080/v1.")
        self.key = key
        self._headers = {"Authorization": f"Bearer {key}", "User-Agent": "vectorlog", **(headers or {})}
        if user:
            self._headers["X-On-Behalf-Of"] = user
        again = _Again(
            total=8,
            connect=patience,
            backoff_factor=0.25,
            status_forcelist=_AGAIN,
            allowed_methods=None,
            raise_on_status=False,
        )
        self._pool = PoolManager(maxsize=connections, retries=again, timeout=_TIMEOUT)

    def get(self, path: str, **query: str | int) -> Any:  # noqa: ANN401  # JSON
        """Returns the JSON of a GET of `path`, which begins with a slash."""
        return self._json("GET", path, fields={name: str(value) for name, value in query.items()} or None)

    def items(
        self, path: str, query: Mapping[str, str] | None = None, *, at_most: int | None = None, page: int = _PAGE
    ) -> Iterator[dict[str, Any]]:
        """Yields the items of a list, the first `at_most` of them; `page` is how many are asked for at once."""
        limit, seen, asked = min(page, at_most or page), 0, dict(query or {})
        while True:
            answer = self.get(path, **asked, limit=limit)
            if not isinstance(answer, dict) or not isinstance(answer["data"], list):
                raise Refused(f"{self.url}{path} does not answer with a list; is {self.url} the base URL of the API?")
            for each in answer["data"]:
                yield each
                seen += 1
                if seen == at_most:
                    return
            if not answer.get("has_more") or not answer["data"]:
                return
            asked["after"] = answer["data"][-1]["id"]

    def content(self, path: str) -> bytes:
        """Returns the bytes of a GET of `path`."""
        return self._answer("GET", path).data

    def download(self, path: str, into: SupportsWrite[bytes]) -> None:
        """Writes the bytes of a GET of `path`, of any number."""
        answer = self._answer("GET", path, preload_content=False)
        try:
            for data in answer.stream(1 << 20):
                into.write(data)
        except HTTPError as error:
            raise Refused(f"{self.url}{path} broke off: {_reason(error)}") from error
        finally:
            answer.release_conn()

    def clock(self, path: str) -> float | None:
        """Returns what time the server says it is as it answers a GET, in seconds since 1970, or None."""
        try:
            return parsedate_to_datetime(self._answer("GET", path).headers["date"]).timestamp()
        except (KeyError, ValueError):
            return None

    def post(self, path: str, body: Mapping[str, Any], key: str | None = None) -> Any:  # noqa: ANN401  # JSON
        """Sends a JSON body, under the Idempotency-Key `key` or a new one, and returns the answer's JSON."""
        return self._json("POST", path, json=body, headers=self._once() if key is None else {_KEY: key})

    def cancel(self, path: str) -> Any:  # noqa: ANN401  # JSON
        """Cancels the batch or upload at `path`, and returns the answer's JSON."""
        return self._json("POST", f"{path}/cancel", headers=self._once())

    def send(self, path: str, fields: Mapping[str, Any], key: str | None = None) -> Any:  # noqa: ANN401  # JSON
        """Sends a form, under the Idempotency-Key `key` or a new one, and returns the answer's JSON. A field is a text,
        or a file: its name, content and type.
        """
        return self._json("POST", path, fields=fields, headers=self._once() if key is None else {_KEY: key})

    def delete(self, path: str) -> Any:  # noqa: ANN401  # JSON
        """Deletes what is at `path`."""
        return self._json("DELETE", path)

    def upload(self, filename: str, content: bytes, purpose: str = "assistants") -> str:
        """Uploads a file of one request's size, and returns its id."""
        fields = {"purpose": purpose, "file": (filename, content, "application/octet-stream")}
        return str(self.send("/files", fields)["id"])

    def search(self, store: str, query: str, limit: int, options: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """Returns the results of a search; `options` are further fields of its body."""
        body = {"query": query, "max_num_results": limit, **options}
        found: Sequence[Mapping[str, Any]] = self.post(f"/vector_stores/{store}/search", body)["data"]
        return found

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()

    def _once(self) -> dict[str, str]:
        return {_KEY: str(uuid4())}

    def _answer(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **given: Any,  # noqa: ANN401  # urllib3's
    ) -> BaseHTTPResponse:
        try:
            answer = self._pool.request(method, self.url + path, headers={**self._headers, **(headers or {})}, **given)
        except MaxRetryError as error:
            raise Refused(f"{self.url} does not answer: {_reason(error.reason)}") from error
        except HTTPError as error:
            raise Refused(f"{self.url} does not answer: {_reason(error)}") from error
        except UnicodeError as error:
            raise Refused(f"The key or the end user's name cannot be sent in a header: {error}") from error
        if answer.status >= 400:
            message = _message(answer)
            answer.release_conn()
            raise Refused(message, answer.status)
        return answer

    def _json(self, method: str, path: str, **given: Any) -> Any:  # noqa: ANN401  # urllib3's, JSON
        answer = self._answer(method, path, **given)
        try:
            return json.loads(answer.data, object_hook=_Object)
        except ValueError as error:
            raise Refused(
                f"{self.url}{path} does not answer with JSON; is {self.url} the base URL of the API?"
            ) from error


def segment(text: str) -> str:
    """Returns a text as one segment of a path.

    Raises:
        Refused: it is empty, so it names nothing.
    """
    if not text:
        raise Refused("An id or a name is empty.", HTTPStatus.NOT_FOUND)
    quoted = quote(text, safe="", errors="surrogateescape")
    return quoted if quoted.strip(".") else quoted.replace(".", "%2E")  # "." and ".." would be steps of the path


def _reason(error: Exception | None) -> str:
    """What urllib3 says, without the names of its objects."""
    said = str(error)
    return re.sub(r"^(<[^>]*>|\w+\([^)]*\)): ", "", said) or type(error).__name__


def _message(answer: BaseHTTPResponse) -> str:
    """What the API's error says, with the status."""
    try:
        said = json.loads(answer.data)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        said = answer.data[:200].decode(errors="replace").strip() or answer.reason
    return f"{said} (HTTP {answer.status})"
