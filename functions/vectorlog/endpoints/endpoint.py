"""An OpenAI-compatible endpoint: sends requests over persistent connections, and retries what may pass."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from math import inf
from threading import Lock
from typing import Any

from urllib3 import BaseHTTPResponse, Retry, Timeout, make_headers
from urllib3.exceptions import HTTPError, InvalidHeader
from urllib3.util import parse_url

from vectorlog.endpoints.deadlines import pool
from vectorlog.endpoints.refusal import EndpointError, Refusal
from vectorlog.retry import REAL_TIME, RetryPolicy, Temporary, Timing, retrying

_WORTH_REPEATING = {408, 409, 425, 429}
PIECE_BYTES = 64 * 1024
"""How much of an answer is read, and unpacked, at once."""
REREAD_S = 10.0
"""A refused key is read from its source again at most this often, in seconds."""


class Endpoint:
    """A client for one path of an endpoint. Safe to use from several threads; no error or log line has the key.

    Args:
        base_url: including `/v1`, such as `https://api.openai.com/v1`.
        api_key: sent as a bearer token; None if the endpoint needs none. If it can change, a function that reads it: it
            is called before the first request, and after the endpoint refused the key. It may raise `EndpointError`.
        path: after the base URL.
        settings: the name of the settings that an operator is told to check when the endpoint refuses everything.
        connections: number of connections kept open; parallel requests beyond it open more, which are closed again.
        timing: clock, sleep and randomness of the retries.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | Callable[[], str | None] | None,
        *,
        path: str = "/embeddings",
        settings: str = "embedding",
        connections: int = 16,
        timing: Timing = REAL_TIME,
    ) -> None:
        self._url = f"{base_url.rstrip('/')}{path}"
        self._path = path.strip("/")
        self._settings = settings
        self._name = parse_url(base_url).netloc or base_url
        self._keys = Keys(api_key if callable(api_key) else lambda: api_key, timing.clock)
        self._timing = timing
        self._headers = {
            "content-type": "application/json",
            "user-agent": "vectorlog",
            **make_headers(accept_encoding="gzip"),
        }
        self._pool = pool(connections)

    def post(self, body: dict[str, Any], policy: RetryPolicy, most: int) -> bytes:
        """Sends a request and returns the response body, of up to `most` bytes.

        An attempt, from connecting to the last byte of the answer, takes no longer than the policy says. Between
        attempts it waits as long as the provider asks, otherwise as long as the policy says.

        If the endpoint refuses the key, and its source has another one by now, the request is repeated with that.

        Raises:
            EndpointError: with the provider's reason, whose fault it is, and the wait that the provider asked for.
        """
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        key = self._keys.current()
        try:
            return self._post(content, policy, most, key)
        except KeyRefused:
            newer = self._keys.newer_than(key)
            if newer is None:
                raise
            return self._post(content, policy, most, newer)

    def close(self) -> None:
        """Closes the idle connections."""
        self._pool.clear()

    def _post(self, content: bytes, policy: RetryPolicy, most: int, key: str | None) -> bytes:
        step = partial(self._post_once, content, policy.timeout_s, most, key)
        try:
            return retrying(f"{self._path} of {self._name}", policy, step, timing=self._timing)
        except Temporary as refused:
            raise EndpointError(str(refused), retry_after=refused.retry_after) from None

    def _post_once(self, content: bytes, seconds: float, most: int, key: str | None) -> bytes:
        timeout = Timeout(total=seconds, connect=min(5, seconds))
        headers = self._headers | ({"authorization": f"Bearer {key}"} if key else {})
        try:
            response = self._pool.request(
                "POST",
                self._url,
                body=content,
                headers=headers,
                timeout=timeout,
                redirect=False,
                preload_content=False,
            )
            answer = _content(response, most)
        except HTTPError as error:
            raise Temporary(f"{self._name} could not be reached: {_without(key, str(error))}") from None
        if response.status == 200:
            if answer is None:
                raise EndpointError(
                    f"{self._name} answered more than {most:,} bytes. Check the {self._settings} settings.",
                    fault="deployment",
                )
            return answer
        said = (answer or b"").replace(key.encode(), b"[key]") if key else answer or b""
        refusal = Refusal.parse(response.status, said)
        message = f"{self._name} answered {response.status}: {refusal.told(self._settings)}"
        if refusal.of_key:
            raise KeyRefused(message, fault="deployment" if refusal.remedy else "text")
        if refusal.remedy is not None:
            raise EndpointError(message, fault="deployment")
        if response.status in _WORTH_REPEATING or response.status >= 500:
            raise Temporary(message, retry_after=_retry_after(response))
        raise EndpointError(message, fault="text")


class KeyRefused(EndpointError):
    """The endpoint refused the key."""


class Keys:
    """The key that is used now. `read` returns it from its source, and `clock` is in seconds and never goes back."""

    def __init__(self, read: Callable[[], str | None], clock: Callable[[], float]) -> None:
        self._read = read
        self._clock = clock
        self._lock = Lock()
        self._read_at = -inf
        self._key: str | None = None

    def current(self) -> str | None:
        """Returns the key as it was last read."""
        with self._lock:
            if self._read_at == -inf:
                self._key = self._read()
                self._read_at = self._clock()
            return self._key

    def newer_than(self, refused: str | None) -> str | None:
        """Returns another key than the one that was refused; None if the source has none."""
        with self._lock:
            if self._key == refused and self._clock() - self._read_at >= REREAD_S:
                self._read_at = self._clock()
                self._key = self._read()
            return self._key if self._key != refused else None


def _content(response: BaseHTTPResponse, most: int) -> bytes | None:
    """Returns an answer's body; None if it has more than `most` bytes. The connection is kept if all of it was read.

    Raises:
        HTTPError: it did not arrive in time, or is broken.
    """
    content = bytearray()
    for piece in response.stream(PIECE_BYTES):
        content += piece
        if len(content) > most:
            response.close()
            break
    response.release_conn()
    return bytes(content) if len(content) <= most else None


def _without(key: str | None, text: str) -> str:
    return text.replace(key, "[key]") if key else text


def _retry_after(response: BaseHTTPResponse) -> float | None:
    milliseconds, header = response.headers.get("retry-after-ms", ""), response.headers.get("retry-after")
    if milliseconds.isdecimal():
        return int(milliseconds) / 1000
    try:
        return Retry().parse_retry_after(header) if header else None  # seconds or a date
    except InvalidHeader:
        return None
