"""The sweep: whatever is past its deadline is ended, or sent on its way again."""

from __future__ import annotations

import logging
from typing import Any

from vectorlog.deployment import Deployment
from vectorlog.domain import store_file, uploaded_file, vector_store
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.store_file import Failure
from vectorlog.event_log.codec import STORE_FILE, UPLOADED_FILE, VECTOR_STORE
from vectorlog.event_log.provenance import meta_of, request_behind
from vectorlog.event_log.streams import Outcome
from vectorlog.reactions.projector import Projector
from vectorlog.telemetry.telemetry import FileRef
from vectorlog.views import keys
from vectorlog.views.projection import INGEST_DEADLINE_MS
from vectorlog.views.table import Put, Row
from vectorlog.work.messages import FanOut, Replay

AGAIN_MS = 3_600_000
"""How long a batch has, once it was sent on its way again."""
OVERDUE = Failure("server_error", "The file was not ingested within a day. Attach it again to retry.")
ACTOR = "sweep"

log = logging.getLogger(__name__)


def sweep(deployment: Deployment, projector: Projector, limit: int = 100) -> int:
    """Looks at up to `limit` rows whose deadline is over; gives the number of those that it settled.

    One that cannot be settled is left for the next sweep, and holds up none behind it.
    """
    settled = 0
    for row in deployment.views.table.due(deployment.clock(), limit):
        try:
            _settle(deployment, projector, row)
        except Exception:
            log.exception("the row %s %s could not be settled", *row.key)
        else:
            settled += 1
    return settled


def _settle(deployment: Deployment, projector: Projector, row: Row) -> None:
    kind, _, rest = row.key.pk.partition("#")
    at = deployment.clock()
    if kind == "FILE":
        stream = rest
        outcome: Outcome[Any, Any] = deployment.streams.decide(
            UPLOADED_FILE, stream, lambda state: uploaded_file.expire(state, at), meta=meta_of(ACTOR)
        )
    elif rest.endswith("#B"):
        store, batch = rest.removesuffix("#B"), keys.thing_of(row.key.sk)
        projector.send([(store, FanOut(store, batch))])
        deployment.views.table.write([Put(row.key, row.version + 1, row.version, deadline=at + AGAIN_MS)])
        return
    elif row.key.sk == keys.COUNTS:
        stream = rest
        outcome = deployment.streams.decide(
            VECTOR_STORE, stream, lambda state: vector_store.expire(state, at), meta=meta_of(ACTOR)
        )
    else:
        file = keys.thing_of(row.key.sk)
        stream = store_file_stream(rest, file)
        loaded = deployment.streams.load(STORE_FILE, stream)
        request = request_behind(loaded.newest.meta) if loaded.newest else ""

        def fail(state: store_file.State) -> list[store_file.Event]:
            return list(store_file.fail(state, at, state.generation, OVERDUE)) if _overdue(state, at) else []

        outcome = deployment.streams.decide(
            STORE_FILE, stream, fail, meta=meta_of(ACTOR, request), loaded=loaded
        )  # the request is the one that asked for this ingest
        if outcome.decision:
            ref = FileRef(rest, file, outcome.state.generation, request)
            deployment.telemetry.file_given_up(ref, "it was not ingested within a day")
    deployment.views.show([outcome])  # so that the next sweep does not meet the same row
    if outcome.decision is None:
        log.warning("the row of %s was behind its stream", stream)
        projector.send([(stream, Replay(stream))])


def _overdue(state: store_file.State, at: int) -> bool:
    return state.open is not None and at - state.open.since >= INGEST_DEADLINE_MS
