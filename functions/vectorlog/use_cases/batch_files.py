"""The files of a batch: checked before it is made, attached one after the other, cancelled, and found before they are
reached.

Handlers and workers share these steps; each may be repeated, and done by several at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vectorlog.deployment import Deployment
from vectorlog.domain import errors, ids, store_file, uploaded_file
from vectorlog.domain.file_batch import State as Batch
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.store_file import Attach, Event, Placement, State
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log import codec
from vectorlog.event_log.codec import FILE_BATCH, STORE_FILE, UPLOADED_FILE
from vectorlog.event_log.provenance import meta_of, request_behind
from vectorlog.event_log.streams import Loaded, Outcome, Plan
from vectorlog.use_cases import duplicates, manifests
from vectorlog.use_cases.actor import Actor
from vectorlog.views import keys
from vectorlog.views.views import Counts

STEP = 100
"""Files that one step attaches or cancels (a BatchGet's worth)."""


def uploaded(deployment: Deployment, files: Sequence[str]) -> dict[str, uploaded_file.State]:
    """The uploaded files that live, by id."""
    now, found = deployment.clock(), {}
    rows = deployment.views.rows([keys.file(file) for file in files])
    for file in files:
        row = rows.get(keys.file(file))
        state = codec.decode_state(UPLOADED_FILE, row.data) if row else None
        if row and state is None:
            state = deployment.streams.load(UPLOADED_FILE, file).state
        if state is not None and state.is_available(now):
            found[file] = state
    return found


def check(
    deployment: Deployment,
    actor: Actor,
    store: str,
    listed: Sequence[BatchItem],
    param: str,
    *,
    skip_duplicates: bool = False,
) -> None:
    """Every file is there for this caller, and may come into the store.

    Raises:
        NotFound: names the first that is not there.
        DuplicateContent: the deployment refuses the same bytes twice in a store.
    """
    found = uploaded(deployment, [each.file for each in listed])
    for each in listed:
        state = found.get(each.file)
        if state is None or state.owner is None or not actor.caller.sees(state.owner):
            raise errors.file_not_found(each.file, param)
    if not skip_duplicates:
        duplicates.refuse(deployment, store, [(each.file, found[each.file].sha256) for each in listed])


def attach_step(
    deployment: Deployment, store: str, batch: str, cursor: int
) -> tuple[list[Outcome[State, Event]], int | None]:
    """Attaches the next files of a batch; gives what was decided, and where to go on (None: done)."""
    loaded = deployment.streams.load(FILE_BATCH, batch)
    state = loaded.state
    if state.cancelled:
        return [], None
    listed = manifests.read(deployment, loaded)
    part = list(enumerate(listed))[cursor : cursor + STEP]
    outcomes = _attach(deployment, store, loaded, part)
    if state.skip_duplicates:  # the next step has to see whose bytes these files hold
        deployment.views.show(outcomes)
    return outcomes, (cursor + STEP if cursor + STEP < len(listed) else None)


def cancel_step(
    deployment: Deployment, store: str, batch: str, cursor: int
) -> tuple[list[Outcome[State, Event]], int | None]:
    """Cancels the next files of a batch, those included that it has not reached yet."""
    loaded = deployment.streams.load(FILE_BATCH, batch)
    listed = manifests.read(deployment, loaded)
    part = list(enumerate(listed))[cursor : cursor + STEP]
    outcomes = _cancel(deployment, store, loaded, part)
    return outcomes, (cursor + STEP if cursor + STEP < len(listed) else None)


def fan_out_small(deployment: Deployment, batch: str, count: int) -> None:
    """Attaches the files of a small batch before its request is answered, where the edition does so; work finds it
    done.
    """
    if count > deployment.inline_files:
        return
    store = deployment.streams.load(FILE_BATCH, batch).state.store
    cursor: int | None = 0
    while cursor is not None:
        outcomes, cursor = attach_step(deployment, store, batch, cursor)
        deployment.views.show(outcomes)
    close_if_reached(deployment, store, batch)


def close_if_reached(deployment: Deployment, store: str, batch: str) -> bool:
    """Takes a batch from the open ones once the projection has seen all of its files; whether it has."""
    total = deployment.streams.load(FILE_BATCH, batch).state.count
    if deployment.views.batch_counts(batch, total).unreached > 0:
        return False
    deployment.views.close_batch(store, batch)
    return True


def flush(deployment: Deployment, store: str, file: str, counts: Counts) -> bool:
    """Attaches (or cancels) a file for every open batch that names it, oldest first, so that a newer command comes
    after them; whether it may have. `counts`: of the store.
    """
    if counts.unreached <= 0:
        return False
    for batch, position, each in _open_batches_with(deployment, store, file):
        settle = _cancel if batch.state.cancelled else _attach
        outcomes = settle(deployment, store, batch, [(position, each)])
        deployment.views.show(outcomes)
    return True


def awaited(deployment: Deployment, store: str, file: str, found: State) -> State | None:
    """What a file that is not in the store will be, because an open batch names it; None where there is none that has
    yet to reach it.
    """
    if deployment.views.store_counts(store).unreached <= 0:
        return None
    for batch, position, each in _open_batches_with(deployment, store, file):
        state = batch.state
        heard = found.has_seen(batch.stream) or state.created_at < found.detached_at
        known = None if heard else uploaded(deployment, [file]).get(file)
        if known is not None:
            return expected(state, position, each, known)
    return None


def expected(batch: Batch, position: int, each: BatchItem, known: uploaded_file.State) -> State:
    """The state of a file that a batch has named and not reached."""
    return State(
        attached=True,
        filename=known.filename,
        sha256=known.sha256,
        placement=Placement(batch.created_at, position),
        status="cancelled" if batch.cancelled else "in_progress",
        attributes=each.attributes,
        chunking=each.chunking,
    )


def open_batches(deployment: Deployment, store: str) -> list[Loaded[Batch]]:
    """The batches of a store that have not reached all of their files, oldest first."""
    loaded = deployment.streams.load_many(FILE_BATCH, deployment.views.open_batches(store))
    found = [each for each in loaded.values() if each.state.exists]
    return sorted(found, key=lambda one: (one.state.created_at, one.stream))


def _open_batches_with(deployment: Deployment, store: str, file: str) -> Iterator[tuple[Loaded[Batch], int, BatchItem]]:
    for batch in open_batches(deployment, store):
        for position, each in enumerate(manifests.read(deployment, batch)):
            if each.file == file:
                yield batch, position, each


def _cancel(
    deployment: Deployment, store: str, loaded: Loaded[Batch], part: Sequence[tuple[int, BatchItem]]
) -> list[Outcome[State, Event]]:
    batch, state = loaded.stream, loaded.state
    names, at = uploaded(deployment, [each.file for _, each in part]), deployment.clock()

    def plan(position: int, each: BatchItem) -> Plan[State, Event]:
        filename = names[each.file].filename if each.file in names else ""
        placement = Placement(state.created_at, position)
        return Plan(
            STORE_FILE,
            ids.store_file_stream(store, each.file),
            lambda found: _unless_deleted(
                found,
                store_file.cancel(found, at, batch, state.created_at, placement, each, filename),
                at,
                deleted=each.file not in names,
            ),
        )

    return deployment.streams.decide_all([plan(*one) for one in part], meta=_meta(loaded))


def _attach(
    deployment: Deployment, store: str, loaded: Loaded[Batch], part: Sequence[tuple[int, BatchItem]]
) -> list[Outcome[State, Event]]:
    batch, state = loaded.stream, loaded.state
    if state.owner is None:
        return []
    at, caller = deployment.clock(), Caller(state.owner.project, state.owner.user)
    files = uploaded(deployment, [each.file for _, each in part])
    seen = {file: found for file, found in files.items() if found.owner and caller.sees(found.owner)}
    holders = (
        duplicates.holders(deployment, store, [(file, found.sha256) for file, found in seen.items()])
        if state.skip_duplicates
        else {}
    )

    def plan(position: int, each: BatchItem) -> Plan[State, Event]:
        known = seen.get(each.file)
        command = Attach(
            at=at,
            asked_at=state.created_at,
            by=batch,
            placement=Placement(state.created_at, position),
            filename=known.filename if known else "",
            sha256=known.sha256 if known else "",
            attributes=each.attributes,
            chunking=each.chunking,
        )

        def decide(found: State) -> Sequence[Event]:
            if each.file in holders:
                return store_file.refuse_duplicate(found, command, holders[each.file])
            return _unless_deleted(found, store_file.attach(found, command), at, deleted=known is None)

        return Plan(STORE_FILE, ids.store_file_stream(store, each.file), decide)

    return deployment.streams.decide_all([plan(*one) for one in part], meta=_meta(loaded))


def _meta(batch: Loaded[Batch]) -> str:
    """Of what a batch does to its files: whose it is, and the request that made or cancelled it, at whatever time and
    place that is done.
    """
    owner, newest = batch.state.owner, batch.newest
    return meta_of(owner.name if owner else "", request_behind(newest.meta) if newest else "")


def _unless_deleted(found: State, events: Sequence[Event], at: int, *, deleted: bool) -> Sequence[Event]:
    """What a batch decides on a file; one that was deleted meanwhile leaves the store again in the same commit."""
    if not deleted or not events:
        return events
    return [*events, *store_file.detach(codec.fold(STORE_FILE, events, found), at, "file_deleted")]
