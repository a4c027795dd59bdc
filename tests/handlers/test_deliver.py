"""What is told to others on AWS: through the handlers of the projector, of work and of deliver."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.support import moto_aws
from tests.support.moto_deployment import MotoDeployment
from vectorlog.domain.errors import Invalid, Unavailable
from vectorlog.domain.outgoing_event import TYPES
from vectorlog.domain.tenancy import Caller
from vectorlog.retry import Timing
from vectorlog.runtime.aws import clients, once, tables, webhooks, wiring
from vectorlog.use_cases import vector_stores, webhook_requests
from vectorlog.use_cases import webhooks as endpoints
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.vector_stores import CreateStore
from vectorlog.use_cases.webhooks import Settings
from vectorlog.webhooks.sender import Unreachable

ACTOR = Actor(Caller("acme"), "req_1")


class Nowhere:
    """A network without a way out."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        raise AssertionError("nothing may be sent from here")


class Receiver:
    """In place of the network."""

    def __init__(self) -> None:
        self.answer: Callable[[], int] = lambda: 200
        self.got: list[Mapping[str, Any]] = []

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        status = self.answer()
        self.got.append(json.loads(body))
        return status


@pytest.fixture
def receiver(moto: MotoDeployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A deployment with an outbox and a bus, and the receiver of its webhooks."""
    moto_aws.dynamodb().create_table(**tables.outbox("outbox"))
    queue = moto.sqs.create_queue(QueueName="deliver", Attributes={"VisibilityTimeout": "360"})["QueueUrl"]
    clients.secrets_manager().create_secret(Name="webhooks", SecretString="s" * 64)
    clients.eventbridge().create_event_bus(Name="bus")
    named = {"DELIVER_QUEUE": queue, "OUTBOX_TABLE": "outbox", "WEBHOOK_SECRET": "webhooks", "EVENT_BUS": "bus"}
    for name, value in named.items():
        monkeypatch.setenv(f"VECTORLOG_{name}", value)
    receiver = Receiver()
    monkeypatch.setattr(webhooks, "_https", lambda _: receiver)
    once.forget()
    yield receiver
    once.forget()


def deleted(moto: MotoDeployment) -> str:
    store = vector_stores.create(moto.deployment, ACTOR, CreateStore()).id
    vector_stores.delete(moto.deployment, ACTOR, store)
    return store


def deliveries(moto: MotoDeployment) -> int:
    """Passes the messages that are due to the handler; returns how many there were."""
    mapping, number = moto.mapping(moto.sqs.get_queue_url(QueueName="deliver")["QueueUrl"], "deliver", size=1), 0
    while mapping.step():
        number += 1
    return number


def test_told(moto: MotoDeployment, receiver: Receiver) -> None:
    """The projector's handler puts events into the outbox, and that of deliver sends them to webhooks and the bus."""
    moto.now += 1
    endpoints.create(moto.deployment, ACTOR, Settings("a", "https://a.example/", TYPES))
    store = deleted(moto)
    assert moto.handle("projector", moto.stream()) == {"batchItemFailures": []}
    assert deliveries(moto) == 2
    [event] = receiver.got
    assert (event["type"], event["data"]) == ("vector_store.deleted", {"id": store})
    assert moto_aws.dynamodb().scan(TableName="outbox")["Items"] == []


def test_a_receiver_that_is_away(moto: MotoDeployment, receiver: Receiver) -> None:
    """An event that is not taken stays in the outbox, and comes again when its wait is over; the message does not fail,
    so it never becomes a dead letter.
    """

    def away() -> int:
        raise Unreachable("no answer came in time")

    endpoints.create(moto.deployment, ACTOR, Settings("a", "https://a.example/", ("vector_store.deleted",)))
    receiver.answer = away
    deleted(moto)
    moto.handle("projector", moto.stream())
    deliveries(moto)
    assert all(answer == {"batchItemFailures": []} for answer in moto.answers)
    assert len(moto_aws.dynamodb().scan(TableName="outbox")["Items"]) == 3  # the event, its lane, and the receiver
    receiver.answer = lambda: 200
    moto.now += 7_000
    deliveries(moto)
    assert len(receiver.got) == 1
    assert moto_aws.dynamodb().scan(TableName="outbox")["Items"] == []


def test_a_sample(moto: MotoDeployment, receiver: Receiver) -> None:
    """A function that answers requests sends no webhook itself, because its network may have no way out: the deliver
    function sends the sample, once, and the request is answered with the outcome.
    """
    endpoint = endpoints.create(moto.deployment, ACTOR, Settings("a", "https://a.example/", TYPES)).id
    sending = wiring.deployment().webhooks
    assert sending is not None
    assert sending.elsewhere is not None
    waits = list[float]()

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            assert deliveries(moto) == 1

    timing = Timing(sleep=sleep, clock=lambda: sum(waits))
    asked = replace(
        moto.deployment,
        webhooks=replace(sending, sender=Nowhere(), elsewhere=replace(sending.elsewhere, timing=timing)),
    )
    assert webhook_requests.test(asked, ACTOR, endpoint, "file.deleted") == 200
    [event] = receiver.got
    assert event["type"] == "file.deleted"

    waits.clear()
    receiver.answer = lambda: 500
    assert webhook_requests.test(asked, ACTOR, endpoint, "file.deleted") == 500

    def away() -> int:
        raise Unreachable("the connection was refused")

    waits.clear()
    receiver.answer = away
    with pytest.raises(Invalid, match=r"did not answer: the connection was refused\."):
        webhook_requests.test(asked, ACTOR, endpoint, "file.deleted")


def test_a_sample_that_nobody_sends(moto: MotoDeployment, receiver: Receiver) -> None:
    """The request says so before API Gateway's time is over, and the sample is not sent later."""
    endpoint = endpoints.create(moto.deployment, ACTOR, Settings("a", "https://a.example/", TYPES)).id
    sending = wiring.deployment().webhooks
    assert sending is not None
    assert sending.elsewhere is not None
    waits = list[float]()
    timing = Timing(sleep=waits.append, clock=lambda: sum(waits))
    asked = replace(moto.deployment, webhooks=replace(sending, elsewhere=replace(sending.elsewhere, timing=timing)))
    with pytest.raises(Unavailable, match="Repeat the request"):
        webhook_requests.test(asked, ACTOR, endpoint, "file.deleted")
    assert 20 < sum(waits) < 25
    moto.now += 30_000
    assert deliveries(moto) == 1
    assert receiver.got == []
