"""Projects the log into tables that are not read yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol, assert_never
from zlib import crc32

from vectorlog.domain import (
    api_key,
    file_batch,
    project_limits,
    store_file,
    upload,
    upload_part,
    uploaded_file,
    vector_store,
    webhook_endpoint,
)
from vectorlog.domain.ids import group_of
from vectorlog.event_log.decision import AnyDecision
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.streams import Streams
from vectorlog.operations.progress import pages
from vectorlog.reactions import purge
from vectorlog.views.views import Views

LANES = 8
"""How many parts of a page of commits may be projected in parallel."""


class Steps(Protocol):
    """Runs steps, in parallel or one by one."""

    def __call__(self, *steps: Callable[[], object]) -> object:
        """Runs all steps, and returns when they are done."""
        ...


class Projection:
    """Projects commits to rows, and repeats the changes that reactions have made to rows since.

    Other processes may project newer commits, or the same ones, meanwhile. Repeating it from the beginning changes
    nothing. It holds one entry per open batch and per deletion in memory.

    Args:
        streams: the log's streams. They raise `UnknownSchema` if newer code wrote a commit.
        together: runs steps that may run in parallel.
    """

    def __init__(self, streams: Streams, together: Steps) -> None:
        self._streams = streams
        self._together = together
        self._deleted: set[str] = set()
        self._open: dict[str, tuple[str, int]] = {}
        self._leaving: dict[str, str] = {}

    def take(self, commits: Iterable[Commit], views: Views) -> None:
        """Projects commits. Those of one stream must be in order."""
        for page in pages(commits):
            decisions = [self._streams.decode(commit) for commit in page]
            lanes: dict[int, list[AnyDecision]] = {}
            for decision in decisions:  # decisions of one store share rows, so they share a lane
                lanes.setdefault(crc32(group_of(decision.stream).encode()) % LANES, []).append(decision)
            self._together(*(partial(views.apply, lane) for lane in lanes.values()))
            for decision in decisions:
                self._note(decision)

    def apply_work(self, views: Views) -> None:
        """Applies the changes that work has made to the serving rows.

        It removes the rows of deleted stores, closes the batches that have reached all of their files, and notes which
        deleted files have left all stores.
        """
        for table in views.tables:
            for store in self._deleted:
                purge.rows_in(table, store)
        self._deleted.clear()
        for batch, (store, count) in list(self._open.items()):
            if views.batch_counts(batch, count).unreached <= 0:
                views.close_batch(store, batch)
                del self._open[batch]
        for file, project in list(self._leaving.items()):
            if not views.stores_of(file, 1):
                views.left_all_stores(project, file)
                del self._leaving[file]

    def _note(self, decision: AnyDecision) -> None:
        match decision.state:
            case vector_store.State() as state:
                if state.deleted:
                    self._deleted.add(decision.stream)
            case file_batch.State() as state:
                self._open[decision.stream] = state.store, state.count
            case uploaded_file.State() as state:
                if state.deleted and state.owner is not None:
                    self._leaving[decision.stream] = state.owner.project
            case (
                store_file.State()
                | upload.State()
                | upload_part.State()
                | api_key.State()
                | project_limits.State()
                | webhook_endpoint.State()
            ):
                pass
            case _ as never:
                assert_never(never)
