"""Sends what waits in the outbox, lane by lane and each lane in order.

A lane is lent to one process at a time. If its first event cannot be delivered, the lane waits, longer each time, and
so do the events behind it; other lanes go on. A receiver that does not answer at all is asked by one lane at a time.
After three days without success the endpoint is disabled.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from vectorlog.deployment import Deployment
from vectorlog.domain import webhook_endpoint
from vectorlog.domain.webhook_endpoint import DisabledBecause
from vectorlog.event_log.codec import WEBHOOK_ENDPOINT
from vectorlog.event_log.provenance import meta_of
from vectorlog.reactions.announcer import GIVE_UP_MS
from vectorlog.reactions.projector import Projector
from vectorlog.reactions.tries import AGAIN, GONE, LENT_MS, PAGE, PROBE_MS, REST_MS, SILENT, SPREAD_MS, TURN_MS, Failed
from vectorlog.telemetry import deliveries
from vectorlog.use_cases import webhook_requests, webhooks
from vectorlog.views.table import NO_ROW
from vectorlog.webhooks.bus import BusError, EventBus
from vectorlog.webhooks.outbox import BUS, Lane, LaneState, Outbox, Rest, Waiting
from vectorlog.webhooks.sender import Unreachable
from vectorlog.work.messages import Deliver, Message, SendSample


class Lost(Exception):
    """The lane was lent for too long, and another worker has it now."""


class Deliverer:
    """Sends what waits. Any message may be handled twice, and by several workers in parallel.

    Args:
        deployment: has the sender and the secrets of webhooks.
        projector: sends the messages that follow.
        outbox: where events wait.
        bus: the deployment's event bus, if it has one.
        uniform: returns a random number between two others.
    """

    def __init__(
        self,
        deployment: Deployment,
        projector: Projector,
        outbox: Outbox,
        bus: EventBus | None = None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._deployment = deployment
        self._projector = projector
        self._outbox = outbox
        self._bus = bus
        self._uniform = uniform

    def work(self, message: Message) -> None:
        """Handles a message of the queue of deliveries; any other is sent to its own queue."""
        if isinstance(message, Deliver):
            self.deliver(message)
        elif isinstance(message, SendSample):
            webhook_requests.send_sample(self._deployment, message)
        else:
            self._projector.send([("deliver", message)])

    def deliver(self, message: Deliver) -> None:
        """Sends the events of a lane, unless another worker does, or it is to be tried later."""
        lane, now = Lane(message.receiver, message.store), self._deployment.clock()
        receiver = self._receiver(lane)
        if receiver is None:
            self._outbox.drop(lane)
            return
        state, rest = self._outbox.look(lane)
        if state.next_at > now:
            if message.due >= state.next_at:  # this is the message for that time, and it came early
                self._send(replace(message, due=state.next_at), state.next_at - now)
            return
        if state.lent_until > now:
            self._wait_for_loan(message, lane, state, now)
            return
        if rest.until > now:
            self._put_off(message, lane, state, rest.until)
            return
        if rest.failures >= SILENT:
            probing = self._outbox.rest(lane.receiver, replace(rest, until=now + PROBE_MS))
            if probing is None:  # another lane asks the receiver at this moment
                self._put_off(message, lane, state, now + PROBE_MS)
                return
            rest = probing
        lent = self._outbox.note(lane, replace(state, lent_until=self._until(now), next_at=0))
        if lent is None:
            self._send(message, 0)
            return
        with suppress(Lost):
            self._send_all(message, lane, lent, rest, receiver)

    def _wait_for_loan(self, message: Deliver, lane: Lane, state: LaneState, now: int) -> None:
        """Has whoever has the lane look once more before it gives it back, because its row changes. But it may have
        died, so one message, not each, comes again when the loan is over.
        """
        if message.due >= state.lent_until:  # this is the message for that time, and it came early
            self._send(message, state.lent_until - now)
            return
        if state.look_at < state.lent_until:
            self._send(replace(message, due=state.lent_until), state.lent_until - now)
        if self._outbox.note(lane, replace(state, look_at=max(state.look_at, state.lent_until))) is None:
            self._send(message, 0)

    def _send_all(
        self, message: Deliver, lane: Lane, lent: LaneState, rest: Rest, receiver: webhook_endpoint.State
    ) -> None:
        """Sends the events of a lane in their order, until there are none, one fails, or its turn is over."""
        begun = self._deployment.clock()
        while True:
            events = self._outbox.waiting(lane, PAGE)
            if not events:
                if self._outbox.release(lane, lent):
                    return
                lent = self._update(lane, lent)  # its row has changed, so there may be events now
            step = PAGE if lane.receiver == BUS else 1
            for start in range(0, len(events), step):
                now, part = self._deployment.clock(), events[start : start + step]
                if now - begun >= TURN_MS:
                    self._send(message, 0)
                    self._update(lane, replace(lent, lent_until=0), lent.lent_until)
                    return
                if lent.lent_until - now < LENT_MS // 2:
                    lent = self._update(lane, replace(lent, lent_until=self._until(now)), lent.lent_until)
                failed = self._try(lane, receiver, part)
                if failed is not None:
                    self._failed(message, lane, lent, rest, failed, part[0].id, receiver.updated_at)
                    return
                self._outbox.remove(part)
                deliveries.delivered(self._deployment.telemetry.metrics, lane.receiver, len(part))
                lent = replace(lent, failures=0, since=0)
                if rest.version != NO_ROW:
                    self._outbox.end_rest(lane.receiver)
                    rest = Rest()

    def _try(self, lane: Lane, receiver: webhook_endpoint.State, events: Sequence[Waiting]) -> Failed | None:
        """Sends events once; returns why they could not be delivered, or None."""
        if lane.receiver == BUS:
            assert self._bus is not None
            try:
                self._bus.put([each.body for each in events])
            except BusError as error:
                return Failed(str(error))
            return None
        [event] = events
        try:
            status = webhook_requests.post(self._deployment, lane.receiver, receiver, event.id, event.body)
        except Unreachable as error:
            return Failed(str(error), silent=True)
        return None if 200 <= status < 300 else Failed(f"it answered {status}", status)

    def _failed(
        self, message: Deliver, lane: Lane, lent: LaneState, rest: Rest, failed: Failed, event: str, changed: int
    ) -> None:
        """Has the lane tried again later, or disables its endpoint. The time of failing begins anew when the endpoint
        was `changed`.
        """
        now, failures = self._deployment.clock(), lent.failures + 1
        since = max(lent.since, changed) if lent.failures else now
        if lane.receiver != BUS and (failed.status == GONE or now - since >= GIVE_UP_MS):
            self._disable(lane, "gone" if failed.status == GONE else "failing")
            return
        wait = min(self._backoff(failures), REST_MS) if failed.silent else self._backoff(failures)
        metrics = self._deployment.telemetry.metrics
        deliveries.failed(metrics, lane.receiver, message.project, lane.store, event, failed.reason, failures, wait)
        self._note_silence(lane, rest, now, silent=failed.silent)
        self._send(replace(message, due=now + wait), wait)
        self._update(
            lane, replace(lent, lent_until=0, failures=failures, since=since, next_at=now + wait), lent.lent_until
        )

    def _note_silence(self, lane: Lane, rest: Rest, now: int, *, silent: bool) -> None:
        """Records whether the receiver answered. If other workers record it at the same time, one record is enough."""
        if silent:
            failures = rest.failures + 1
            until = now + min(self._backoff(failures), REST_MS) if failures >= SILENT else 0
            self._outbox.rest(lane.receiver, replace(rest, failures=failures, until=until))
        elif rest.version != NO_ROW:
            self._outbox.end_rest(lane.receiver)

    def _receiver(self, lane: Lane) -> webhook_endpoint.State | None:
        """Returns the endpoint of a lane, as it is now; None if nothing is sent to it. The bus has no settings."""
        if lane.receiver == BUS:
            return webhook_endpoint.INITIAL if self._bus is not None else None
        if self._deployment.webhooks is None:
            return None
        state = self._deployment.streams.load(WEBHOOK_ENDPOINT, lane.receiver).state
        if not state.active:
            return None
        if not webhook_requests.has_its_key(self._deployment, lane.receiver, state):
            self._disable(lane, "key_lost")
            return None
        return state

    def _disable(self, lane: Lane, reason: DisabledBecause) -> None:
        """Disables an endpoint. What waits in its other lanes is dropped by their next messages."""
        webhooks.disable(self._deployment, lane.receiver, reason, meta_of("work"))
        self._outbox.drop(lane)
        self._outbox.end_rest(lane.receiver)

    def _put_off(self, message: Deliver, lane: Lane, state: LaneState, until: int) -> None:
        """Has a lane tried later, because its receiver is silent. The lanes do not all come at the same moment."""
        wait = until - self._deployment.clock() + round(self._uniform(0, SPREAD_MS))
        due = self._deployment.clock() + wait
        self._send(replace(message, due=due), wait)
        self._outbox.note(lane, replace(state, next_at=due))

    def _update(self, lane: Lane, lent: LaneState, mine: int | None = None) -> LaneState:
        """Writes the row of a lane that is lent to this worker.

        Args:
            lane: the lane.
            lent: its new state.
            mine: until when it is lent, as the row has it; None if `lent` says so.

        Raises:
            Lost: another worker has it now.
        """
        mine = lent.lent_until if mine is None else mine
        while (noted := self._outbox.note(lane, lent)) is None:
            found, _ = self._outbox.look(lane)
            if found.lent_until != mine:
                raise Lost
            lent = replace(lent, version=found.version)
        return noted

    def _until(self, now: int) -> int:
        """Returns until when a lane is lent. That also tells whose it is, so it is hardly ever the same twice."""
        return now + LENT_MS + round(self._uniform(0, SPREAD_MS))

    def _backoff(self, failures: int) -> int:
        return round(1000 * AGAIN.backoff(failures, self._uniform))

    def _send(self, message: Deliver, delay: int) -> None:
        self._projector.send([(message.receiver, message)], delay=delay)
