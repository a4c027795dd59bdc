"""Files in a store: attach, get, list, change attributes, detach, read back."""

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
from vectorlog.use_cases import access, batch_files, commits, duplicates, manifests, pages, vector_stores
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.pages import Page, PageRequest
from vectorlog.views import keys
from vectorlog.views.table import Row

SETTLED_MS = 60_000
"""Lists and counts follow a worker's outcome by the feed, in milliseconds; a reader who comes first within this time
brings them.
"""


@dataclass(frozen=True, slots=True)
class AttachFile:
    """What to attach and how."""

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
    """Attaches a file; one that is there already is ingested again.

    Raises:
        NotFound: no such store or file.
        DuplicateContent: the deployment refuses the same bytes twice in a store.
        Invalid: the store's model is not configured any more.
    """
    stream = ids.store_file_stream(store, command.file)
    opened, uploaded, found, counts = deployment.together(
        lambda: access.store(deployment, actor, store),
        lambda: access.file(deployment, actor, command.file, "file_id"),
        lambda: deployment.streams.load(STORE_FILE, stream),
        lambda: deployment.views.store_counts(store),
    )
    vector_stores.require_model(deployment, opened.state)
    known = uploaded.state
    loaded = None if batch_files.flush(deployment, store, command.file, counts) else found
    at = deployment.clock()
    attach = Attach(at, at, SINGLE, Placement(at), known.filename, known.sha256, command.attributes, command.chunking)
    holder = None
    if command.skip_duplicates:
        holder = duplicates.holders(deployment, store, [(command.file, known.sha256)]).get(command.file)
    else:
        duplicates.refuse(deployment, store, [(command.file, known.sha256)])

    def decide(state: State) -> Sequence[Event]:
        return store_file.refuse_duplicate(state, attach, holder) if holder else store_file.attach(state, attach)

    plan = Plan(STORE_FILE, stream, decide, actor.key, loaded)
    [outcome] = commits.make(deployment, [plan], meta=actor.meta, unshown=vector_stores.used(opened, at, search=False))
    return StoreFileView(store, command.file, outcome.state)


def get(deployment: Deployment, actor: Actor, store: str, file: str) -> StoreFileView:
    """A file in a store, from its own stream: never stale. Whoever sees that it has ended sees that in lists and counts
    too.
    """
    _, loaded = deployment.together(
        lambda: access.store(deployment, actor, store),
        lambda: deployment.streams.load(STORE_FILE, ids.store_file_stream(store, file)),
    )
    state = _awaited(deployment, store, file, loaded.state)
    if state.open is None and loaded.newest and deployment.clock() - loaded.newest.at < SETTLED_MS:
        deployment.views.apply([deployment.streams.decode(loaded.newest)])
    return StoreFileView(store, file, state)


def list_page(
    deployment: Deployment, actor: Actor, store: str, request: PageRequest, status: str | None
) -> Page[StoreFileView]:
    """A page of a store's files, by the time they were asked for; those included that a batch has yet to reach."""
    cursors = [ids.store_file_stream(store, file) for file in (request.after, request.before) if file is not None]
    _, counts, known = deployment.together(
        lambda: access.store(deployment, actor, store),
        lambda: deployment.views.store_counts(store),
        lambda: deployment.streams.load_many(STORE_FILE, cursors),
    )
    waiting = (
        _waiting(deployment, store) if counts.unreached > 0 and status in (None, "in_progress", "cancelled") else {}
    )
    places = {keys.thing_of(row): row for row in waiting}

    def place(file: str) -> str | None:
        placement = known[ids.store_file_stream(store, file)].state.placement
        return keys.FILES + placement.row(file) if placement else places.get(file)

    asked = pages.window(request, place)
    rows = pages.read(deployment.views.table.query, keys.store(store).pk, asked, prefix=keys.FILES, status=status)
    found: dict[str, Row | State] = {
        sk: state for sk, state in waiting.items() if pages.inside(sk, asked) and status in (None, state.status)
    }
    found.update((row.key.sk, row) for row in rows)
    ordered = sorted(found, reverse=asked.descending)[: asked.limit + 1]
    return pages.cut([_shown(deployment, store, sk, found[sk]) for sk in ordered], asked)


def change_attributes(
    deployment: Deployment, actor: Actor, store: str, file: str, attributes: Mapping[str, Scalar]
) -> StoreFileView:
    """Replaces a file's attributes."""
    outcome = _decide(
        deployment, actor, store, file, lambda state, at: store_file.change_attributes(state, at, attributes), actor.key
    )
    if not outcome.state.attached:
        raise errors.store_file_not_found(store, file)
    return StoreFileView(store, file, outcome.state)


def detach(deployment: Deployment, actor: Actor, store: str, file: str) -> None:
    """Takes a file out of a store; from now on no search finds it."""
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
    """Decides on a file, after the open batches that name it; `decide` is given the time too."""
    stream = ids.store_file_stream(store, file)
    opened, found, counts = deployment.together(
        lambda: access.store(deployment, actor, store),
        lambda: deployment.streams.load(STORE_FILE, stream),
        lambda: deployment.views.store_counts(store),
    )
    loaded = None if batch_files.flush(deployment, store, file, counts) else found
    at = deployment.clock()
    plan = Plan(STORE_FILE, stream, lambda state: decide(state, at), key, loaded)
    [outcome] = commits.make(deployment, [plan], meta=actor.meta, unshown=vector_stores.used(opened, at, search=False))
    return outcome


@dataclass(frozen=True, slots=True)
class Content:
    """The text that was indexed of a file."""

    view: StoreFileView
    text: str


def content(deployment: Deployment, actor: Actor, store: str, file: str) -> Content:
    """The text of what serves.

    Raises:
        Invalid: nothing serves yet, or the file could not be read.
    """
    access.store(deployment, actor, store)
    for last in (False, True):
        state = _state(deployment, store, file)
        if state.serving is None:
            why = state.failure.message if state.failure else "Ask again when its status is 'completed'."
            message = f"File '{file}' has no content to show: its status is '{state.status}'. {why}"
            raise Invalid(message, param="file_id", code="file_not_ready")
        try:
            text = artefact.read_text(deployment.blobs, store, file, state.serving.generation)
        except NoSuchBlob:  # a newer generation took over meanwhile, and its purge was quick
            if last:
                raise
        else:
            break
    return Content(StoreFileView(store, file, state), text)


def _state(deployment: Deployment, store: str, file: str) -> State:
    return _awaited(
        deployment, store, file, deployment.streams.load(STORE_FILE, ids.store_file_stream(store, file)).state
    )


def _awaited(deployment: Deployment, store: str, file: str, state: State) -> State:
    if state.attached:
        return state
    awaited = batch_files.awaited(deployment, store, file, state)
    if awaited is None:
        raise errors.store_file_not_found(store, file)
    return awaited


def _shown(deployment: Deployment, store: str, sk: str, found: Row | State) -> StoreFileView:
    file = keys.thing_of(sk)
    if isinstance(found, State):
        return StoreFileView(store, file, found)
    state = (
        codec.decode_state(STORE_FILE, found.data)
        or deployment.streams.load(STORE_FILE, ids.store_file_stream(store, file)).state
    )
    return StoreFileView(store, file, state)


def _waiting(deployment: Deployment, store: str) -> dict[str, State]:
    """Files that open batches name and have not reached, by sort key; each once, as the oldest batch will attach it."""
    waiting: dict[str, State] = {}
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
                waiting[sk] = batch_files.expected(batch.state, position, each, uploaded[each.file])
    return waiting
