"""Files in a store: attach, get, list, change attributes, detach."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vectorlog.deployment import Deployment
from vectorlog.domain import errors, ids, store_file
from vectorlog.domain.chunking import Chunking
from vectorlog.domain.filters import Scalar
from vectorlog.domain.store_file import SINGLE, Attach, Event, Placement, State
from vectorlog.event_log import codec
from vectorlog.event_log.codec import STORE_FILE, UPLOADED_FILE, IdempotencyKey
from vectorlog.event_log.streams import Loaded, Outcome, Plan
from vectorlog.use_cases import (
    access,
    commits,
    duplicates,
    fan_out,
    open_batches,
    pages,
    shown_progress,
    tags,
    vector_stores,
)
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.pages import Page, PageRequest
from vectorlog.views import keys
from vectorlog.views.deadlines import PROJECT_ON_READ_MS
from vectorlog.views.progress import Progress
from vectorlog.views.table import Row


@dataclass(frozen=True, slots=True)
class AttachFile:
    """A file to attach, and its settings."""

    file: str
    attributes: Mapping[str, Scalar]
    chunking: Chunking
    skip_duplicates: bool = False


@dataclass(frozen=True, slots=True)
class StoreFileView:
    """A file in a store as it is shown; `progress` is that of its open generation, if that is recorded."""

    store: str
    file: str
    state: State
    progress: Progress | None = None


def attach(deployment: Deployment, actor: Actor, store: str, command: AttachFile) -> StoreFileView:
    """Attaches a file; one that is attached already is ingested again.

    Raises:
        NotFound: the store or the file does not exist, or the caller may not see it.
        Expired: the store has expired.
        DuplicateContent: the deployment refuses the same bytes twice in a store.
        Invalid: the deployment no longer offers the store's model.
    """
    stream = ids.store_file_stream(store, command.file)
    loaded_store, loaded_upload, loaded_file, counts = deployment.together(
        lambda: access.store(deployment, actor, store, "write"),
        lambda: access.file(deployment, actor, command.file, "file_id"),
        lambda: deployment.streams.load(STORE_FILE, stream),
        lambda: deployment.views.store_counts(store),
    )
    vector_stores.require_model(deployment, loaded_store.state)
    upload = loaded_upload.state
    loaded = None if fan_out.flush(deployment, store, command.file, counts) else loaded_file
    at = deployment.clock()
    attach = Attach(at, at, SINGLE, Placement(at), upload.filename, upload.sha256, command.attributes, command.chunking)
    content, skipping = (command.file, upload.sha256), command.skip_duplicates
    with duplicates.claimed(deployment, store, [content], skipping=skipping) as holders:

        def decide(state: State) -> Sequence[Event]:
            holder = holders.get(command.file)
            if holder is None:
                return store_file.attach(state, attach)
            if not skipping:
                duplicates.refuse(holders)
            return store_file.refuse_duplicate(state, attach, holder, duplicates.remedy(skipping=True))

        plan = Plan(STORE_FILE, stream, decide, actor.key, loaded)
        [outcome] = commits.decide_and_show(
            deployment, [plan], meta=actor.meta, unshown=vector_stores.used(loaded_store, at, search=False)
        )
    if not outcome.state.attached:  # the request is a repeated one, and the file was detached since
        raise errors.store_file_not_found(store, command.file)
    return StoreFileView(store, command.file, outcome.state)


def get(deployment: Deployment, actor: Actor, store: str, file: str) -> StoreFileView:
    """Returns a file in a store from its stream, so the answer is never stale. If the file has ended, lists and counts
    are brought up to date before this returns.
    """
    loaded, state = load(deployment, actor, store, file)
    if state.open is None:
        show_ended(deployment, [loaded], PROJECT_ON_READ_MS)
    [view] = shown_progress.add(deployment, [StoreFileView(store, file, state)])
    return view


def show_ended(deployment: Deployment, ended: Sequence[Loaded[State]], within: int) -> None:
    """Brings lists and counts up to date with files that ended less than `within` ms ago, as their streams say."""
    now = deployment.clock()
    newest = [each.newest for each in ended if each.newest and now - each.newest.at < within]
    if newest:
        deployment.views.apply([deployment.streams.decode(each) for each in newest])


def list_page(
    deployment: Deployment, actor: Actor, store: str, request: PageRequest, status: str | None
) -> Page[StoreFileView]:
    """Returns a page of a store's files, by the time at which they were requested, including files that a batch has yet
    to reach.
    """
    cursors = [ids.store_file_stream(store, file) for file in (request.after, request.before) if file is not None]
    _, counts, known, leaving = deployment.together(
        lambda: access.store(deployment, actor, store, "read"),
        lambda: deployment.views.store_counts(store),
        lambda: deployment.streams.load_many(STORE_FILE, cursors),
        lambda: deployment.views.leaving(actor.caller.project),
    )

    def place(file: str) -> str | None:
        state = known[ids.store_file_stream(store, file)].state
        awaited = not state.attached and counts.pending > 0
        pending = open_batches.sort_key(deployment, store, file, state) if awaited else None
        return pending or (keys.FILES + state.placement.row(file) if state.placement else None)

    page_range = pages.resolve(request, place)
    listed: dict[str, Row | State] = {}
    # Pending files are read before the rows, because meanwhile some become rows.
    if counts.pending > 0 and status in (None, "in_progress", "cancelled"):
        listed |= open_batches.pending_page(deployment, store, page_range, status)
    table, more = deployment.views.table, len(leaving)
    rows, recorded = deployment.together(
        lambda: pages.read(table.query, keys.store(store).pk, page_range, prefix=keys.FILES, status=status, more=more),
        lambda: shown_progress.recorded(table, store, page_range),
    )
    # If the process that attached a file died, its row may come after the deleted file has left all other stores.
    leaving |= deployment.views.missing([keys.thing_of(row.key.sk) for row in rows if row.status == "in_progress"])
    listed |= {row.key.sk: row for row in rows if keys.thing_of(row.key.sk) not in leaving}
    ordered = sorted(listed, reverse=page_range.descending)[: page_range.limit + 1]
    views = [_view(deployment, store, sk, listed[sk]) for sk in ordered]
    return pages.cut(shown_progress.add(deployment, views, recorded), page_range)


def change_attributes(
    deployment: Deployment, actor: Actor, store: str, file: str, attributes: Mapping[str, Scalar]
) -> StoreFileView:
    """Replaces a file's attributes.

    Raises:
        NotFound: the store does not exist, or the file is not in it.
    """

    def change(state: State, at: int) -> Sequence[Event]:
        if not state.attached:
            raise errors.store_file_not_found(store, file)
        return store_file.change_attributes(state, at, attributes)

    outcome = _decide(deployment, actor, store, file, change, actor.key)
    if not outcome.state.attached:  # the request is a repeated one, and the file was detached since
        raise errors.store_file_not_found(store, file)
    tags.retag(deployment, store, file, outcome.state, actor.request)
    return StoreFileView(store, file, outcome.state)


def detach(deployment: Deployment, actor: Actor, store: str, file: str) -> None:
    """Removes a file from a store; from now on no search finds it.

    Raises:
        NotFound: the store does not exist, or the file is not in it.
    """
    outcome = _decide(deployment, actor, store, file, lambda state, at: store_file.detach(state, at, "detached"))
    if outcome.decision is None:
        raise errors.store_file_not_found(store, file)


def _decide(
    deployment: Deployment,
    actor: Actor,
    store: str,
    file: str,
    decide: Callable[[State, int], Sequence[Event]],
    key: IdempotencyKey | None = None,
) -> Outcome[State, Event]:
    """Decides on a file, after the batches that name it and have yet to reach it; `decide` also receives the time.

    Raises:
        NotFound: the store does not exist, or the uploaded file was deleted.
    """
    stream = ids.store_file_stream(store, file)
    loaded_store, loaded_file, counts, upload = deployment.together(
        lambda: access.store(deployment, actor, store, "write"),
        lambda: deployment.streams.load(STORE_FILE, stream),
        lambda: deployment.views.store_counts(store),
        lambda: deployment.streams.load(UPLOADED_FILE, file),
    )
    if not upload.state.is_available(deployment.clock()):
        raise errors.store_file_not_found(store, file)
    may_be_reached = fan_out.flush(deployment, store, file, counts) or not loaded_file.state.attached
    loaded = None if may_be_reached else loaded_file  # a batch may have reached it since the stream was read
    at = deployment.clock()
    plan = Plan(STORE_FILE, stream, lambda state: decide(state, at), key, loaded)
    [outcome] = commits.decide_and_show(
        deployment, [plan], meta=actor.meta, unshown=vector_stores.used(loaded_store, at, search=False)
    )
    return outcome


def load(deployment: Deployment, actor: Actor, store: str, file: str) -> tuple[Loaded[State], State]:
    """Returns the stream of a file in a store, and the state to show: that of the stream, or the one that the file will
    have once a batch reaches it.

    Raises:
        NotFound: the store does not exist, the file is not in it, or the uploaded file was deleted.
    """
    _, loaded, upload = deployment.together(
        lambda: access.store(deployment, actor, store, "read"),
        lambda: deployment.streams.load(STORE_FILE, ids.store_file_stream(store, file)),
        lambda: deployment.streams.load(UPLOADED_FILE, file),
    )
    shown: State | None = loaded.state
    if not loaded.state.attached:
        pending = open_batches.pending(deployment, store, file, loaded.state)
        loaded = deployment.streams.load(STORE_FILE, loaded.stream)  # a batch may have reached it meanwhile
        shown = loaded.state if loaded.state.attached else pending
    if shown is None or not upload.state.is_available(deployment.clock()):
        raise errors.store_file_not_found(store, file)
    return loaded, shown


def _view(deployment: Deployment, store: str, sk: str, source: Row | State) -> StoreFileView:
    file = keys.thing_of(sk)
    if isinstance(source, State):
        return StoreFileView(store, file, source)
    stream = ids.store_file_stream(store, file)
    state = codec.decode_state(STORE_FILE, source.data) or deployment.streams.load(STORE_FILE, stream).state
    return StoreFileView(store, file, state)
