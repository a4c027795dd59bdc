"""Work on many items at once, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, wait
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Parallel(Protocol):
    """Works on items, in parallel or one by one."""

    def __call__(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yields what `work` returns for each item, in the order of the items, and raises what it raises. Items are
        taken as they are needed.
        """
        ...


def in_turn(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """A Parallel that works on one item after the other, when its result is asked for."""
    return map(work, items)


class SideBySide:
    """A Parallel that uses threads or processes. `work` must not use the same executor, which could wait for itself.

    Args:
        executor: runs the work; for processes, work, items and results can be pickled.
        ahead: how many items may be begun whose results were not taken yet, and so how many are in memory.
    """

    def __init__(self, executor: Executor, ahead: int) -> None:
        self._executor = executor
        self._ahead = ahead

    def __call__(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """See Parallel. When it ends early, by an error or because nobody asks for more, no work is left behind."""
        begun: deque[Future[R]] = deque()
        try:
            for item in items:
                begun.append(self._executor.submit(work, item))
                if len(begun) >= self._ahead:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            wait([each for each in begun if not each.cancel()])
