"""Webhooks of a bench: its outbox, and a receiver in place of the network."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.support.bench import PROJECT, Bench
from tests.support.waits import no_waits
from vectorlog.domain.outgoing_event import TYPES, OutgoingType
from vectorlog.reactions.announcer import Announcer
from vectorlog.reactions.delivery import Deliverer
from vectorlog.reactions.projector import Projector
from vectorlog.reactions.worker import Worker
from vectorlog.use_cases import webhooks
from vectorlog.use_cases.actor import Actor
from vectorlog.views.sqlite import OUTBOX, SQLiteTable
from vectorlog.webhooks.bus import BusError
from vectorlog.webhooks.outbox import Outbox
from vectorlog.webhooks.secrets import KEY_BYTES
from vectorlog.webhooks.webhooks import Webhooks
from vectorlog.work.messages import Deliver, decode
from vectorlog.work.queue import Received
from vectorlog.work.sqlite import SQLiteQueue

KEY = b"k" * KEY_BYTES
LENT_MS = 120_000


@dataclass(frozen=True, slots=True)
class Sent:
    """A request: to which URL, when, and its event."""

    url: str
    at: int
    event: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def what(self) -> tuple[str, str]:
        """The event's type, and the thing's id."""
        return self.event["type"], self.event["data"]["id"]


class Hooks:
    """What a bench tells others. `answer` gives the status of a request, or raises; a test may replace it.

    Attributes:
        got: requests that were answered with a 2xx.
        tried: all requests.
        on_bus: what the event bus took.
    """

    def __init__(self, bench: Bench, *, bus: bool = False) -> None:
        self.bench = bench
        self.got: list[Sent] = []
        self.tried: list[Sent] = []
        self.on_bus: list[Mapping[str, Any]] = []
        self.bus_fails = 0
        self.answer: Callable[[Sent], int] = lambda _: 200
        self.key = KEY
        bench.deployment = replace(bench.deployment, webhooks=Webhooks(lambda: self.key, self, allow_private=True))
        self.outbox = Outbox(SQLiteTable(bench.derived, OUTBOX), bench.clock, no_waits(bench.random.uniform))
        self.queue = SQLiteQueue(bench.derived, "deliver", bench.clock)
        made, pump = bench.deployment, bench.pump
        self.announcer = Announcer(made.streams, made.views, self.outbox, bench.clock, bus=bus)
        self.projector = Projector(
            made.streams,
            made.views,
            pump.work,
            pump.embed,
            made.telemetry,
            deliver=self.queue,
            announcer=self.announcer,
        )
        pump.deployment = made
        pump.projector, pump._worker = self.projector, Worker(made, self.projector)
        self.deliverer = self.another(bus=bus)

    def another(self, *, bus: bool = False) -> Deliverer:
        """A deliverer as another process has it."""
        uniform = self.bench.random.uniform
        return Deliverer(self.bench.deployment, self.projector, self.outbox, self if bus else None, uniform)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Implements Sender."""
        sent = Sent(url, self.bench.clock(), json.loads(body), headers)
        self.tried.append(sent)
        status = self.answer(sent)
        if 200 <= status < 300:
            self.got.append(sent)
        return status

    def put(self, events: Any) -> None:
        """Implements EventBus."""
        if self.bus_fails > 0:
            self.bus_fails -= 1
            raise BusError("the bus is busy")
        self.on_bus += map(json.loads, events)

    def endpoint(
        self, url: str = "http://a.example/", types: tuple[OutgoingType, ...] = TYPES, by: Actor = PROJECT
    ) -> str:
        """Creates an endpoint."""
        self.bench.clock.advance(1)
        return webhooks.create(self.bench.deployment, by, webhooks.Settings("tests", url, types)).id

    def take(self) -> list[Received]:
        """Receives the messages that are due."""
        return self.queue.receive(100, LENT_MS)

    def deliver(self) -> bool:
        """Handles the messages that are due, one after the other; returns whether there were any."""
        received = self.take()
        for each in received:
            message = decode(each.body)
            assert isinstance(message, Deliver)
            self.deliverer.deliver(message)
            self.queue.acknowledge([each.receipt])
        return bool(received)

    def work(self) -> None:
        """Does all work that is due now, and delivers nothing."""
        while self.bench.pump.project() or self.bench.pump.work_one() or self.bench.pump.ingest_some():
            continue

    def settle(self, within_ms: int = 0) -> None:
        """Does all work that is due now, or becomes due within this time, which passes."""
        until = self.bench.clock() + within_ms
        while True:
            self.work()
            if self.deliver():
                continue
            wait = self.queue._delay()
            if self.bench.clock() + wait * 1000 > until:
                return
            self.bench.clock.advance(max(1, int(wait * 1000) + 1))
