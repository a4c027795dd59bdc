"""A cache of API keys that were recently found valid."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from vectorlog.domain import api_key
from vectorlog.domain.api_key import Credential

MAX_KEYS = 1_000
"""How many keys are remembered. The one that was looked up longest ago is evicted first."""


class KnownKeys:
    """Remembers what valid keys stand for, by the keys' hashes. Safe to use from several threads.

    Args:
        clock: returns the time in ms.
        remember_ms: how long a key is remembered, counted from just before its look-up.
    """

    def __init__(self, clock: Callable[[], int], remember_ms: int) -> None:
        self._clock = clock
        self._remember_ms = remember_ms
        self._known: OrderedDict[str, tuple[Credential, int]] = OrderedDict()
        self._lock = Lock()

    def credential(self, secret: str, look_up: Callable[[], Credential | None]) -> Credential | None:
        """Returns what a secret stands for, or None. Calls `look_up` if the secret is not remembered."""
        if self._remember_ms <= 0:
            return look_up()
        now, hashed = self._clock(), api_key.hash_of(secret)
        with self._lock:
            cached, since = self._known.get(hashed, (None, now - self._remember_ms))
        if 0 <= now - since < self._remember_ms:
            return cached
        found = look_up()
        with self._lock:
            self._known.pop(hashed, None)
            if found is not None:
                self._known[hashed] = (found, now)
            if len(self._known) > MAX_KEYS:
                self._known.popitem(last=False)
        return found

    def __len__(self) -> int:
        return len(self._known)
