"""How long a message that failed waits in its queue before it is delivered again."""

from __future__ import annotations

from collections.abc import Sequence


def redelivery_delay(delays: Sequence[int], failures: int) -> int:
    """The delay in ms after so many failures: the first of `delays` after the first, and the last from then on."""
    return delays[min(max(failures, 1), len(delays)) - 1]
