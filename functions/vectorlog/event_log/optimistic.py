"""Optimistic concurrency: read, decide, write where nobody else wrote since; else begin again with a new read."""

from __future__ import annotations

from collections.abc import Callable

from vectorlog.retry import REAL_TIME, UNLIMITED, Contended, RetryPolicy, Timing, retrying

CONTENTION = RetryPolicy(attempts=UNLIMITED, first_s=0.01, cap_s=0.32, deadline_s=10)
"""A deadline and no number of attempts, because one of the writers that meet always wins: N of them are through after N
writes, whatever the waits, and whoever still loses gets nearer with each. Thirty-two writers of one stream take a
second on two busy cores; five attempts each left some of them without their turn (`benchmarks/contention.py`). The
request's answer has 29 s behind API Gateway: 10 for its append, 10 for its rows, the rest for the calls themselves.

The first wait is a write's time, and waits double to what thirty-two writes take.
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
