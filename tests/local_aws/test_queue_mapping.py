"""A queue's event source mapping and a schedule, step by step."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from local_aws.payloads import Json
from local_aws.queue_mapping import QueueMapping, QueueSettings
from local_aws.schedule import Schedule


class FakeSQS:
    """A queue that lends each message once."""

    def __init__(self, *bodies: str) -> None:
        self.waiting = [self.message(body) for body in bodies]
        self.deleted: list[str] = []
        self.waits: list[int] = []

    @staticmethod
    def message(body: str) -> Json:
        return {
            "MessageId": f"id-{body}",
            "ReceiptHandle": f"receipt-{body}",
            "Body": body,
            "Attributes": {"ApproximateReceiveCount": "1"},
        }

    def receive_message(self, **request: Any) -> Json:
        assert 1 <= request["MaxNumberOfMessages"] <= 10
        self.waits.append(request["WaitTimeSeconds"])
        lent, self.waiting = (
            self.waiting[: request["MaxNumberOfMessages"]],
            self.waiting[request["MaxNumberOfMessages"] :],
        )
        return {"Messages": lent} if lent else {}

    def delete_message_batch(self, **request: Any) -> Json:
        assert 1 <= len(request["Entries"]) <= 10
        assert len({entry["Id"] for entry in request["Entries"]}) == len(request["Entries"])
        self.deleted += [entry["ReceiptHandle"].removeprefix("receipt-") for entry in request["Entries"]]
        return {}


class Driven:
    def __init__(
        self, sqs: FakeSQS, settings: QueueSettings, answer: Callable[[list[str]], Json | None] = lambda _: None
    ) -> None:
        self.batches: list[list[str]] = []
        self.now = 0
        self._answer = answer
        self.mapping = QueueMapping(sqs, "http://queue", "arn:queue", self._invoke, self._clock, settings)

    def _clock(self) -> int:
        self.now += 10
        return self.now

    def _invoke(self, event: Json) -> Json | None:
        json.dumps(event)
        self.batches.append([each["body"] for each in event["Records"]])
        return self._answer(self.batches[-1])


class TestQueueMapping:
    def test_empty(self) -> None:
        """Without messages there is no invocation; SQS does the waiting."""
        sqs = FakeSQS()
        driven = Driven(sqs, QueueSettings(wait=3))
        assert driven.mapping.step() is False
        assert driven.batches == []
        assert sqs.waits == [3]

    def test_done(self) -> None:
        """Messages of a batch that succeeded are deleted, however many there are."""
        bodies = [f"m{n}" for n in range(25)]
        sqs = FakeSQS(*bodies)
        driven = Driven(sqs, QueueSettings(batch_size=25, window=1_000))
        assert driven.mapping.step() is True
        assert driven.batches == [bodies]
        assert sqs.deleted == bodies

    def test_no_window(self) -> None:
        """Without a window a batch is what one receive returns."""
        driven = Driven(FakeSQS(*(f"m{n}" for n in range(25))), QueueSettings(batch_size=25))
        while driven.mapping.step():
            pass
        assert [len(batch) for batch in driven.batches] == [10, 10, 5]

    def test_window_ends(self) -> None:
        """An incomplete batch is handed over when its window is over."""
        driven = Driven(FakeSQS("a"), QueueSettings(batch_size=20, window=100))
        assert driven.mapping.step() is True
        assert driven.batches == [["a"]]
        assert 100 <= driven.now <= 130

    def test_partial(self) -> None:
        """Messages that an answer names are left for redelivery; the rest is deleted."""
        sqs = FakeSQS("a", "b", "c")
        driven = Driven(sqs, QueueSettings(), lambda _: {"batchItemFailures": [{"itemIdentifier": "id-b"}]})
        driven.mapping.step()
        assert sqs.deleted == ["a", "c"]

    @pytest.mark.parametrize("identifier", ["", None, "id-x"])
    def test_wrong_answers(self, identifier: str | None) -> None:
        """An answer that names no message of the batch fails all of it: nothing is deleted."""
        sqs = FakeSQS("a", "b")
        Driven(sqs, QueueSettings(), lambda _: {"batchItemFailures": [{"itemIdentifier": identifier}]}).mapping.step()
        assert sqs.deleted == []

    def test_raises(self) -> None:
        """A function that raises keeps its messages in the queue, and the mapping continues."""

        def fail(_: list[str]) -> None:
            raise RuntimeError("no")

        sqs = FakeSQS("a")
        assert Driven(sqs, QueueSettings(), fail).mapping.step() is True
        assert sqs.deleted == []


class TestSchedule:
    def test_rate(self) -> None:
        """A function is invoked once per period; missed turns are not made up for, and a failure stops nothing."""
        now, fired = 5_000, list[str]()

        def invoke(event: Json) -> None:
            fired.append(event["time"])
            raise RuntimeError("no")

        schedule = Schedule(invoke, "sweep", 60_000, lambda: now)
        assert schedule.step() is False
        now = 65_000
        assert schedule.step() is True
        assert schedule.step() is False
        now = 400_000
        assert schedule.step() is True
        assert schedule.step() is False
        now = 425_000
        assert schedule.step() is True
        assert fired == ["1970-01-01T00:01:05Z", "1970-01-01T00:06:40Z", "1970-01-01T00:07:05Z"]
