"""The delay before a failed message is delivered again."""

from __future__ import annotations

from collections.abc import Sequence


def redelivery_delay(delays: Sequence[int], failures: int) -> int:
    """Returns the delay in ms after this number of failures: the first of `delays` after one, the next after two, and
    the last from then on.
    """
    return delays[min(max(failures, 1), len(delays)) - 1]
