"""Optimistic concurrency: who loses begins again, until its turn comes or the time is over."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from tests.support.virtual_time import VirtualTime
from tests.support.waits import Waits
from vectorlog.event_log.optimistic import CONTENTION, until_first
from vectorlog.retry import Contended

READ_MS, WRITE_MS = 20.0, 20.0
"""Ten times the duration of a write in SQLite, and four times that in DynamoDB."""


def test_first_attempt_is_told_apart() -> None:
    """A state that was loaded in advance is used once; each further attempt loads it again."""
    told: list[bool] = []

    def attempt(first: bool) -> bool:
        told.append(first)
        return len(told) == 3

    until_first("it", attempt, Waits().timing)
    assert told == [True, False, False]


def test_time_is_bounded() -> None:
    """A writer that always loses gets an error within the deadline, whatever its random waits."""
    for seed in range(20):
        waits = Waits(seed)
        with pytest.raises(Contended):
            until_first("it", lambda _: False, waits.timing)
        assert CONTENTION.deadline_s - CONTENTION.cap_s <= waits.now <= CONTENTION.deadline_s


@pytest.mark.parametrize("seed", range(5))
def test_everyone_gets_a_turn(seed: int) -> None:
    """Sixty-four writers of one stream, each beaten by whoever wrote since it read, are through in half of the time
    that each has: no request of a crowd is refused.
    """
    time, random = VirtualTime(), Random(seed)
    version, writes, ends = 0, Counter[int](), []

    def writer(name: int) -> None:
        def attempt(first: bool) -> bool:
            nonlocal version
            read = version
            time.sleep(READ_MS + WRITE_MS)
            if version != read:
                return False
            version += 1
            writes[name] += 1
            return True

        until_first("it", attempt, time.timing(random))
        ends.append(time.now / 1000)

    time.run(*[lambda name=name: writer(name) for name in range(64)])
    assert set(writes.values()) == {1}
    assert version == len(writes) == 64
    assert max(ends) < CONTENTION.deadline_s / 2
