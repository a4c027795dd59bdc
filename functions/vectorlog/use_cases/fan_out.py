"""Steps of a batch's fan-out and of its cancel, and reaching a file for a batch before a newer command does.

Request handlers and workers share these steps. Each may be repeated, and several may run in parallel.
"""

from __future__ import annotations

from collections.abc import Sequence

from vectorlog.deployment import Deployment
from vectorlog.domain import ids, store_file
from vectorlog.domain.file_batch import State as Batch
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.store_file import Attach, Event, Placement, State
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log import codec
from vectorlog.event_log.codec import FILE_BATCH, STORE_FILE, UPLOADED_FILE
from vectorlog.event_log.provenance import causing_request, meta_of
from vectorlog.event_log.streams import Loaded, Plan
from vectorlog.use_cases import access, batch_files, duplicates, history, manifests, open_batches
from vectorlog.views.counts import Counts

STEP = 100
"""The number of files that one step attaches or cancels: as many as one BatchGetItem reads."""

Part = Sequence[tuple[int, BatchItem]]
"""Some files of a batch, each with its position."""


def attach_step(deployment: Deployment, store: str, batch: str, cursor: int) -> int | None:
    """Attaches the next `STEP` files of a batch, from position `cursor` on, and writes their rows. Returns the position
    at which to continue (None: all files are done).
    """
    loaded = deployment.streams.load(FILE_BATCH, batch)
    return None if loaded.state.cancelled else _step(deployment, store, loaded, cursor)


def cancel_step(deployment: Deployment, store: str, batch: str, cursor: int) -> int | None:
    """Cancels the next `STEP` files of a cancelled batch, including those that it has not reached yet; see
    `attach_step`.
    """
    return _step(deployment, store, deployment.streams.load(FILE_BATCH, batch), cursor)


def fan_out_small(deployment: Deployment, batch: str, count: int) -> None:
    """Attaches all files of a batch that has at most `Deployment.inline_files`, before its request is answered. The
    fan-out message then finds nothing left to do.

    The batch is loaded once: where a cancel comes in between, the files' own streams say so.
    """
    if count > deployment.inline_files:
        return
    loaded = deployment.streams.load(FILE_BATCH, batch)
    cursor: int | None = None if loaded.state.cancelled else 0
    while cursor is not None:
        cursor = _step(deployment, loaded.state.store, loaded, cursor)
    _close_if_reached(deployment, loaded.state.store, loaded)


def close_if_reached(deployment: Deployment, store: str, batch: str) -> bool:
    """Closes a batch if the rows show that it has reached all of its files; returns whether they do."""
    return _close_if_reached(deployment, store, deployment.streams.load(FILE_BATCH, batch))


def flush(deployment: Deployment, store: str, file: str, counts: Counts) -> bool:
    """Attaches (or cancels) a file for every batch that names it and has yet to reach it, the oldest batch first, so
    that a newer command comes after them. `counts` are the store's. Returns whether there may have been any.
    """
    if counts.unreached <= 0:
        return False
    _reach_for(deployment, store, {file})
    return True


def _close_if_reached(deployment: Deployment, store: str, loaded: Loaded[Batch]) -> bool:
    if deployment.views.batch_counts(loaded.stream, loaded.state.count).unreached > 0:
        return False
    deployment.views.close_batch(store, loaded.stream)
    return True


def _step(deployment: Deployment, store: str, loaded: Loaded[Batch], cursor: int) -> int | None:
    listed = manifests.read(deployment, loaded)
    part = list(enumerate(listed))[cursor : cursor + STEP]
    if loaded.state.known:  # so that the store never counts a file twice, and older batches come first
        _reach_for(deployment, store, {each.file for _, each in part if each.known}, before=loaded)
    _reach(deployment, store, loaded, part)
    if cursor + STEP >= len(listed):
        return None
    deployment.views.note_reached(store, loaded.stream, cursor + STEP)
    return cursor + STEP


def _reach_for(deployment: Deployment, store: str, files: set[str], before: Loaded[Batch] | None = None) -> None:
    """Reaches these files for all open batches that name them (and were created before this one), the oldest first."""
    for batch in open_batches.load(deployment, store):
        if before is not None and batch.created_at >= before.state.created_at:
            return
        if part := batch.unreached(deployment, files):
            _reach(deployment, store, batch.loaded, part)


def _reach(deployment: Deployment, store: str, loaded: Loaded[Batch], part: Part) -> None:
    if loaded.state.cancelled:
        _cancel(deployment, store, loaded, part)
    else:
        _attach(deployment, store, loaded, part)


