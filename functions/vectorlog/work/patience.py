"""How long a message that failed waits until it is tried again."""

from __future__ import annotations

from collections.abc import Sequence


def patience(waits: Sequence[int], receives: int) -> int:
    """The wait after so many receives, in ms: one of `waits` after each, and the last of them from then on."""
    return waits[min(max(receives, 1), len(waits)) - 1]
