"""Rebuilds a deployment's views, index and chunks while it runs.

New views go to the table that the functions write but do not read. A new index is built next to the serving one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple
from functools import partial

from vectorlog.deployment import Deployment
from vectorlog.domain.errors import Unavailable
from vectorlog.domain.ids import StoreId, parse_stream
from vectorlog.domain.vectors import Space
from vectorlog.event_log.codec import VECTOR_STORE
from vectorlog.event_log.event_log import Commit
from vectorlog.index.opensearch.succession import Succession
from vectorlog.operations.lasting_tombstones import lasting
from vectorlog.operations.progress import Watch
from vectorlog.operations.rebuild_chunks import Reread, reread
from vectorlog.operations.rebuild_index import Refill
from vectorlog.operations.rebuild_views import Projection
from vectorlog.retry import NO_JITTER, REAL_TIME, RetryPolicy, Timing, retrying
from vectorlog.runtime.aws import wiring
from vectorlog.views.views import Views

FILLING = RetryPolicy(attempts=8, first_s=1, jitter=NO_JITTER)
"""Retries a step for about two minutes in all, because a new table at first takes fewer writes per second."""


class NoTable(Exception):
    """The deployment's functions do not write a second table of views. The message says what to do."""


def check_tables() -> None:
    """Checks that there is a table to fill.

    Raises:
        NoTable: the functions write no second table.
    """
    if not wiring.deployment().views.tables[1:]:
        raise NoTable(
            "This deployment writes one table of views. Deploy it with a second one first, which is written "
            "but not read."
        )


def views(watch: Watch, timing: Timing = REAL_TIME) -> int:
    """Projects the log into the table that `VECTORLOG_VIEWS_ALSO` names. Returns the number of commits.

    Call it only when every running function writes to that table too (see `stack.old_functions_end_at`). Commits from
    before the call are then read from the log, and later ones are projected by the functions. Repeating it changes
    nothing.

    Raises:
        NoTable: the functions write no second table.
        UnknownSchema: newer code wrote a commit.
        Unavailable: DynamoDB was too busy for too long. Rows that were written may stay.
    """
    check_tables()
    deployment = wiring.deployment()
    table, *others = deployment.views.tables[1:]
    fresh = Views(lasting(table, deployment.clock), timing, others)
    count = 0

    def counted() -> Iterator[Commit]:
        nonlocal count
        for commit in deployment.streams.log.scan():
            count += 1
            yield commit

    def together(*steps: Callable[[], object]) -> None:
        for _ in wiring.readers().map(lambda step: _retrying(step, timing), steps):
            continue

    projection = Projection(deployment.streams, together)
    projection.take(watch("commits", counted(), None), fresh)
    _retrying(partial(projection.apply_work, fresh), timing)
    return count


def chunks(watch: Watch) -> Reread:
    """Has files read again whose chunks an earlier version made. The functions do it, as they see the commits.

    Raises:
        UnknownSchema: newer code wrote a commit.
    """
    deployment = wiring.deployment()
    return reread(deployment.streams, deployment.views, deployment.blobs, deployment.clock, watch)


def index(watch: Watch, timing: Timing = REAL_TIME) -> Refill:
    """Fills a new index for each model from the artefacts, switches to it, and drops the old one.

    The functions keep running and need no other configuration. Repeating it after any failure gives the same result.

    Raises:
        NoIndex: another rebuild of the index is under way.
        Unavailable: OpenSearch was too busy for too long. A repetition starts over.
    """
    deployment, opensearch = wiring.deployment(), wiring.index()
    succession = Succession(opensearch, sorted(_spaces(deployment, watch), key=astuple), timing.sleep)
    succession.begin()
    refill = Refill(deployment.streams, deployment.blobs, succession, succession.takes)
    refill.fill(watch)
    succession.switch()
    succession.drop()
    return refill


def _spaces(deployment: Deployment, watch: Watch) -> set[Space]:
    """Returns the spaces of all stores that are neither expired nor deleted."""
    spaces: dict[str, tuple[Space, ...]] = {}
    for commit in watch("commits", deployment.streams.log.scan(), None):
        if isinstance(parse_stream(commit.stream), StoreId):
            state = deployment.streams.decode_as(VECTOR_STORE, commit).state
            spaces[commit.stream] = state.spaces
            if state.ended:
                del spaces[commit.stream]
    return {space for of_store in spaces.values() for space in of_store}


def _retrying(step: Callable[[], object], timing: Timing) -> None:
    retrying("rows of the new table", FILLING, step, on=Unavailable, timing=timing)
