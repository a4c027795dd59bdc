"""Keys that were found valid a moment ago."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from vectorlog.domain import api_key

MOST = 1_000
"""Keys that are remembered at a time; the one that was looked up longest ago makes room."""


class KnownKeys:
    """Remembers the projects of valid keys, by the keys' hashes. Safe to use from several threads.

    Args:
        clock: in ms.
        remember_ms: counted from before the key was looked up.
    """

    def __init__(self, clock: Callable[[], int], remember_ms: int) -> None:
        self._clock = clock
        self._remember_ms = remember_ms
        self._known: OrderedDict[str, tuple[str, int]] = OrderedDict()
        self._lock = Lock()

    def project(self, secret: str, look_up: Callable[[], str | None]) -> str | None:
        """The project that a secret opens, or None; asks `look_up` where it is not remembered."""
        if self._remember_ms <= 0:
            return look_up()
        now, hashed = self._clock(), api_key.hash_of(secret)
        with self._lock:
            project, since = self._known.get(hashed, ("", now - self._remember_ms))
        if 0 <= now - since < self._remember_ms:
            return project
        found = look_up()
        with self._lock:
            self._known.pop(hashed, None)
            if found is not None:
                self._known[hashed] = (found, now)
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        return found

    def __len__(self) -> int:
        return len(self._known)
