"""What is done to large stores in the background: full segments are sealed, and sealed ones compacted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Condition, Thread

from vectorlog.domain.vectors import Space
from vectorlog.index.embedded.compaction import is_due
from vectorlog.index.embedded.segment import Segment
from vectorlog.index.embedded.snapshot import Snapshot

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sizes:
    """When a store is large.

    Attributes:
        exact: rows up to which a store stays in memory, where searches by vector are exact. Measured on two busy cores:
            a search of 100,000 chunks takes 30 to 60 ms, and on idle ones 15 ms.
        full: rows from which a segment is not added to any more. Sealing takes about a second and 200 MB. A sealed
            segment costs each search some 100 µs, and rows in memory take 1.5 KB each.
    """

    exact: int = 100_000
    full: int = 32_768


def to_seal(snapshot: Snapshot, sizes: Sizes) -> Segment | None:
    """Returns the oldest segment that is full and in memory, if the store is large; one that may have to be split comes
    after those that were cut off from it.
    """
    if snapshot.rows <= sizes.exact and all(segment.sealed is None for segment in snapshot.segments):
        return None
    last = snapshot.segments[-1]
    full = [
        segment
        for segment in snapshot.segments
        if segment.sealed is None and (segment is not last or len(segment.rows) >= sizes.full)
    ]
    return min(full, key=lambda segment: len(segment.rows) >= 2 * sizes.full, default=None)


def to_compact(snapshot: Snapshot, sizes: Sizes) -> Sequence[Segment]:
    """Returns sealed neighbours that should become one without dead rows: the first that is more than half dead, or
    that erasures have left so small that it fills half a segment at most with the next one, and those beside it that
    fit in too.
    """
    segments = snapshot.segments
    begin = next((i for i in range(len(segments)) if _is_due(segments[i : i + 2], sizes)), None)
    if begin is None:
        return ()
    end, left = begin + 1, len(segments[begin].rows) - segments[begin].dead
    while begin and _fits(segments[begin - 1], left, sizes):
        begin -= 1
        left += len(segments[begin].rows) - segments[begin].dead
    while end < len(segments) and _fits(segments[end], left, sizes):
        left += len(segments[end].rows) - segments[end].dead
        end += 1
    return segments[begin:end]


def _is_due(pair: Sequence[Segment], sizes: Sizes) -> bool:
    """Whether the first of two neighbours, the second of which may be missing, is to be compacted."""
    first, *second = pair
    if first.sealed is None:
        return False
    return is_due(first) or any(_fits(each, len(first.rows) - first.dead, sizes) for each in second)


def _fits(neighbour: Segment, left: int, sizes: Sizes) -> bool:
    return neighbour.sealed is not None and left + len(neighbour.rows) - neighbour.dead <= sizes.full // 2


class Tender:
    """A thread that tends stores as long as there is something to do.

    Args:
        tend: does one thing for a store, and returns whether there may be more.
    """

    def __init__(self, tend: Callable[[tuple[Space, str]], bool]) -> None:
        self._tend = tend
        self._waiting: SimpleQueue[tuple[Space, str] | None] = SimpleQueue()
        self._known: set[tuple[Space, str]] = set()
        self._again: set[tuple[Space, str]] = set()
        self._changed = Condition()
        self._thread: Thread | None = None
        self._closed = False

    def wake(self, store: tuple[Space, str]) -> None:
        """Has a store tended."""
        with self._changed:
            if self._closed or store in self._known:
                self._again.add(store)
                return
            self._known.add(store)
            self._waiting.put(store)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="index-tender", daemon=True)
                self._thread.start()

    def settle(self) -> None:
        """Waits until nothing is left to do."""
        with self._changed:
            self._changed.wait_for(lambda: not self._known)

    def close(self) -> None:
        """Ends the thread after what it is doing."""
        with self._changed:
            self._closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            thread.join()

    def _run(self) -> None:
        while (store := self._waiting.get()) is not None:
            try:
                while not self._closed and self._tend(store):
                    continue
            except Exception:
                log.exception("Store %s could not be tended; it stays as it is until it changes.", store[1])
            with self._changed:
                if store in self._again and not self._closed:  # it changed while it was tended
                    self._waiting.put(store)
                else:
                    self._known.discard(store)
                self._again.discard(store)
                self._changed.notify_all()
