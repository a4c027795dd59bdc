"""File batches: create, get, cancel, and list their files."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from vectorlog.deployment import Deployment
from vectorlog.domain import file_batch
from vectorlog.domain.file_batch import FileBatchCreated
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.manifest import BatchItem, Manifest
from vectorlog.domain.sharing import Right
from vectorlog.event_log.codec import FILE_BATCH, STORE_FILE
from vectorlog.event_log.streams import Loaded, Plan
from vectorlog.use_cases import (
    access,
    batch_files,
    commits,
    fan_out,
    manifests,
    open_batches,
    pages,
    shown_progress,
    store_files,
    vector_stores,
)
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.open_batches import Preceding
from vectorlog.use_cases.pages import Page, PageRequest
from vectorlog.use_cases.store_files import StoreFileView
from vectorlog.views.counts import Counts, batch_counts_of

PROJECT_ON_LIST_MS = 60_000
"""A list of a batch's files brings the counts up to date with those that ended less than this long ago, unless the feed
has already. It is shorter than for a single file, because that reads rows for each.
"""
CANCEL_FOR_S = 2.0
"""How long a request to cancel works on the files, in seconds, before it is answered; a worker does the rest."""


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch as it is shown."""

    id: str
    state: file_batch.State
    counts: Counts

    @property
    def status(self) -> Literal["in_progress", "completed", "failed", "cancelled"]:
        """The status, which is derived from the counts and never stored (docs/contract.md, section 6.1)."""
        if self.state.cancelled:
            return "cancelled"
        if self.counts.in_progress:
            return "in_progress"
        return "failed" if self.counts.total and self.counts.failed == self.counts.total else "completed"


def create(
    deployment: Deployment,
    actor: Actor,
    store: str,
    listed: Sequence[BatchItem],
    param: str,
    *,
    skip_duplicates: bool = False,
) -> BatchView:
    """Creates a batch, which attaches all of its files.

    Raises:
        NotFound: the store or one of the files does not exist; no file is attached.
        Expired: the store has expired.
        DuplicateContent: the deployment refuses the same bytes twice in a store; no file is attached.
        Invalid: the deployment no longer offers the store's model.
    """
    batch = actor.new_id("vsfb", deployment.random)
    loaded_batch = access.load_if_repeated(deployment, actor, FILE_BATCH, batch)
    repeated = loaded_batch.state.exists

    def check() -> None:
        if not repeated:  # a repeated request is not checked: some files may be deleted by now
            batch_files.check(deployment, actor, store, listed, param, skip_duplicates=skip_duplicates)

    def precedes() -> Preceding:
        files = [each.file for each in listed]
        return Preceding() if repeated else open_batches.preceding(deployment, store, files)

    loaded_store, _, preceding = deployment.together(
        lambda: access.store(deployment, actor, store, "write"), check, precedes
    )
    vector_stores.require_model(deployment, loaded_store.state)
    at = max(deployment.clock(), preceding.created_at + 1)  # batches are ordered by time, even if a clock goes back
    items = [replace(each, known=True) if each.file in preceding.known else each for each in listed]
    manifest = Manifest(loaded_batch.state.count) if repeated else manifests.keep(deployment, store, batch, items)
    created = FileBatchCreated(at, store, actor.caller.as_owner(), manifest, skip_duplicates)
    plan = Plan(FILE_BATCH, batch, lambda state: file_batch.create(state, created), actor.key, loaded_batch)
    [outcome] = commits.decide_and_show(
        deployment, [plan], meta=actor.meta, unshown=vector_stores.used(loaded_store, at, search=False)
    )
    if outcome.version == 0 and outcome.decision is not None and len(listed) > deployment.inline_files:
        return BatchView(batch, outcome.state, Counts(in_progress=len(listed), unreached=len(listed)))
    fan_out.fan_out_small(deployment, batch, outcome.state.count)
    return _view(deployment, batch, outcome.state)


