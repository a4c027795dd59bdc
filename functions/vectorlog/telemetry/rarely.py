"""Says of each kind of event whether it is time to report it again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

EVERY_S = 60.0
"""At most one report of a kind in this time."""


class Rarely:
    """Safe to use from several threads. `clock` is in seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}

    def now(self, kind: str) -> bool:
        """Returns whether no event of this kind was reported within a minute. If so, this one counts as reported."""
        with self._lock:
            at = self._clock()
            if at - self._last.get(kind, -EVERY_S) < EVERY_S:
                return False
            self._last = {each: when for each, when in self._last.items() if at - when < EVERY_S} | {kind: at}
            return True
