"""Work on many items at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from vectorlog.operations.parallel import SideBySide, interleaved

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
    """The first error is raised once all work that was begun has ended; what had not begun never does."""
    begun, ended = set[int](), set[int]()
    third_began, cancelled = threading.Event(), threading.Event()

    def work(item: int) -> None:
        begun.add(item)
        if item == 2:
            third_began.wait(10)
            raise ValueError("two")
        if item > 2:
            third_began.set()
            cancelled.wait(10)  # so it is still at work when the error is known
        ended.add(item)

    class Watched(ThreadPoolExecutor):
        def submit(self, *given: Any, **named: Any) -> Future[Any]:
            future = super().submit(*given, **named)
            future.add_done_callback(lambda done: cancelled.set() if done.cancelled() else None)
            return future

    with Watched(2) as pool:
        with pytest.raises(ValueError, match="two"):
            list(SideBySide(pool, AHEAD)(work, range(1000)))
        assert begun == ended | {2}
        assert len(begun) < 2 + AHEAD


def test_interleaved() -> None:
    """What several sources yield comes once, each source in its order, and their next items are awaited at once."""
    meet = threading.Barrier(3)

    def source(name: str, length: int) -> Iterator[str]:
        meet.wait(10)  # breaks unless all three are asked at once
        for number in range(length):
            yield f"{name}{number}"

    with ThreadPoolExecutor(3) as pool:
        found = list(interleaved(pool, [source("a", 5), source("b", 0), source("c", 2)]))
    assert sorted(found) == ["a0", "a1", "a2", "a3", "a4", "c0", "c1"]
    for name in "ac":
        of_one = [each for each in found if each[0] == name]
        assert of_one == sorted(of_one)


def test_interleaved_with_an_error() -> None:
    """An error of a source is raised, and no thread goes on."""

    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    endless = count()
    with ThreadPoolExecutor(2) as pool:
        with pytest.raises(ValueError, match="broken"):
            list(interleaved(pool, [broken(), iter(endless)]))
        stopped = next(endless)
        pool.submit(lambda: None).result()
        assert next(endless) == stopped + 1
