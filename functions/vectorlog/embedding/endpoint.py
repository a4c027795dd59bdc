"""An OpenAI-compatible endpoint: sends requests over persistent connections and retries temporary failures."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout, make_headers
from urllib3.exceptions import HTTPError, InvalidHeader
from urllib3.util import parse_url

from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.retry import REAL_TIME, RetryPolicy, Temporary, Timing, retrying

_WORTH_REPEATING = {408, 409, 425, 429}
_LONGEST_REASON = 300


class Endpoint:
    """A client for an endpoint's `/embeddings`. Safe to use from several threads; no error or log line has the key.

    Args:
        base_url: including `/v1`, such as `https://api.openai.com/v1`.
        api_key: sent as a bearer token; None if the endpoint needs none.
        connections: number of connections kept open; parallel requests beyond it open more, which are closed again.
        timing: clock, sleep and randomness of the retries.
    """

    def __init__(
        self, base_url: str, api_key: str | None, *, connections: int = 16, timing: Timing = REAL_TIME
    ) -> None:
        self._url = f"{base_url.rstrip('/')}/embeddings"
        self._name = parse_url(base_url).netloc or base_url
        self._key = api_key
        self._timing = timing
        headers = {
            "content-type": "application/json",
            "user-agent": "vectorlog",
            **make_headers(accept_encoding="gzip"),
        }
        self._headers = headers | ({"authorization": f"Bearer {api_key}"} if api_key else {})
        self._pool = PoolManager(num_pools=1, maxsize=connections, retries=False)

    def post(self, body: dict[str, Any], policy: RetryPolicy) -> bytes:
        """Sends a request for embeddings and returns the response body.

        Between attempts it waits as long as the provider asks, otherwise as long as the policy says.

        Raises:
            EmbeddingError: with the provider's reason and the wait that it asked for; temporary unless the provider
                rejected the request itself.
        """
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        step = partial(self._post_once, content, policy.timeout_s)
        try:
            return retrying(f"embeddings of {self._name}", policy, step, timing=self._timing)
        except Temporary as refused:
            raise EmbeddingError(str(refused), retry_after=refused.retry_after) from None

    def close(self) -> None:
        """Closes the idle connections."""
        self._pool.clear()

    def _post_once(self, content: bytes, seconds: float) -> bytes:
        timeout = Timeout(connect=min(5, seconds), read=seconds)
        try:
            response = self._pool.request("POST", self._url, body=content, headers=self._headers, timeout=timeout)
        except HTTPError as error:
            raise Temporary(f"{self._name} could not be reached: {self._without_key(str(error))}") from None
        if response.status == 200:
            return response.data
        message = f"{self._name} answered {response.status}: {self._without_key(_reason(response.data))}"
        if response.status in _WORTH_REPEATING or response.status >= 500:
            raise Temporary(message, retry_after=_retry_after(response))
        raise EmbeddingError(message, temporary=False)

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "[key]") if self._key else text


def _retry_after(response: BaseHTTPResponse) -> float | None:
    milliseconds, header = response.headers.get("retry-after-ms", ""), response.headers.get("retry-after")
    if milliseconds.isdecimal():
        return int(milliseconds) / 1000
    try:
        return Retry().parse_retry_after(header) if header else None  # seconds or a date
    except InvalidHeader:
        return None


def _reason(body: bytes) -> str:
    """Returns OpenAI's `error.message`, or what another server sent instead, on one line of limited length."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    error = answer.get("error", answer) if isinstance(answer, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    text = message if isinstance(message, str) else body.decode("utf-8", "replace")
    return " ".join(text.split())[:_LONGEST_REASON] or "no reason given"
