"""Files in a store: attach, get, list, change attributes, detach, and read the indexed text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vectorlog.deployment import Deployment
from vectorlog.domain import errors, ids, store_file
from vectorlog.domain.chunking import Chunking
from vectorlog.domain.errors import Invalid
from vectorlog.domain.filters import Scalar
from vectorlog.domain.store_file import SINGLE, Attach, Event, Placement, State
from vectorlog.event_log import codec
from vectorlog.event_log.codec import STORE_FILE, IdempotencyKey
from vectorlog.event_log.streams import Outcome, Plan
from vectorlog.files import artefact
from vectorlog.files.blobs import NoSuchBlob
from vectorlog.use_cases import access, batch_files, commits, duplicates, manifests, pages, tags, vector_stores
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.pages import Page, PageRequest
from vectorlog.views import keys
from vectorlog.views.table import Row

PROJECT_ON_READ_MS = 60_000
"""The feed brings lists and counts up to date milliseconds after a file has ended. A read that finds a file which ended
less than this long ago does so itself.
"""


@dataclass(frozen=True, slots=True)
class AttachFile:
    """A file to attach, and its settings."""

    file: str
    attributes: Mapping[str, Scalar]
    chunking: Chunking
    skip_duplicates: bool = False


@dataclass(frozen=True, slots=True)
class StoreFileView:
    """A file in a store as it is shown."""

    store: str
    file: str
    state: State


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
        lambda: access.store(deployment, actor, store),
        lambda: access.file(deployment, actor, command.file, "file_id"),
        lambda: deployment.streams.load(STORE_FILE, stream),
        lambda: deployment.views.store_counts(store),
    )
    vector_stores.require_model(deployment, loaded_store.state)
    upload = loaded_upload.state
    loaded = None if batch_files.flush(deployment, store, command.file, counts) else loaded_file
    at = deployment.clock()
    attach = Attach(at, at, SINGLE, Placement(at), upload.filename, upload.sha256, command.attributes, command.chunking)
    holder = None
    if command.skip_duplicates:
        holder = duplicates.holders(deployment, store, [(command.file, upload.sha256)]).get(command.file)
    else:
        duplicates.refuse(deployment, store, [(command.file, upload.sha256)])

    def decide(state: State) -> Sequence[Event]:
        return store_file.refuse_duplicate(state, attach, holder) if holder else store_file.attach(state, attach)

    plan = Plan(STORE_FILE, stream, decide, actor.key, loaded)
    [outcome] = commits.decide_and_show(
        deployment, [plan], meta=actor.meta, unshown=vector_stores.used(loaded_store, at, search=False)
    )
    return StoreFileView(store, command.file, outcome.state)


def get(deployment: Deployment, actor: Actor, store: str, file: str) -> StoreFileView:
    """Returns a file in a store from its stream, so the answer is never stale. If the file has ended, lists and counts
    are brought up to date before this returns.
    """
    _, loaded = deployment.together(
        lambda: access.store(deployment, actor, store),
        lambda: deployment.streams.load(STORE_FILE, ids.store_file_stream(store, file)),
    )
    state = _attached_or_pending(deployment, store, file, loaded.state)
    if state.open is None and loaded.newest and deployment.clock() - loaded.newest.at < PROJECT_ON_READ_MS:
        deployment.views.apply([deployment.streams.decode(loaded.newest)])
    return StoreFileView(store, file, state)


def list_page(
    deployment: Deployment, actor: Actor, store: str, request: PageRequest, status: str | None
) -> Page[StoreFileView]:
    """Returns a page of a store's files, by the time at which they were requested, including files that a batch has yet
    to reach.
    """
    cursors = [ids.store_file_stream(store, file) for file in (request.after, request.before) if file is not None]
    _, counts, known = deployment.together(
        lambda: access.store(deployment, actor, store),
        lambda: deployment.views.store_counts(store),
        lambda: deployment.streams.load_many(STORE_FILE, cursors),
    )
    with_pending = counts.unreached > 0 and status in (None, "in_progress", "cancelled")
    pending = _pending(deployment, store) if with_pending else {}
    pending_keys = {keys.thing_of(row): row for row in pending}

    def place(file: str) -> str | None:
        placement = known[ids.store_file_stream(store, file)].state.placement
        return keys.FILES + placement.row(file) if placement else pending_keys.get(file)

    page_range = pages.resolve(request, place)
    rows = pages.read(deployment.views.table.query, keys.store(store).pk, page_range, prefix=keys.FILES, status=status)
    listed: dict[str, Row | State] = {
        sk: state for sk, state in pending.items() if pages.inside(sk, page_range) and status in (None, state.status)
    }
    listed.update((row.key.sk, row) for row in rows)
    ordered = sorted(listed, reverse=page_range.descending)[: page_range.limit + 1]
    return pages.cut([_view(deployment, store, sk, listed[sk]) for sk in ordered], page_range)


def change_attributes(
    deployment: Deployment, actor: Actor, store: str, file: str, attributes: Mapping[str, Scalar]
) -> StoreFileView:
    """Replaces a file's attributes.

    Raises:
        NotFound: the store does not exist, or the file is not in it.
    """
    outcome = _decide(
        deployment, actor, store, file, lambda state, at: store_file.change_attributes(state, at, attributes), actor.key
    )
    if not outcome.state.attached:
        raise errors.store_file_not_found(store, file)
    tags.retag(deployment, store, file, outcome.state)
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
    """Decides on a file, after the batches that name it and have yet to reach it; `decide` also receives the time."""
    stream = ids.store_file_stream(store, file)
    loaded_store, loaded_file, counts = deployment.together(
        lambda: access.store(deployment, actor, store),
        lambda: deployment.streams.load(STORE_FILE, stream),
        lambda: deployment.views.store_counts(store),
    )
    loaded = None if batch_files.flush(deployment, store, file, counts) else loaded_file
    at = deployment.clock()
    plan = Plan(STORE_FILE, stream, lambda state: decide(state, at), key, loaded)
    [outcome] = commits.decide_and_show(
        deployment, [plan], meta=actor.meta, unshown=vector_stores.used(loaded_store, at, search=False)
    )
    return outcome


@dataclass(frozen=True, slots=True)
class Content:
    """A file in a store and its text as it was indexed."""

    view: StoreFileView
    text: str


def content(deployment: Deployment, actor: Actor, store: str, file: str) -> Content:
    """Returns the text of the serving generation.

    Raises:
        NotFound: the store does not exist, or the file is not in it.
        Invalid: no generation serves, because the file is not indexed yet or could not be read.
    """
    access.store(deployment, actor, store)
    stream = ids.store_file_stream(store, file)
    for last in (False, True):
        state = _attached_or_pending(deployment, store, file, deployment.streams.load(STORE_FILE, stream).state)
        if state.serving is None:
            why = state.failure.message if state.failure else "Ask again when its status is 'completed'."
            message = f"File '{file}' has no content to show: its status is '{state.status}'. {why}"
            raise Invalid(message, param="file_id", code="file_not_ready")
        try:
            text = artefact.read_text(deployment.blobs, store, file, state.serving.generation)
        except NoSuchBlob:  # a newer generation took over meanwhile, and the older one is purged already
            if last:
                raise
        else:
            break
    return Content(StoreFileView(store, file, state), text)


def _attached_or_pending(deployment: Deployment, store: str, file: str, state: State) -> State:
    if state.attached:
        return state
    pending = batch_files.pending(deployment, store, file, state)
    if pending is None:
        raise errors.store_file_not_found(store, file)
    return pending


def _view(deployment: Deployment, store: str, sk: str, source: Row | State) -> StoreFileView:
    file = keys.thing_of(sk)
    if isinstance(source, State):
        return StoreFileView(store, file, source)
    stream = ids.store_file_stream(store, file)
    state = codec.decode_state(STORE_FILE, source.data) or deployment.streams.load(STORE_FILE, stream).state
    return StoreFileView(store, file, state)


def _pending(deployment: Deployment, store: str) -> dict[str, State]:
    """Returns files that batches have yet to reach, by sort key; each once, as the oldest batch will attach it."""
    pending: dict[str, State] = {}
    named: set[str] = set()
    for batch in batch_files.open_batches(deployment, store):
        listed = manifests.read(deployment, batch)
        entries = deployment.views.rows([keys.entry(batch.stream, each.file) for each in listed])
        attached = deployment.views.rows([keys.attachment(each.file, store) for each in listed])
        uploaded = batch_files.uploaded(
            deployment, [each.file for each in listed if keys.entry(batch.stream, each.file) not in entries]
        )
        for position, each in enumerate(listed):
            if each.file in uploaded and each.file not in named and keys.attachment(each.file, store) not in attached:
                named.add(each.file)
                sk = keys.FILES + Placement(batch.state.created_at, position).row(each.file)
                pending[sk] = batch_files.expected(batch.state, position, each, uploaded[each.file])
    return pending
