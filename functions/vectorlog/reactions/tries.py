"""How often and how long an event is tried, and what became of a try."""

from __future__ import annotations

from dataclasses import dataclass

from vectorlog.retry import RetryPolicy

AGAIN = RetryPolicy(attempts=1, first_s=5, cap_s=3_600, jitter=(0.8, 1.2))
"""The waits between tries of an event: 5 seconds, doubled up to an hour, so about 80 tries in three days. Only
`backoff` is used: each try is a message of its own.
"""
PAGE = 10
"""How many events are read at a time, as many as one call to EventBridge takes."""
LENT_MS = 60_000
"""For how long a lane is lent. It is renewed before half of that is over, and a request takes 15 s at most."""
TURN_MS = 20_000
"""How long one message works on a lane before others have their turn."""
SILENT = 3
"""After how many requests in a row without any answer a receiver is asked by one lane at a time."""
PROBE_MS = 20_000
"""How long the others wait while one lane asks a silent receiver."""
REST_MS = 290_000
"""The longest time between two requests to a silent receiver, so that it has its events minutes after it is back: with
the spread below, five minutes (docs/events.md, "Webhooks").
"""
SPREAD_MS = 5_000
"""Over how many ms the lanes of a receiver that was silent are spread."""
GONE = 410
"""The status with which a receiver says that it wants no more events (Standard Webhooks)."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A try that failed, and why; `silent` if no answer came, else with the answer's `status`."""

    reason: str
    status: int = 0
    silent: bool = False
