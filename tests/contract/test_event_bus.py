"""The promises of every event bus."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support import moto_aws
from tests.support.waits import no_waits
from vectorlog.domain.outgoing_event import OutgoingEvent
from vectorlog.runtime.aws import clients
from vectorlog.webhooks import payload
from vectorlog.webhooks.bus import BusError, EventBus
from vectorlog.webhooks.eventbridge import EventBridgeBus


def event(number: int) -> str:
    told = OutgoingEvent(
        f"evt_{number}", "vector_store.deleted", 1_700_000_000_000 + number, f"vs_{number}", f"vs_{number}"
    )
    return payload.encode(told, "acme")


@dataclass
class Case:
    """A bus, and what a rule for all of its events has passed on."""

    bus: EventBus

    def heard(self) -> list[Mapping[str, Any]]:
        raise NotImplementedError


@dataclass
class Moto(Case):
    queue: str

    def heard(self) -> list[Mapping[str, Any]]:
        messages = moto_aws.sqs().receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", ())
        return [json.loads(each["Body"]) for each in messages]


@contextmanager
def eventbridge() -> Iterator[Case]:
    with moto_aws.aws():
        client, sqs = clients.eventbridge(), moto_aws.sqs()
        queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        client.create_event_bus(Name="bus")
        client.put_rule(Name="all", EventBusName="bus", EventPattern=json.dumps({"source": ["vectorlog"]}))
        client.put_targets(Rule="all", EventBusName="bus", Targets=[{"Id": "queue", "Arn": arn}])
        yield Moto(EventBridgeBus(client, "bus", no_waits()), queue)


@pytest.fixture(params=[eventbridge], ids=lambda adapter: adapter.__name__)
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    with request.param() as case:
        yield case


def test_rules_get_the_events(case: Case) -> None:
    """Whoever asks for them by a rule gets all events, with their types and projects."""
    case.bus.put([event(number) for number in range(10)])
    heard = case.heard()
    assert sorted(each["detail"]["id"] for each in heard) == sorted(f"evt_{number}" for number in range(10))
    assert {each["detail-type"] for each in heard} == {"vector_store.deleted"}
    assert {each["detail"]["project"] for each in heard} == {"acme"}


class Failing:
    """A client whose calls fail in part: `fails` are the events that each call does not take."""

    def __init__(self, *fails: set[str]) -> None:
        self._fails = list(fails)
        self.calls: list[list[str]] = []

    def put_events(self, *, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        ids = [json.loads(each["Detail"])["id"] for each in Entries]
        self.calls.append(ids)
        failing = self._fails.pop(0) if self._fails else set()
        results = [{"ErrorCode": "InternalFailure"} if id in failing else {"EventId": id} for id in ids]
        return {"FailedEntryCount": len(failing), "Entries": results}


def test_what_failed_of_a_call_is_put_again() -> None:
    """EventBridge may take some entries of a call only; the others are put again, and no more than them."""
    client = Failing({"evt_1", "evt_2"}, {"evt_2"})
    EventBridgeBus(client, "bus", no_waits()).put([event(number) for number in range(4)])
    assert client.calls == [["evt_0", "evt_1", "evt_2", "evt_3"], ["evt_1", "evt_2"], ["evt_2"]]


def test_what_is_not_taken_is_told() -> None:
    """If an entry fails every time, the caller hears of it, and keeps the events."""
    client = Failing(*[{"evt_1"}] * 10)
    with pytest.raises(BusError, match="1 of 2 events: InternalFailure"):
        EventBridgeBus(client, "bus", no_waits()).put([event(0), event(1)])