def get(deployment: Deployment, actor: Actor, store: str, batch: str) -> BatchView:
    """Returns a batch with its counts."""
    return _load(deployment, actor, store, batch, "read")[1]


def cancel(deployment: Deployment, actor: Actor, store: str, batch: str) -> BatchView:
    """Cancels the unfinished files of a batch, for good; if all have finished, it changes nothing."""
    loaded, view = _load(deployment, actor, store, batch, "write")
    at, in_progress = deployment.clock(), view.counts.in_progress
    plan = Plan(FILE_BATCH, batch, lambda state: file_batch.cancel(state, at, in_progress=in_progress), loaded=loaded)
    [outcome] = commits.decide_and_show(deployment, [plan], meta=actor.meta)
    if outcome.decision:
        _cancel_files(deployment, store, batch)
    return _view(deployment, batch, outcome.state)


def list_files(
    deployment: Deployment, actor: Actor, store: str, batch: str, request: PageRequest, status: str | None
) -> Page[StoreFileView]:
    """Returns a page of a batch's files, in the order of its request; detached files are left out."""
    loaded, view = _load(deployment, actor, store, batch, "read")
    listed = manifests.read(deployment, loaded)
    sort_keys = {each.file: f"{position:05d}" for position, each in enumerate(listed)}
    page_range = pages.resolve(request, sort_keys.get)
    order = list(enumerate(listed))
    chosen = [
        one
        for one in (reversed(order) if page_range.descending else order)
        if pages.inside(f"{one[0]:05d}", page_range)
    ]
    views: list[StoreFileView] = []
    step = fan_out.STEP if status else page_range.limit + 1
    for start in range(0, len(chosen), step):
        views += _shown(deployment, actor, store, view, chosen[start : start + step], status)
        if len(views) > page_range.limit:
            break
    return pages.cut(shown_progress.add(deployment, views[: page_range.limit + 1]), page_range)


def _load(
    deployment: Deployment, actor: Actor, store: str, batch: str, right: Right
) -> tuple[Loaded[file_batch.State], BatchView]:
    loaded, counts = deployment.together(
        lambda: access.batch(deployment, actor, store, batch, right), lambda: deployment.views.entry_counts(batch)
    )
    return loaded, BatchView(batch, loaded.state, batch_counts_of(counts, loaded.state.count))


def _shown(
    deployment: Deployment,
    actor: Actor,
    store: str,
    batch: BatchView,
    part: Sequence[tuple[int, BatchItem]],
    status: str | None,
) -> list[StoreFileView]:
    files = [each.file for _, each in part]
    streams, uploaded, leaving = deployment.together(
        lambda: deployment.streams.load_many(STORE_FILE, [store_file_stream(store, file) for file in files]),
        lambda: batch_files.uploaded(deployment, files if batch.counts.unreached else ()),
        lambda: deployment.views.leaving(actor.caller.project),
    )
    ended = [each for each in streams.values() if each.state.open is None]
    store_files.show_ended(deployment, ended, PROJECT_ON_LIST_MS)
    views = []
    for position, each in part:
        stream = store_file_stream(store, each.file)
        state, at = streams[stream].state, batch.state.created_at
        if each.file in uploaded and not open_batches.was_reached(deployment, stream, state, batch.id, at):
            expected = open_batches.expected(batch.state, position, each, uploaded[each.file])
            placement = state.placement if state.attached else expected.placement
            state = replace(expected, placement=placement, serving=state.serving)
        if state.attached and each.file not in leaving and status in (None, state.status):
            views.append(StoreFileView(store, each.file, state))
    return views


def _cancel_files(deployment: Deployment, store: str, batch: str) -> None:
    until = time.monotonic() + CANCEL_FOR_S
    cursor: int | None = 0
    while cursor is not None and time.monotonic() < until:
        cursor = fan_out.cancel_step(deployment, store, batch, cursor)


def _view(deployment: Deployment, batch: str, state: file_batch.State) -> BatchView:
    return BatchView(batch, state, deployment.views.batch_counts(batch, state.count))
