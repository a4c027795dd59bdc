"""Waits between attempts that take no time: they are noted, and move a clock of their own."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from vectorlog.retry import Timing


class Waits(list[float]):
    """Seconds that were waited, in order."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__()
        self.random = Random(seed)
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.append(seconds)
        self.now += seconds

    @property
    def timing(self) -> Timing:
        return Timing(self.sleep, self.random.uniform, lambda: self.now)


def no_waits(uniform: Callable[[float, float], float] | None = None) -> Timing:
    """Waits that nobody looks at."""
    waits = Waits()
    return Timing(waits.sleep, uniform or waits.random.uniform, lambda: waits.now)
