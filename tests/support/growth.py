"""How the time of a piece of work grows with its input, robust against other load on the machine."""

from __future__ import annotations

import time
from collections.abc import Callable

STEP = 4
"""How many times the larger input is as long as the smaller one. Quadratic work takes 16 times as long."""
LINEAR = 9.0
"""The ratio of times below which work counts as linear: a machine's caches make it more than `STEP`."""
_LEAST = 0.02
"""Seconds of CPU; work that takes less on the larger input is not measured exactly enough to be compared."""
_TRIES = 4


def grows_linearly(work: Callable[[int], object], size: int, most: float = LINEAR) -> bool:
    """Whether work on input of `STEP` times the size takes less than `most` times as long.

    Compares the least CPU time of several runs, and stops at the first pair that is linear.
    """
    small = large = float("inf")
    for _ in range(_TRIES):
        small, large = min(small, _seconds(work, size)), min(large, _seconds(work, STEP * size))
        if large < max(_LEAST, most * small):
            return True
    return False


def _seconds(work: Callable[[int], object], size: int) -> float:
    began = time.process_time()
    work(size)
    return time.process_time() - began
