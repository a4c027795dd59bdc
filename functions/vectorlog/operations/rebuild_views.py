"""The log, projected into tables that nobody reads yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol, assert_never
from zlib import crc32

from vectorlog.domain import api_key, file_batch, store_file, uploaded_file, vector_store
from vectorlog.domain.ids import group_of
from vectorlog.event_log.decision import AnyDecision
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.streams import Streams
from vectorlog.operations.transfer.commits import pages
from vectorlog.reactions import purge
from vectorlog.views.views import Views

LANES = 8
"""Parts of a page of commits that may be projected at the same time."""


class Steps(Protocol):
    """Runs steps, in parallel or one by one."""

    def __call__(self, *steps: Callable[[], object]) -> object:
        """Returns once all of them are done."""
        ...


class Projection:
    """Makes rows of commits, those that the reactions to them have changed since included.

    Whoever projects newer commits meanwhile, or the same ones, is not in the way. Done again from the beginning, it
    changes nothing. Memory holds an entry for each batch, and for each deleted store.

    Args:
        streams: the log; `UnknownSchema` where newer code wrote a commit.
        together: runs steps that may be done at the same time.
    """

    def __init__(self, streams: Streams, together: Steps) -> None:
        self._streams = streams
        self._together = together
        self._deleted: set[str] = set()
        self._open: dict[str, tuple[str, int]] = {}

    def take(self, commits: Iterable[Commit], views: Views) -> None:
        """Projects commits; those of one stream come in order."""
        for page in pages(commits):
            decisions = [self._streams.decode(commit) for commit in page]
            lanes: dict[int, list[AnyDecision]] = {}
            for decision in decisions:  # those of a store share rows, and so a lane
                lanes.setdefault(crc32(group_of(decision.stream).encode()) % LANES, []).append(decision)
            self._together(*(partial(views.apply, lane) for lane in lanes.values()))
            for decision in decisions:
                self._note(decision)

    def settle(self, views: Views) -> None:
        """Does to the rows what work has done to those that serve: a deleted store's go, and batches that reached all
        of their files are open no more.
        """
        for table in views.tables:
            for store in self._deleted:
                purge.rows_in(table, store)
        self._deleted.clear()
        for batch, (store, count) in list(self._open.items()):
            if views.batch_counts(batch, count).unreached <= 0:
                views.close_batch(store, batch)
                del self._open[batch]

    def _note(self, decision: AnyDecision) -> None:
        match decision.state:
            case vector_store.State() as state:
                if state.ended == "deleted":
                    self._deleted.add(decision.stream)
            case file_batch.State() as state:
                self._open[decision.stream] = state.store, state.count
            case store_file.State() | uploaded_file.State() | api_key.State():
                pass
            case _ as never:
                assert_never(never)
