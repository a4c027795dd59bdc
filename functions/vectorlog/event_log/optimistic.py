"""Optimistic concurrency: read, decide and write; if another writer was first, start over with a new read."""

from __future__ import annotations

from collections.abc import Callable

from vectorlog.retry import REAL_TIME, UNLIMITED, Contended, RetryPolicy, Timing, retrying

CONTENTION = RetryPolicy(attempts=UNLIMITED, first_s=0.01, cap_s=0.32, deadline_s=10)
"""A deadline rather than a number of attempts, because one of the competing writers always wins: N writers are done
after N writes, and each write brings the others nearer. Measured on two cores with two busy neighbours
(`benchmarks/contention.py`): with five attempts each, 1 % of 32 writers of one stream were refused, and 14 % of 64.
With this policy none is refused, and the last of 64 writes after 1.3 s.

API Gateway allows a request 29 s: at most 10 for the append and 10 for the rows; the rest is for the calls themselves.
The first wait is as long as one write takes, and waits double up to the time of 32 writes.
"""


def until_first(what: str, attempt: Callable[[bool], bool], timing: Timing = REAL_TIME) -> None:
    """Calls `attempt` until no other writer was first.

    Args:
        what: names the write in the log.
        attempt: called with True the first time, when data that was read in advance may be used, and with False after
            that. Returns False if another writer was first.
        timing: clock, sleep and randomness; tests pass their own.

    Raises:
        Contended: another writer was first each time, up to the deadline.
    """
    first = True

    def step() -> None:
        nonlocal first
        is_first, first = first, False
        if not attempt(is_first):
            raise Contended("another writer was first")

    retrying(what, CONTENTION, step, timing=timing)
