"""File batches: create, get, cancel, list their files."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vectorlog.deployment import Deployment
from vectorlog.domain import file_batch
from vectorlog.domain.file_batch import FileBatchCreated
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.manifest import BatchItem
from vectorlog.event_log.codec import FILE_BATCH, STORE_FILE
from vectorlog.event_log.streams import Loaded, Plan
from vectorlog.use_cases import access, batch_files, commits, manifests, pages, vector_stores
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.pages import Page, PageRequest
from vectorlog.use_cases.store_files import StoreFileView
from vectorlog.views.views import Counts, batch_counts_of

CANCEL_FOR_S = 2.0
"""How long a cancel works on the files before it answers; work does the rest."""


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch as it is shown."""

    id: str
    state: file_batch.State
    counts: Counts

    @property
    def status(self) -> Literal["in_progress", "completed", "failed", "cancelled"]:
        """Derived, never stored (docs/contract.md, section 6.1)."""
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
    """Attaches many files at once.

    Raises:
        NotFound: one of the files is not there; then none is attached.
        DuplicateContent: the deployment refuses the same bytes twice in a store; then none is attached either.
    """
    batch, at = actor.new_id("vsfb", deployment.random), deployment.clock()
    begun = access.load_if_repeated(deployment, actor, FILE_BATCH, batch)

    def check() -> None:
        if not begun.state.exists:  # else repeated under its key: some may be deleted by now
            batch_files.check(deployment, actor, store, listed, param, skip_duplicates=skip_duplicates)

    opened_store, _ = deployment.together(lambda: access.store(deployment, actor, store), check)
    vector_stores.require_model(deployment, opened_store.state)
    manifest = manifests.keep(deployment, store, batch, listed)
    created = FileBatchCreated(at, store, actor.caller.as_owner(), manifest, skip_duplicates)
    plan = Plan(FILE_BATCH, batch, lambda state: file_batch.create(state, created), actor.key, begun)
    [opened] = commits.make(
        deployment, [plan], meta=actor.meta, unshown=vector_stores.used(opened_store, at, search=False)
    )
    if opened.decision is not None and len(listed) > deployment.inline_files:
        return BatchView(batch, opened.state, Counts(in_progress=len(listed), unreached=len(listed)))
    batch_files.fan_out_small(deployment, batch, opened.state.count)
    return _view(deployment, batch, opened.state)


def get(deployment: Deployment, actor: Actor, store: str, batch: str) -> BatchView:
    """A batch with its counts."""
    return _opened(deployment, actor, store, batch)[1]


def cancel(deployment: Deployment, actor: Actor, store: str, batch: str) -> BatchView:
    """Cancels what is unfinished, for good; after the end it changes nothing."""
    loaded, opened = _opened(deployment, actor, store, batch)
    at, in_progress = deployment.clock(), opened.counts.in_progress
    plan = Plan(FILE_BATCH, batch, lambda state: file_batch.cancel(state, at, in_progress=in_progress), loaded=loaded)
    [outcome] = commits.make(deployment, [plan], meta=actor.meta)
    if outcome.decision:
        _cancel_files(deployment, store, batch)
    return _view(deployment, batch, outcome.state)


def list_files(
    deployment: Deployment, actor: Actor, store: str, batch: str, request: PageRequest, status: str | None
) -> Page[StoreFileView]:
    """A page of a batch's files, in the order of its request; detached ones are left out."""
    loaded, opened = _opened(deployment, actor, store, batch)
    listed = manifests.read(deployment, loaded)
    places = {each.file: f"{position:05d}" for position, each in enumerate(listed)}
    asked = pages.window(request, places.get)
    order = list(enumerate(listed))
    chosen = [one for one in (reversed(order) if asked.descending else order) if pages.inside(f"{one[0]:05d}", asked)]
    views: list[StoreFileView] = []
    step = batch_files.STEP if status else asked.limit + 1
    for start in range(0, len(chosen), step):
        views += _shown(deployment, store, opened, chosen[start : start + step], status)
        if len(views) > asked.limit:
            break
    return pages.cut(views, asked)


def _opened(deployment: Deployment, actor: Actor, store: str, batch: str) -> tuple[Loaded[file_batch.State], BatchView]:
    loaded, settled = deployment.together(
        lambda: access.batch(deployment, actor, store, batch), lambda: deployment.views.entry_counts(batch)
    )
    return loaded, BatchView(batch, loaded.state, batch_counts_of(settled, loaded.state.count))


def _shown(
    deployment: Deployment, store: str, batch: BatchView, part: Sequence[tuple[int, BatchItem]], status: str | None
) -> list[StoreFileView]:
    files = [each.file for _, each in part]
    streams, uploaded = deployment.together(
        lambda: deployment.streams.load_many(STORE_FILE, [store_file_stream(store, file) for file in files]),
        lambda: batch_files.uploaded(deployment, files if batch.counts.unreached else ()),
    )
    views = []
    for position, each in part:
        loaded = streams[store_file_stream(store, each.file)]
        found = loaded.state
        if not found.attached and not found.has_seen(batch.id) and each.file in uploaded:
            found = batch_files.expected(batch.state, position, each, uploaded[each.file])
        if found.attached and status in (None, found.status):
            views.append(StoreFileView(store, each.file, found))
    return views


def _cancel_files(deployment: Deployment, store: str, batch: str) -> None:
    until = time.monotonic() + CANCEL_FOR_S
    cursor: int | None = 0
    while cursor is not None and time.monotonic() < until:
        outcomes, cursor = batch_files.cancel_step(deployment, store, batch, cursor)
        deployment.views.show(outcomes)


def _view(deployment: Deployment, batch: str, state: file_batch.State) -> BatchView:
    return BatchView(batch, state, deployment.views.batch_counts(batch, state.count))
