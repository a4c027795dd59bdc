"""Work on many items at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from vectorlog.operations.parallel import SideBySide

AHEAD = 6


def test_at_once_and_in_order() -> None:
    """Items are worked on at once, and results come in the order of the items."""
    meet = threading.Barrier(3)

    def work(item: int) -> int:
        meet.wait(10)  # breaks unless three are at it
        return item * item

    with ThreadPoolExecutor(3) as pool:
        assert list(SideBySide(pool, AHEAD)(work, range(9))) == [item * item for item in range(9)]


def test_memory_is_bounded() -> None:
    """However many items there are, only a few are taken before their results are asked for."""
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(1000):
            taken += 1
            yield item

    with ThreadPoolExecutor(3) as pool:
        results = SideBySide(pool, AHEAD)(str, items())
        for done, _ in enumerate(results, 1):
            assert taken < done + AHEAD or taken == 1000


def test_nothing_goes_on_after_an_error() -> None:
    """The first error is raised once all work that was begun has ended, and no more is begun."""
    begun, ended = set[int](), set[int]()

    def work(item: int) -> None:
        begun.add(item)
        if item == 2:
            raise ValueError("two")
        ended.add(item)

    with ThreadPoolExecutor(3) as pool:
        with pytest.raises(ValueError, match="two"):
            list(SideBySide(pool, AHEAD)(work, range(1000)))
        assert begun == ended | {2}
        assert len(begun) <= 2 + AHEAD + 1
