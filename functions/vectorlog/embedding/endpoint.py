"""One OpenAI-compatible endpoint: requests over connections that stay open, repeated where the provider asks for
patience.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from typing import Any

from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout, make_headers
from urllib3.exceptions import HTTPError, InvalidHeader
from urllib3.util import parse_url

from vectorlog.embedding.embedder import EmbeddingError

_WORTH_REPEATING = {408, 409, 425, 429}
_FIRST_WAIT = 0.25
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try.

    Attributes:
        attempts: requests at most.
        wait: seconds between two of them at most; who asks for more is not asked again.
        answer: seconds that the provider may take for one answer.
    """

    attempts: int
    wait: float
    answer: float


class Endpoint:
    """Where embeddings come from. Safe to use from several threads; no error or log line holds the key.

    Args:
        base_url: up to and with `/v1`, such as `https://api.openai.com/v1`.
        api_key: sent as a bearer token; None where the endpoint wants none.
        connections: kept open; more are opened where more requests run, and closed again.
    """

    def __init__(self, base_url: str, api_key: str | None, *, connections: int = 16) -> None:
        self._url = f"{base_url.rstrip('/')}/embeddings"
        self._name = parse_url(base_url).netloc or base_url
        self._key = api_key
        headers = {
            "content-type": "application/json",
            "user-agent": "vectorlog",
            **make_headers(accept_encoding="gzip"),
        }
        self._headers = headers | ({"authorization": f"Bearer {api_key}"} if api_key else {})
        self._pool = PoolManager(num_pools=1, maxsize=connections, retries=False)

    def post(self, body: dict[str, Any], patience: Patience) -> bytes:
        """The provider's answer to a request for embeddings.

        Raises:
            EmbeddingError: with the provider's reason and the wait that it asked for; temporary unless it refused the
                request itself.
        """
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        for attempt in range(1, patience.attempts + 1):
            try:
                return self._attempt(content, patience.answer)
            except EmbeddingError as error:
                backoff = _FIRST_WAIT * 2 ** (attempt - 1) * random.uniform(1, 1.5)
                wait = error.retry_after or backoff
                if not error.temporary or attempt == patience.attempts or wait > patience.wait:
                    raise
            time.sleep(wait)
        raise ValueError("patience for at least one attempt")

    def close(self) -> None:
        """Closes the connections that no request is using."""
        self._pool.clear()

    def _attempt(self, content: bytes, seconds: float) -> bytes:
        timeout = Timeout(connect=min(5, seconds), read=seconds)
        try:
            response = self._pool.request("POST", self._url, body=content, headers=self._headers, timeout=timeout)
        except HTTPError as error:
            raise EmbeddingError(f"{self._name} could not be reached: {self._without_key(str(error))}") from None
        if response.status == 200:
            return response.data
        reason = self._without_key(_reason(response.data))
        temporary = response.status in _WORTH_REPEATING or response.status >= 500
        raise EmbeddingError(
            f"{self._name} answered {response.status}: {reason}",
            retry_after=_retry_after(response) if temporary else None,
            temporary=temporary,
        )

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "[key]") if self._key else text


def _retry_after(response: BaseHTTPResponse) -> float | None:
    milliseconds, asked = response.headers.get("retry-after-ms", ""), response.headers.get("retry-after")
    if milliseconds.isdecimal():
        return int(milliseconds) / 1000
    try:
        return Retry().parse_retry_after(asked) if asked else None  # seconds or a date
    except InvalidHeader:
        return None


def _reason(body: bytes) -> str:
    """OpenAI's `error.message`, or what others send in its place, in one short line."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    error = found.get("error", found) if isinstance(found, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    text = message if isinstance(message, str) else body.decode("utf-8", "replace")
    return " ".join(text.split())[:_LONGEST_REASON] or "no reason given"
