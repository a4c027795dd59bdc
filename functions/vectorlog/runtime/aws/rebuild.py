"""Views of a deployment, made anew in the table that its functions write and do not read; and its index, beside the one
that serves.
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
from vectorlog.operations.rebuild_index import Refill
from vectorlog.operations.rebuild_views import Projection
from vectorlog.operations.transfer.contents import Watch
from vectorlog.retry import NO_JITTER, REAL_TIME, RetryPolicy, Timing, retrying
from vectorlog.runtime.aws import wiring
from vectorlog.views.views import Views

FILLING = RetryPolicy(attempts=8, first_s=1, jitter=NO_JITTER)
"""Of a step while a new table takes fewer writes a second than it will: about two minutes in all."""


class NoTable(Exception):
    """The deployment's functions write no second table of views; the message says what to do."""


def check_tables() -> None:
    """Whether there is a table to fill.

    Raises:
        NoTable: no second table is written.
    """
    if not wiring.deployment().views.tables[1:]:
        raise NoTable(
            "This deployment writes one table of views. Deploy it with a second one first, which is written "
            "and not read."
        )


def views(watch: Watch, timing: Timing = REAL_TIME) -> int:
    """Projects the log into the table that `VECTORLOG_VIEWS_ALSO` names; gives how many commits there were.

    It is right when no function runs any more that does not write to that table (`aws_stack.settled_at`): what came
    into the log before this began, it reads there; what comes later, those functions project. Done again, it changes
    nothing.

    Raises:
        NoTable: no second table is written.
        UnknownSchema: newer code wrote a commit.
        Unavailable: DynamoDB was too busy for too long; what was done need not be undone.
    """
    check_tables()
    deployment = wiring.deployment()
    table, *others = deployment.views.tables[1:]
    fresh = Views(table, timing, others)
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
    _retrying(partial(projection.settle, fresh), timing)
    return count


def index(watch: Watch, timing: Timing = REAL_TIME) -> Refill:
    """Fills a new index for each model from the artefacts, lets it take the old one's place, and drops that. Functions
    run meanwhile, and none needs another configuration. Done again from anywhere, it ends the same.

    Raises:
        NoIndex: another rebuild of the index is under way.
        Unavailable: OpenSearch was too busy for too long; what was done is begun again.
    """
    deployment, found = wiring.deployment(), wiring.index()
    succession = Succession(found, sorted(_spaces(deployment, watch), key=astuple), timing.sleep)
    succession.begin()
    refill = Refill(deployment.streams, deployment.blobs, succession, succession.takes)
    refill.fill(watch)
    succession.switch()
    succession.drop()
    return refill


def _spaces(deployment: Deployment, watch: Watch) -> set[Space]:
    """Of all stores that live."""
    spaces: dict[str, Space] = {}
    for commit in watch("commits", deployment.streams.log.scan(), None):
        if isinstance(parse_stream(commit.stream), StoreId):
            state = deployment.streams.decode_as(VECTOR_STORE, commit).state
            spaces[commit.stream] = state.space
            if state.ended:
                del spaces[commit.stream]
    return set(spaces.values())


def _retrying(step: Callable[[], object], timing: Timing) -> None:
    retrying("rows of the new table", FILLING, step, on=Unavailable, timing=timing)
