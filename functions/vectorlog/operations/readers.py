"""How a pass over a whole deployment reads it: one call after the other, or several at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from itertools import chain
from typing import TypeVar

from vectorlog.event_log.event_log import Commit, EventLog
from vectorlog.operations.parallel import SideBySide, in_turn, interleaved
from vectorlog.operations.progress import pages
from vectorlog.views.table import Row, Table

T = TypeVar("T")
R = TypeVar("R")


class Readers:
    """Reads with threads, or without: then every method is what a plain loop is.

    Args:
        executor: the threads; None for none.
        threads: how many they are. Each section of a scan takes one.
    """

    def __init__(self, executor: Executor | None = None, threads: int = 1) -> None:
        self._executor = executor
        self._threads = threads

    def each(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """See Parallel."""
        if self._executor is None:
            return in_turn(work, items)
        return SideBySide(self._executor, 2 * self._threads)(work, items)

    def commits(self, log: EventLog) -> Iterator[Commit]:
        """Yields all commits; those of one stream come in order. Two pages of each section are in memory."""
        if self._executor is None:
            return log.scan()
        return self._merged([pages(log.scan(section, self._threads)) for section in range(self._threads)])

    def rows(self, table: Table) -> Iterator[Row]:
        """Yields all rows, including tombstones."""
        if self._executor is None:
            return table.scan()
        return self._merged([pages(table.scan(section, self._threads)) for section in range(self._threads)])

    def _merged(self, sources: list[Iterator[list[T]]]) -> Iterator[T]:
        assert self._executor is not None
        return chain.from_iterable(interleaved(self._executor, sources))


ALONE = Readers()
"""Reads with one call after the other, as from SQLite, where calls at once would save nothing."""
