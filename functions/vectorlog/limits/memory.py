"""Windows in the memory of one process, for the local edition."""

from __future__ import annotations

from threading import Lock


class MemoryWindows:
    """Implements Windows. It keeps one window for each name: the one that ends last."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, int]] = {}
        self._lock = Lock()

    def take(self, name: str, until: int, amount: int, most: int) -> int | None:
        """See Windows."""
        with self._lock:
            end, count = self._counts.get(name, (until, 0))
            count = (count if end == until else 0) + amount
            if count > most:
                return None
            self._counts[name] = (until, count)
            return count
