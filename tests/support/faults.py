"""Where a process of a test dies: any call with an effect outside of it can be its last."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any


class Lost(BaseException):
    """The process died here; none of our handlers may catch it."""


class Faults:
    """Where the process dies: before or after the n-th call, from now on, that has an effect outside of it.

    Attributes:
        everywhere: calls that only read count too.
    """

    def __init__(self) -> None:
        self.everywhere = False
        self.calls = 0
        self.dies_at: int | None = None
        self.after = False
        self.last = ""
        self._lock = threading.Lock()

    @contextmanager
    def dying(self, call: int, *, after: bool) -> Iterator[None]:
        self.calls, self.dies_at, self.after = 0, call, after
        try:
            yield
        finally:
            self.dies_at = None

    def run(self, name: str, call: Callable[[], Any]) -> Any:
        with self._lock:  # reads of a request may run in parallel
            self.calls += 1
            self.last = name
            dies = self.calls == self.dies_at
        if dies and not self.after:
            raise Lost(f"before {name}")
        try:
            return call()
        finally:
            if dies:  # whether the call succeeded or was refused
                raise Lost(f"after {name}")


class Fragile:
    """A port whose changing calls can be the process's last."""

    def __init__(self, target: object, changing: Collection[str], faults: Faults) -> None:
        self._target = target
        self._changing = changing
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if name not in self._changing and (not self._faults.everywhere or name.startswith("_") or not callable(found)):
            return found
        label = f"{type(self._target).__name__}.{name}"
        return lambda *args, **kwargs: self._faults.run(label, lambda: found(*args, **kwargs))
