"""The port Windows: counts in windows of time that several processes share."""

from __future__ import annotations

from typing import Protocol


class Windows(Protocol):
    """Counts in windows of time. A window is known by its name and by the time at which it ends."""

    def take(self, name: str, until: int, amount: int, most: int) -> int | None:
        """Adds to a window's count, unless it would exceed `most`, and returns the count; None if nothing was added.

        Args:
            name: what is counted.
            until: when the window ends, in ms since 1970. Its count may be forgotten soon after.
            amount: how much to add; 0 only asks.
            most: the largest count.
        """
        ...
