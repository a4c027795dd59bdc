"""Projects the log into tables that are not read yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
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
from vectorlog.operations.parallel import Parallel, in_turn
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


@dataclass(slots=True)
class Noted:
    """What commits say that work has done to rows, or will.

    Attributes:
        deleted: stores whose rows go.
        batches: the store of each batch, and its number of files.
        leaving: the project of each deleted file.
    """

    deleted: set[str] = field(default_factory=set)
    batches: dict[str, tuple[str, int]] = field(default_factory=dict)
    leaving: dict[str, str] = field(default_factory=dict)

    def join(self, other: Noted) -> None:
        """Adds what commits of other streams say."""
        self.deleted |= other.deleted
        self.batches |= other.batches
        self.leaving |= other.leaving


class Projection:
    """Projects commits to rows, and repeats the changes that reactions have made to rows since.

    Other processes may project newer commits, or the same ones, meanwhile. Repeating it from the beginning changes
    nothing. It holds one entry per batch and per deletion in memory.

    Args:
        streams: the log's streams. They raise `UnknownSchema` if newer code wrote a commit.
        together: runs steps that may run in parallel.
        lanes: how many parts of a page of commits are projected in parallel. Views that write side by side take a page
            as a whole.

    Attributes:
        noted: what the commits say that work has done.
    """

    def __init__(self, streams: Streams, together: Steps, lanes: int = LANES) -> None:
        self._streams = streams
        self._together = together
        self._lanes = lanes
        self.noted = Noted()

    def take(self, commits: Iterable[Commit], views: Views) -> None:
        """Projects commits. Those of one stream must be in order."""
        for page in pages(commits):
            decisions = [self._streams.decode(commit) for commit in page]
            lanes: dict[int, list[AnyDecision]] = {}
            for decision in decisions:  # decisions of one store share rows, so they share a lane
                lanes.setdefault(crc32(group_of(decision.stream).encode()) % self._lanes, []).append(decision)
            self._together(*(partial(views.apply, lane) for lane in lanes.values()))
            for decision in decisions:
                self._note(decision)

    def apply_work(self, views: Views, parallel: Parallel = in_turn) -> None:
        """Applies the changes that work has made to the serving rows.

        It removes the rows of deleted stores, closes the batches that have reached all of their files, and notes which
        deleted files have left all stores.
        """
        purged = ((table, store) for table in views.tables for store in self.noted.deleted)
        for _ in parallel(lambda where: purge.rows_in(*where), purged):
            continue
        self.noted.deleted.clear()

        def close(batch: str) -> bool:
            store, count = self.noted.batches[batch]
            reached = views.batch_counts(batch, count).unreached <= 0
            if reached:
                views.close_batch(store, batch)
            return reached

        def leave(file: str) -> bool:
            left = not views.stores_of(file, 1)
            if left:
                views.left_all_stores(self.noted.leaving[file], file)
            return left

        batches, files = list(self.noted.batches), list(self.noted.leaving)
        for batch, closed in zip(batches, parallel(close, batches), strict=True):
            if closed:
                del self.noted.batches[batch]
        for file, left in zip(files, parallel(leave, files), strict=True):
            if left:
                del self.noted.leaving[file]

    def _note(self, decision: AnyDecision) -> None:
        match decision.state:
            case vector_store.State() as state:
                if state.deleted:
                    self.noted.deleted.add(decision.stream)
            case file_batch.State() as state:
                self.noted.batches[decision.stream] = state.store, state.count
            case uploaded_file.State() as state:
                if state.deleted and state.owner is not None:
                    self.noted.leaving[decision.stream] = state.owner.project
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
