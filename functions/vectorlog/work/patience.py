"""How long something that failed waits until it is tried again."""

from __future__ import annotations

from collections.abc import Sequence


def patience(waits: Sequence[int], tries: int) -> int:
    """The wait after so many tries, in ms: one of `waits` after each, and the last of them from then on."""
    return waits[min(max(tries, 1), len(waits)) - 1]