def _cancel(deployment: Deployment, store: str, loaded: Loaded[Batch], part: Part) -> None:
    batch, state = loaded.stream, loaded.state
    names, at = batch_files.uploaded(deployment, [each.file for _, each in part]), deployment.clock()
    erased = _erased(deployment, [each.file for _, each in part if each.file not in names])

    def plan(position: int, each: BatchItem) -> Plan[State, Event]:
        filename = names[each.file].filename if each.file in names else ""
        placement, stream = Placement(state.created_at, position), ids.store_file_stream(store, each.file)

        def decide(current: State) -> Sequence[Event]:
            if _reached_before(deployment, stream, current, loaded):
                return []
            events = store_file.cancel(current, at, batch, state.created_at, placement, each, filename)
            if each.file in erased:
                return _erase(deployment, stream, events, at)
            return _detach_if_deleted(current, events, at, deleted=each.file not in names)

        return Plan(STORE_FILE, stream, decide)

    deployment.views.show(deployment.streams.decide_all([plan(*one) for one in part], meta=_meta(loaded)))


def _attach(deployment: Deployment, store: str, loaded: Loaded[Batch], part: Part) -> None:
    state = loaded.state
    if state.owner is None:
        return
    caller = Caller(state.owner.project, state.owner.user)
    files = batch_files.uploaded(deployment, [each.file for _, each in part])
    visible = {file: found for file, found in files.items() if access.sees_file(found, caller)}
    erased = _erased(deployment, [each.file for _, each in part if each.file not in files])
    at, remedy = deployment.clock(), duplicates.remedy(skipping=state.skip_duplicates)
    contents = [(file, found.sha256) for file, found in visible.items()]

    def plan(position: int, each: BatchItem, holder: str | None) -> Plan[State, Event]:
        uploaded, stream = visible.get(each.file), ids.store_file_stream(store, each.file)

        def decide(current: State) -> Sequence[Event]:
            if _reached_before(deployment, stream, current, loaded):
                return []
            known = uploaded or current  # what the store knows of a file that was deleted meanwhile
            command = Attach(
                at=at,
                asked_at=state.created_at,
                by=loaded.stream,
                placement=Placement(state.created_at, position),
                filename=known.filename,
                sha256=known.sha256,
                attributes=each.attributes,
                chunking=each.chunking,
                known=each.known,
            )
            if holder is not None:
                return store_file.refuse_duplicate(current, command, holder, remedy)
            events = store_file.attach(current, command)
            if each.file in erased:
                return _erase(deployment, stream, events, at)
            return _detach_if_deleted(current, events, at, deleted=uploaded is None)

        return Plan(STORE_FILE, stream, decide)

    with duplicates.claimed(deployment, store, contents, skipping=state.skip_duplicates) as holders:
        plans = [plan(position, each, holders.get(each.file)) for position, each in part]
        deployment.views.show(deployment.streams.decide_all(plans, meta=_meta(loaded)))


def _reached_before(deployment: Deployment, stream: str, current: State, batch: Loaded[Batch]) -> bool:
    """Whether a batch that the file's state has forgotten has reached the file; decisions know the others."""
    name, created_at = batch.stream, batch.state.created_at
    forgotten = current.may_have_forgotten(name, created_at)
    return forgotten and open_batches.was_reached(deployment, stream, current, name, created_at)


def _meta(batch: Loaded[Batch]) -> str:
    """Returns the meta of commits that a batch causes in its files' streams: the batch's owner, and the request that
    created or cancelled the batch, no matter which process makes the commits.
    """
    owner, newest = batch.state.owner, batch.newest
    request = causing_request(newest.meta) if newest else ""
    return meta_of(owner.name, request, owner.project) if owner else meta_of("", request)


def _erased(deployment: Deployment, unavailable: Sequence[str]) -> set[str]:
    """Returns those of the files that are erased, and not only deleted or expired."""
    if not unavailable:
        return set()
    loaded = deployment.streams.load_many(UPLOADED_FILE, unavailable)
    return {file for file, each in loaded.items() if each.state.erased}


def _erase(deployment: Deployment, stream: str, events: Sequence[Event], at: int) -> Sequence[Event]:
    """Returns the events without content, followed by the erasure of the file's history in the store. It also has the
    batch's manifest cleaned (`reactions/erasure.py`).
    """
    if not events:
        return []
    stored = store_file.without_content(events)
    earlier = history.events_of_store_file(deployment, stream)
    return [*stored, *store_file.erase([*earlier, *stored], at, "file_deleted")]


def _detach_if_deleted(current: State, events: Sequence[Event], at: int, *, deleted: bool) -> Sequence[Event]:
    """Returns the events, followed by a detach in the same commit if the uploaded file was deleted meanwhile."""
    if not deleted or not events:
        return events
    return [*events, *store_file.detach(codec.fold(STORE_FILE, events, current), at, "file_deleted")]
