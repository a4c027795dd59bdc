"""Steps on the files of a batch: checking them before the batch is created, attaching and cancelling them, and showing
them before the batch has reached them.

Request handlers and workers share these steps. Each may be repeated, and several may run in parallel.
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
from vectorlog.event_log.provenance import causing_request, meta_of
from vectorlog.event_log.streams import Loaded, Outcome, Plan
from vectorlog.use_cases import duplicates, manifests
from vectorlog.use_cases.actor import Actor
from vectorlog.views import keys
from vectorlog.views.views import Counts

STEP = 100
"""The number of files that one step attaches or cancels: as many as one BatchGetItem reads."""


def uploaded(deployment: Deployment, files: Sequence[str]) -> dict[str, uploaded_file.State]:
    """Returns those of the uploaded files that are neither deleted nor expired, by id."""
    now, available = deployment.clock(), {}
    rows = deployment.views.rows([keys.file(file) for file in files])
    for file in files:
        row = rows.get(keys.file(file))
        state = codec.decode_state(UPLOADED_FILE, row.data) if row else None
        if row and state is None:
            state = deployment.streams.load(UPLOADED_FILE, file).state
        if state is not None and state.is_available(now):
            available[file] = state
    return available


def check(
    deployment: Deployment,
    actor: Actor,
    store: str,
    listed: Sequence[BatchItem],
    param: str,
    *,
    skip_duplicates: bool = False,
) -> None:
    """Checks that the caller may see every file, and that each may be attached to the store.

    Raises:
        NotFound: a file does not exist or the caller may not see it; the error names the first, and the field `param`.
        DuplicateContent: the deployment refuses the same bytes twice in a store.
    """
    files = uploaded(deployment, [each.file for each in listed])
    for each in listed:
        state = files.get(each.file)
        if state is None or state.owner is None or not actor.caller.sees(state.owner):
            raise errors.file_not_found(each.file, param)
    if not skip_duplicates:
        duplicates.refuse(deployment, store, [(each.file, files[each.file].sha256) for each in listed])


def attach_step(
    deployment: Deployment, store: str, batch: str, cursor: int
) -> tuple[list[Outcome[State, Event]], int | None]:
    """Attaches the next `STEP` files of a batch, from position `cursor` on. Returns the outcomes, and the position at
    which to continue (None: all files are done).
    """
    loaded = deployment.streams.load(FILE_BATCH, batch)
    state = loaded.state
    if state.cancelled:
        return [], None
    listed = manifests.read(deployment, loaded)
    part = list(enumerate(listed))[cursor : cursor + STEP]
    outcomes = _attach(deployment, store, loaded, part)
    if state.skip_duplicates:  # the next step has to see the bytes of these files in the store
        deployment.views.show(outcomes)
    return outcomes, (cursor + STEP if cursor + STEP < len(listed) else None)


def cancel_step(
    deployment: Deployment, store: str, batch: str, cursor: int
) -> tuple[list[Outcome[State, Event]], int | None]:
    """Cancels the next `STEP` files of a batch, including those that it has not reached yet; see `attach_step`."""
    loaded = deployment.streams.load(FILE_BATCH, batch)
    listed = manifests.read(deployment, loaded)
    part = list(enumerate(listed))[cursor : cursor + STEP]
    outcomes = _cancel(deployment, store, loaded, part)
    return outcomes, (cursor + STEP if cursor + STEP < len(listed) else None)


def fan_out_small(deployment: Deployment, batch: str, count: int) -> None:
    """Attaches all files of a batch that has at most `Deployment.inline_files`, before its request is answered. The
    fan-out message then finds nothing left to do.
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
    """Closes a batch if the rows show that it has reached all of its files; returns whether they do."""
    total = deployment.streams.load(FILE_BATCH, batch).state.count
    if deployment.views.batch_counts(batch, total).unreached > 0:
        return False
    deployment.views.close_batch(store, batch)
    return True


