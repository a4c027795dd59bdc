"""What is remembered for a moment: answers of look-ups, and the newest of many things."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST = 1_000
"""How many answers are remembered. The one that was looked up longest ago is evicted first."""


class Recent(Generic[V]):
    """Remembers what was looked up, by a key. Safe to use from several threads.

    Args:
        remember_ms: how long an answer is remembered, counted from just before its look-up.
    """

    def __init__(self, remember_ms: int) -> None:
        self._remember_ms = remember_ms
        self._known: OrderedDict[str, tuple[V, int]] = OrderedDict()
        self._forgotten = 0
        self._lock = Lock()

    def get(self, key: str, now: int, look_up: Callable[[], V | None]) -> V | None:
        """Returns what is known of a key at `now`, in ms. Calls `look_up` if nothing is remembered. That there is
        nothing is not remembered.
        """
        with self._lock:
            remembered, forgotten = self._known.get(key), self._forgotten
        if remembered is not None and 0 <= now - remembered[1] < self._remember_ms:
            return remembered[0]
        found = look_up()
        with self._lock:
            self._known.pop(key, None)
            if found is not None and self._remember_ms > 0 and forgotten == self._forgotten:
                self._known[key] = (found, now)
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        return found

    def forget(self, key: str) -> None:
        """Forgets what is known of a key, also what is being looked up at this moment."""
        with self._lock:
            self._known.pop(key, None)
            self._forgotten += 1

    def __len__(self) -> int:
        return len(self._known)


class Newest(Generic[K, V]):
    """The values that were put last, by their keys. Safe to use from several threads.

    Args:
        most: how many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def put(self, key: K, value: V) -> None:
        """Keeps a value, in place of the oldest one if there are too many."""
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)

    def get(self, key: K) -> V | None:
        """Returns a value; None if it is not kept."""
        return self._values.get(key)

    def __contains__(self, key: K) -> bool:
        return key in self._values
