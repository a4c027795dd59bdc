"""Work on many items at once, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from typing import Protocol, TypeVar, cast

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


_END = object()


def interleaved(executor: Executor, sources: Sequence[Iterator[T]]) -> Iterator[T]:
    """Yields what iterators yield, those of one in their order. While one's item is used, a thread takes the next one
    of each. When it ends early, no thread is left behind.
    """
    taken = deque((source, executor.submit(_next, source)) for source in sources)
    try:
        while taken:
            source, following = taken.popleft()
            item = following.result()
            if item is not _END:
                taken.append((source, executor.submit(_next, source)))
                yield cast("T", item)
    finally:
        wait([following for _, following in taken if not following.cancel()])


def _next(source: Iterator[T]) -> T | object:
    return next(source, _END)
