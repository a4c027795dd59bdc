"""The sweep: it ends or retries whatever has passed its deadline."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, assert_never

from vectorlog.deployment import Deployment
from vectorlog.domain import store_file, upload, uploaded_file, vector_store
from vectorlog.domain.ids import FileId, StoreFileId, StoreId, UploadId
from vectorlog.domain.store_file import Failure
from vectorlog.event_log.codec import FILE_BATCH, STORE_FILE, UPLOAD, UPLOADED_FILE, VECTOR_STORE, decode_state
from vectorlog.event_log.provenance import Origin, causing_request, meta_of, origin_of, was_imported
from vectorlog.event_log.streams import Loaded, Outcome
from vectorlog.reactions.projector import Projector
from vectorlog.telemetry.telemetry import FileRef
from vectorlog.views import keys
from vectorlog.views.deadlines import INGEST_DEADLINE_MS
from vectorlog.views.table import Put, Row, RowConflict
from vectorlog.work.messages import FanOut, Replay

NEWEST_COMMITS = 1000
"""How many of a stream's commits are searched for the one that attached the file."""
AGAIN_MS = 3_600_000
"""The deadline of a batch whose fan-out was sent again, in ms from then."""
OVERDUE = Failure("server_error", "The file was not ingested within a day. Attach it again to retry.")
ACTOR = "sweep"

log = logging.getLogger(__name__)


def sweep(deployment: Deployment, projector: Projector, limit: int = 100) -> int:
    """Handles up to `limit` rows whose deadline has passed, and returns the number of rows that it handled.

    A row that fails is logged and left for the next sweep; the other rows are handled nevertheless.
    """
    handled = 0
    for row in deployment.views.table.due(deployment.clock(), limit):
        try:
            _end_or_retry(deployment, projector, row)
        except Exception:
            log.exception("the row %s %s has passed its deadline and could not be handled", *row.key)
        else:
            handled += 1
    return handled


def _end_or_retry(deployment: Deployment, projector: Projector, row: Row) -> None:
    at, subject, meta = deployment.clock(), keys.subject(row.key), meta_of(ACTOR)
    outcome: Outcome[Any, Any]
    match subject:
        case keys.Unreached(store, batch):
            newest = deployment.streams.load(FILE_BATCH, batch).newest
            if newest is None or not was_imported(newest):  # an import fans its batches out once it has all commits
                projector.send([(store, FanOut(store, batch))])
            deployment.views.table.write([Put(row.key, row.version + 1, row.version, row.data, deadline=at + AGAIN_MS)])
            return
        case FileId(file):
            outcome = deployment.streams.decide(
                UPLOADED_FILE, file, lambda state: uploaded_file.expire(state, at), meta=meta
            )
        case UploadId(id):
            outcome = deployment.streams.decide(UPLOAD, id, lambda state: upload.expire(state, at), meta=meta)
        case StoreId(store):
            outcome = deployment.streams.decide(
                VECTOR_STORE, store, lambda state: vector_store.expire(state, at), meta=meta
            )
        case StoreFileId():
            loaded = deployment.streams.load(STORE_FILE, str(subject))
            if _put_off(deployment, loaded, row, at):
                return
            outcome = _fail_overdue(deployment, subject, loaded, at)
        case _ as never:
            assert_never(never)
    deployment.views.show([outcome])  # so that the next sweep does not find the same row
    if outcome.decision is None:
        log.warning("the row of %s was out of date; its stream will be replayed", subject)
        projector.send([(str(subject), Replay(str(subject)))])


def _put_off(deployment: Deployment, loaded: Loaded[store_file.State], row: Row, at: int) -> bool:
    """Gives a file more time if its deadline has passed while the deployment was off; returns whether it did.

    The row gets the new deadline, so that the next sweep does not find it. If it has changed meanwhile, its new version
    has a deadline of its own.
    """
    opened, shown = loaded.state.open, decode_state(STORE_FILE, row.data)
    if opened is None or shown is None or shown.open is None or shown.open.generation != opened.generation:
        return False
    left = INGEST_DEADLINE_MS - deployment.worked(opened.since, at)
    if left > 0:
        later = Put(row.key, row.version, row.version, data=row.data, status=row.status, deadline=at + left)
        with suppress(RowConflict):
            deployment.views.table.write([later])
    return left > 0


def _fail_overdue(
    deployment: Deployment, id: StoreFileId, loaded: Loaded[store_file.State], at: int
) -> Outcome[store_file.State, store_file.Event]:
    origin = _attached_by(deployment, loaded)

    def fail(state: store_file.State) -> Sequence[store_file.Event]:
        overdue = state.open is not None and deployment.worked(state.open.since, at) >= INGEST_DEADLINE_MS
        return store_file.fail(state, at, state.generation, OVERDUE) if overdue else []

    meta = meta_of(ACTOR, origin.request, origin.project)
    outcome = deployment.streams.decide(STORE_FILE, str(id), fail, meta=meta, loaded=loaded)
    if outcome.decision:
        ref = FileRef(id.store, id.file, outcome.state.generation, origin.request)
        deployment.telemetry.file_given_up(ref, "it was not ingested within a day")
    return outcome


def _attached_by(deployment: Deployment, loaded: Loaded[store_file.State]) -> Origin:
    """Returns the origin of the newest generation; later commits may be other requests'."""
    first = max(0, loaded.version + 1 - NEWEST_COMMITS)
    for commit in reversed(deployment.streams.log.read(loaded.stream, first, NEWEST_COMMITS)):
        events = deployment.streams.decode_as(STORE_FILE, commit).events
        if any(isinstance(each, store_file.FileAttached) and not each.joins for each in events):
            return Origin(request=causing_request(commit.meta), project=origin_of(commit.meta).project)
    return Origin()
