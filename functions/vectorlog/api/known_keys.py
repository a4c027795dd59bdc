"""A cache of API keys that were recently found valid."""

from __future__ import annotations

from collections.abc import Callable

from vectorlog.domain import api_key
from vectorlog.domain.api_key import Credential
from vectorlog.recent import Recent


class KnownKeys:
    """Remembers what valid keys stand for, by the keys' hashes. Safe to use from several threads.

    Args:
        clock: returns the time in ms.
        remember_ms: how long a key is remembered, counted from just before its look-up.
    """

    def __init__(self, clock: Callable[[], int], remember_ms: int) -> None:
        self._clock = clock
        self._recent = Recent[Credential](remember_ms)

    def credential(self, secret: str, look_up: Callable[[], Credential | None]) -> Credential | None:
        """Returns what a secret stands for, or None. Calls `look_up` if the secret is not remembered."""
        return self._recent.get(api_key.hash_of(secret), self._clock(), look_up)