def flush(deployment: Deployment, store: str, file: str, counts: Counts) -> bool:
    """Attaches (or cancels) a file for every batch that names it and has not reached all of its files, the oldest batch
    first, so that a newer command comes after them. `counts` are the store's. Returns whether there may have been any.
    """
    if counts.unreached <= 0:
        return False
    for batch, position, each in _open_batches_with(deployment, store, file):
        reach = _cancel if batch.state.cancelled else _attach
        outcomes = reach(deployment, store, batch, [(position, each)])
        deployment.views.show(outcomes)
    return True


def pending(deployment: Deployment, store: str, file: str, current: State) -> State | None:
    """Returns the state that a file which is not in the store will have once a batch reaches it; None if no batch has
    yet to reach it. `current` is the state in the file's stream.
    """
    if deployment.views.store_counts(store).unreached <= 0:
        return None
    for batch, position, each in _open_batches_with(deployment, store, file):
        state = batch.state
        done = current.has_seen(batch.stream) or state.created_at < current.detached_at
        uploaded_state = None if done else uploaded(deployment, [file]).get(file)
        if uploaded_state is not None:
            return expected(state, position, each, uploaded_state)
    return None


def expected(batch: Batch, position: int, each: BatchItem, file: uploaded_file.State) -> State:
    """Returns the state that a file will have once the batch, which has named it at `position`, reaches it."""
    return State(
        attached=True,
        filename=file.filename,
        sha256=file.sha256,
        placement=Placement(batch.created_at, position),
        status="cancelled" if batch.cancelled else "in_progress",
        attributes=each.attributes,
        chunking=each.chunking,
    )


def open_batches(deployment: Deployment, store: str) -> list[Loaded[Batch]]:
    """Loads the batches of a store that have not reached all of their files, the oldest first."""
    loaded = deployment.streams.load_many(FILE_BATCH, deployment.views.open_batches(store))
    batches = [each for each in loaded.values() if each.state.exists]
    return sorted(batches, key=lambda batch: (batch.state.created_at, batch.stream))


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
            lambda current: _detach_if_deleted(
                current,
                store_file.cancel(current, at, batch, state.created_at, placement, each, filename),
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
    visible = {file: found for file, found in files.items() if found.owner and caller.sees(found.owner)}
    holders = (
        duplicates.holders(deployment, store, [(file, found.sha256) for file, found in visible.items()])
        if state.skip_duplicates
        else {}
    )

    def plan(position: int, each: BatchItem) -> Plan[State, Event]:
        uploaded_state = visible.get(each.file)
        command = Attach(
            at=at,
            asked_at=state.created_at,
            by=batch,
            placement=Placement(state.created_at, position),
            filename=uploaded_state.filename if uploaded_state else "",
            sha256=uploaded_state.sha256 if uploaded_state else "",
            attributes=each.attributes,
            chunking=each.chunking,
        )

        def decide(current: State) -> Sequence[Event]:
            if each.file in holders:
                return store_file.refuse_duplicate(current, command, holders[each.file])
            events = store_file.attach(current, command)
            return _detach_if_deleted(current, events, at, deleted=uploaded_state is None)

        return Plan(STORE_FILE, ids.store_file_stream(store, each.file), decide)

    return deployment.streams.decide_all([plan(*one) for one in part], meta=_meta(loaded))


def _meta(batch: Loaded[Batch]) -> str:
    """Returns the meta of commits that a batch causes in its files' streams: the batch's owner, and the request that
    created or cancelled the batch, no matter which process makes the commits.
    """
    owner, newest = batch.state.owner, batch.newest
    request = causing_request(newest.meta) if newest else ""
    return meta_of(owner.name, request, owner.project) if owner else meta_of("", request)


def _detach_if_deleted(current: State, events: Sequence[Event], at: int, *, deleted: bool) -> Sequence[Event]:
    """Returns the events, followed by a detach in the same commit if the uploaded file was deleted meanwhile."""
    if not deleted or not events:
        return events
    return [*events, *store_file.detach(codec.fold(STORE_FILE, events, current), at, "file_deleted")]
