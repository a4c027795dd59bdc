"""Optimistic concurrency: read, decide, write where nobody else wrote since; else begin again with a new read."""

from __future__ import annotations

from collections.abc import Callable

from vectorlog.retry import REAL_TIME, UNLIMITED, Contended, RetryPolicy, Timing, retrying

CONTENTION = RetryPolicy(attempts=UNLIMITED, first_s=0.01, cap_s=0.32, deadline_s=10)
"""A deadline and no number of attempts, because one of the writers that meet always wins: N of them are through after N
writes, and whoever still loses gets nearer with each. Measured on two cores with two busy neighbours
(`benchmarks/contention.py`): of 32 writers of one stream five attempts each refused 1 %, of 64 writers 14 %; with this
policy nobody is refused, and the last of 64 has its turn after 1.3 s.

The answer to a request has 29 s behind API Gateway: at most 10 for its append and 10 for its rows, the rest for the
calls themselves. The first wait is a write's time, and waits double to what 32 writes take.
"""


def until_first(what: str, attempt: Callable[[bool], bool], timing: Timing = REAL_TIME) -> None:
    """Attempts until nobody else was first.

    Args:
        what: is written, for the log.
        attempt: is told whether it is the first one, for which what was read ahead will do; False where another writer
            was first.
        timing: for tests.

    Raises:
        Contended: another writer was first each time, up to the deadline.
    """
    first = True

    def step() -> None:
        nonlocal first
        known, first = first, False
        if not attempt(known):
            raise Contended("another writer was first")

    retrying(what, CONTENTION, step, timing=timing)
