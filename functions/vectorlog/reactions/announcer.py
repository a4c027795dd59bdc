"""Puts what others are told into the outbox: for each webhook endpoint that wants it, and for the event bus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Protocol

from vectorlog.defaults import DAY_MS
from vectorlog.deployment import one_by_one
from vectorlog.domain import store_file
from vectorlog.domain.file_batch import FileBatchCreated
from vectorlog.domain.outgoing_event import OutgoingEvent, OutgoingType
from vectorlog.event_log import codec
from vectorlog.event_log.codec import FILE_BATCH, VECTOR_STORE, WEBHOOK_ENDPOINT
from vectorlog.event_log.decision import AnyDecision, is_batch, is_store_file
from vectorlog.event_log.provenance import causing_request, origin_of
from vectorlog.event_log.streams import Streams
from vectorlog.reactions.announcements import announcements
from vectorlog.use_cases.webhooks import MAX_ENDPOINTS
from vectorlog.views import keys, webhook_keys
from vectorlog.views.counts import batch_counts_of
from vectorlog.views.table import Row
from vectorlog.views.views import Views
from vectorlog.webhooks import payload
from vectorlog.webhooks.outbox import BUS, NO_STORE, Lane, Outbox
from vectorlog.work.messages import Deliver, EndBatch

GIVE_UP_MS = 3 * DAY_MS
"""For how long an event is sent: for three days, delivery is tried, and what is older is not sent at all. So a feed
that begins anew, after damage, sends nothing that nobody expects any more.
"""


class Steps(Protocol):
    """Runs steps, in parallel or one by one."""

    def __call__(self, *steps: Callable[[], object]) -> object:
        """Runs all steps, and returns when they are done."""
        ...


class Announcer:
    """Tells others of commits, through the outbox.

    Args:
        streams: the log.
        views: has the endpoints, and the counts of batches.
        outbox: where events wait.
        clock: in ms since 1970.
        bus: whether all events also go to an event bus.
        together: runs steps in parallel.
    """

    def __init__(
        self,
        streams: Streams,
        views: Views,
        outbox: Outbox,
        clock: Callable[[], int],
        *,
        bus: bool = False,
        together: Steps = one_by_one,
    ) -> None:
        self._streams = streams
        self._views = views
        self._outbox = outbox
        self._clock = clock
        self._bus = bus
        self._together = together

    def announce(self, decisions: Iterable[AnyDecision]) -> list[Deliver]:
        """Puts what others are told of commits into the outbox; returns the messages that have it sent. Done again, it
        sends the same events again.
        """
        return self.put([event for decision in decisions for event in announcements(decision)])

    def put(self, events: Sequence[OutgoingEvent], since: int | None = None) -> list[Deliver]:
        """Puts events into the outbox, in their order; returns the messages that have them sent.

        Args:
            events: what is told.
            since: events before it are left out, in ms since 1970; None leaves out those that are too old to be sent.
        """
        first = self._clock() - GIVE_UP_MS if since is None else since
        told = [(event, self._project(event)) for event in events if event.at >= first]
        wanted = {project: self._endpoints(project) for project in dict.fromkeys(project for _, project in told)}
        lanes: dict[tuple[Lane, str], list[tuple[str, str]]] = defaultdict(list)
        for event, project in told:
            receivers = [id for id, types in wanted[project] if event.type in types]
            if not (receivers or self._bus):
                continue
            store, body = event.store or NO_STORE, payload.encode(event)
            for receiver in receivers:
                lanes[Lane(receiver, store), project].append((event.id, body))
            if self._bus:
                lanes[Lane(BUS, store), project].append((event.id, payload.encode(event, project)))
        self._together(*(partial(self._outbox.append, lane, waiting) for (lane, _), waiting in lanes.items()))
        return [Deliver(lane.receiver, lane.store, project=project) for lane, project in lanes]

    def ended_batches(self, decisions: Iterable[AnyDecision]) -> list[EndBatch]:
        """Returns a message for each batch of which these commits may have ended the last file. Their rows must be
        written. Commits that are too old to be told are left out: a feed that begins anew has them all.
        """
        found: dict[str, EndBatch] = {}
        first = self._clock() - GIVE_UP_MS
        for decision in decisions:
            if decision.at < first:
                continue
            request, project = causing_request(decision.meta), origin_of(decision.meta).project
            for batch in _closed(decision):
                found[batch] = EndBatch(batch, request=request, project=project)
        rows = self._views.rows([keys.batch(batch) for batch in found]) if found else {}
        return [message for batch, message in found.items() if self._has_ended(batch, rows.get(keys.batch(batch)))]

    def _has_ended(self, batch: str, row: Row | None) -> bool:
        """Whether a batch's row shows that all of its files have ended, and not yet that this is recorded."""
        if row is None or not row.data:
            return False
        state = codec.decode_state(FILE_BATCH, row.data) or self._streams.load(FILE_BATCH, batch).state
        return not state.ended and batch_counts_of(row.counts, state.count).in_progress <= 0

    def _project(self, event: OutgoingEvent) -> str:
        """Returns whose an event is. What the sweep did to a file says nothing of it, but the store does."""
        if event.project or not event.store:
            return event.project
        owner = self._streams.load(VECTOR_STORE, event.store).state.owner
        return owner.project if owner else ""

    def _endpoints(self, project: str) -> list[tuple[str, frozenset[OutgoingType]]]:
        """Returns the endpoints of a project to which anything is sent, and what each wants."""
        if not project:
            return []
        found = []
        for row in self._views.table.query(webhook_keys.list_of(project), limit=2 * MAX_ENDPOINTS):
            endpoint = keys.thing_of(row.key.sk)
            state = codec.decode_state(WEBHOOK_ENDPOINT, row.data)
            state = state or self._streams.load(WEBHOOK_ENDPOINT, endpoint).state
            if state.active:
                found.append((endpoint, frozenset(state.event_types)))
        return found


def _closed(decision: AnyDecision) -> Iterator[str]:
    """Yields the batches of which a commit ends a file, or that it creates: its files may have ended before its row was
    there.
    """
    if is_store_file(decision):
        for event in decision.events:
            yield from (batch for batch, outcome in store_file.entries(event).items() if outcome != "open")
    elif is_batch(decision) and any(isinstance(event, FileBatchCreated) for event in decision.events):
        yield decision.stream
