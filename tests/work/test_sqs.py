"""Work queues in SQS: partially failed batches, lost answers, delays beyond SQS's maximum, records in Lambda's form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto.sqs import models as moto_sqs

from tests.support import moto_aws
from tests.support.waits import Waits
from vectorlog.work.queue import Outgoing, Received
from vectorlog.work.sqs import BYTES, QueueError, SQSQueue

if TYPE_CHECKING:
    from botocore.client import BaseClient

HOUR = 3_600_000
DAY = 24 * HOUR


class Calls:
    """A client that records its calls, and may answer instead of the service."""

    def __init__(self, client: BaseClient) -> None:
        self._client = client
        self.made: list[tuple[str, dict[str, Any]]] = []
        self.before: dict[str, list[Any]] = {}
        self.after: dict[str, list[Exception]] = {}

    def __getattr__(self, name: str) -> Any:
        def call(**given: Any) -> Any:
            self.made.append((name, given))
            if answers := self.before.get(name):
                return answers.pop(0)(given)
            answer = getattr(self._client, name)(**given)
            if errors := self.after.get(name):
                raise errors.pop(0)
            return answer

        return call

    def of(self, name: str) -> list[dict[str, Any]]:
        return [given for made, given in self.made if made == name]


class Setting:
    def __init__(self) -> None:
        self.now = 1_700_000_000_000
        self.pauses = Waits()
        self.client = Calls(moto_aws.sqs())
        self.url = moto_aws.sqs().create_queue(QueueName="work", Attributes={"MessageRetentionPeriod": "1209600"})[
            "QueueUrl"
        ]
        self.queue = SQSQueue(self.client, self.url, lambda: self.now, timing=self.pauses.timing)

    def refuse(self, call: str, *, places: tuple[int, ...], code: str, sender: bool) -> None:
        """Lets the next call succeed except for the entries at these places."""
        real = getattr(moto_aws.sqs(), call)

        def answer(given: dict[str, Any]) -> Mapping[str, Any]:
            failing = [given["Entries"][place] for place in places]
            taken = [entry for entry in given["Entries"] if entry not in failing]
            done = real(**{**given, "Entries": taken}) if taken else {}
            failed = [
                {"Id": entry["Id"], "SenderFault": sender, "Code": code, "Message": "stub says no"} for entry in failing
            ]
            return {**done, "Failed": failed}

        self.client.before.setdefault(call, []).append(answer)

    def drain(self) -> list[Received]:
        drained = []
        while received := self.queue.receive(10, 30_000):
            self.queue.acknowledge([each.receipt for each in received])
            drained += received
        return drained


@pytest.fixture
def setting() -> Iterator[Setting]:
    with moto_aws.aws(), pytest.MonkeyPatch.context() as patch:
        made = Setting()
        patch.setattr(moto_sqs, "unix_time_millis", lambda: made.now)
        patch.setattr(moto_sqs, "unix_time", lambda: made.now / 1000)
        yield made
        made.queue.close()


def numbered(count: int) -> list[Outgoing]:
    return [Outgoing(f"m{number}", "vs_1") for number in range(count)]


def bodies(received: list[Received]) -> list[str]:
    return sorted(each.body for each in received)


class TestSend:
    def test_batches(self, setting: Setting) -> None:
        """Ten messages are one call."""
        setting.queue.send(numbered(25))
        assert sorted(len(given["Entries"]) for given in setting.client.of("send_message_batch")) == [5, 10, 10]

    def test_large_messages(self, setting: Setting) -> None:
        """No call exceeds SQS's limit in bytes, and a message of that size is sent alone."""
        setting.queue.send(
            [Outgoing("é" * (BYTES // 5), "vs_1") for _ in range(5)] + [Outgoing("x" * (BYTES + 1), "vs_1")]
        )
        sizes = [
            [len(entry["MessageBody"].encode()) for entry in given["Entries"]]
            for given in setting.client.of("send_message_batch")
        ]
        assert sorted(map(len, sizes)) == [1, 1, 2, 2]
        assert all(sum(batch) <= BYTES or len(batch) == 1 for batch in sizes)

    def test_fair(self, setting: Setting) -> None:
        """Every message carries its project in SQS's form, which makes SQS fair between projects: a thousand stores of
        one project count as one.
        """
        setting.queue.send([Outgoing("a", "acme/vs_1"), Outgoing("b", "acme/vs_2"), Outgoing("c", "projet d'été/vs_3")])
        [given] = setting.client.of("send_message_batch")
        groups = [entry["MessageGroupId"] for entry in given["Entries"]]
        assert groups == ["acme", "acme", "projet%20d%27%C3%A9t%C3%A9"]

    def test_fair_with_long_names(self, setting: Setting) -> None:
        """The name of a project may be longer than SQS's groups; two such projects are still two."""
        names = ["é" * 100, "é" * 101]
        setting.queue.send([Outgoing("a", f"{name}/vs_1") for name in names])
        [given] = setting.client.of("send_message_batch")
        groups = [entry["MessageGroupId"] for entry in given["Entries"]]
        assert len(set(groups)) == 2
        assert all(len(group) <= 128 for group in groups)

    def test_part_fails_then_succeeds(self, setting: Setting) -> None:
        """Messages that SQS fails on are sent again, the others are not, with growing pauses in between."""
        setting.refuse("send_message_batch", places=(2, 7), code="InternalError", sender=False)
        setting.refuse("send_message_batch", places=(1,), code="ServiceUnavailable", sender=False)
        setting.queue.send(numbered(10))
        assert [len(given["Entries"]) for given in setting.client.of("send_message_batch")] == [10, 2, 1]
        assert bodies(setting.drain()) == bodies([Received(each.body, "", "", 1) for each in numbered(10)])
        assert len(setting.pauses) == 2
        assert 0 < setting.pauses[0] < setting.pauses[1]

    def test_part_fails_for_good(self, setting: Setting) -> None:
        """If a message could not be sent, `send` raises an error with SQS's reason."""
        for _ in range(5):
            setting.refuse("send_message_batch", places=(0,), code="InternalError", sender=False)
        with pytest.raises(QueueError, match="1 of 3 messages were not sent: InternalError: stub says no"):
            setting.queue.send(numbered(3))

    def test_refused(self, setting: Setting) -> None:
        """A message that SQS will never accept is not retried; the others of its call are sent."""
        setting.refuse("send_message_batch", places=(0,), code="InvalidMessageContents", sender=True)
        with pytest.raises(QueueError, match="InvalidMessageContents"):
            setting.queue.send(numbered(3))
        assert len(setting.client.of("send_message_batch")) == 1
        assert bodies(setting.drain()) == ["m1", "m2"]

    def test_lost_answer(self, setting: Setting) -> None:
        """A send whose answer is lost is an error to the sender; its repeat may deliver twice but loses nothing."""
        setting.client.after["send_message_batch"] = [ReadTimeoutError(endpoint_url="sqs")]
        with pytest.raises(ReadTimeoutError):
            setting.queue.send(numbered(2))
        setting.queue.send(numbered(2))
        assert bodies(setting.drain()) == ["m0", "m0", "m1", "m1"]


class TestAcknowledge:
    def test_part_fails_then_succeeds(self, setting: Setting) -> None:
        """Messages that SQS failed to delete are deleted by another attempt."""
        setting.queue.send(numbered(10))
        received = setting.queue.receive(10, 30_000)
        setting.refuse("delete_message_batch", places=(0, 1), code="InternalError", sender=False)
        setting.queue.acknowledge([each.receipt for each in received])
        assert [len(given["Entries"]) for given in setting.client.of("delete_message_batch")] == [10, 2]
        setting.now += HOUR
        assert setting.drain() == []

    def test_part_fails_for_good(self, setting: Setting) -> None:
        """A message that remains is reported, because it will be redelivered."""
        setting.queue.send(numbered(2))
        received = setting.queue.receive(10, 30_000)
        for _ in range(5):
            setting.refuse("delete_message_batch", places=(0,), code="InternalError", sender=False)
        with pytest.raises(QueueError, match="1 of 2 messages were not deleted: InternalError"):
            setting.queue.acknowledge([each.receipt for each in received])

    def test_lost_answer(self, setting: Setting) -> None:
        """Acknowledging a message that was already deleted is no error."""
        setting.queue.send(numbered(1))
        [received] = setting.queue.receive(1, 30_000)
        setting.client.after["delete_message_batch"] = [ReadTimeoutError(endpoint_url="sqs")]
        with pytest.raises(ReadTimeoutError):
            setting.queue.acknowledge([received.receipt])
        setting.queue.acknowledge([received.receipt])
        assert setting.queue.receive(1, 30_000) == []


class TestRelease:
    def test_longest(self, setting: Setting) -> None:
        """A delay beyond SQS's twelve hours becomes the longest that SQS accepts from a function that held the message
        for 15 minutes.
        """
        setting.queue.send(numbered(1))
        [received] = setting.queue.receive(1, DAY)
        assert setting.client.of("receive_message")[0]["VisibilityTimeout"] == 43_200
        setting.queue.release(received.receipt, DAY)
        assert setting.client.of("change_message_visibility")[0]["VisibilityTimeout"] == 42_300

    def test_rounded_up(self, setting: Setting) -> None:
        """SQS counts seconds; a message never arrives before its time."""
        setting.queue.send([Outgoing("a", "vs_1", 1), Outgoing("b", "vs_1", 1001)])
        [given] = setting.client.of("send_message_batch")
        assert [entry["DelaySeconds"] for entry in given["Entries"]] == [1, 2]

    def test_no_queue(self, setting: Setting) -> None:
        """An error that is not about the receipt is raised."""
        queue = SQSQueue(setting.client, setting.url + "-none", lambda: setting.now)
        with pytest.raises(ClientError, match="NonExistentQueue"):
            queue.release("receipt", 0)


class TestLongDelay:
    def test_a_day(self, setting: Setting) -> None:
        """A message may be delayed for a day; then it is received once, as if for the first time."""
        setting.queue.send([Outgoing("later", "projet d'été", DAY)])
        sent = setting.now
        while not (received := setting.queue.receive(10, 30_000)):
            setting.now += 450_000
        assert (
            timedelta(milliseconds=DAY)
            <= timedelta(milliseconds=setting.now - sent)
            < timedelta(milliseconds=DAY + 900_000)
        )
        assert [(each.body, each.group, each.receives) for each in received] == [("later", "projet d'été", 1)]
        setting.queue.acknowledge([each.receipt for each in received])
        setting.now += DAY
        assert setting.drain() == []

    def test_never_early(self, setting: Setting) -> None:
        """The last wait is the rest of the delay."""
        setting.queue.send([Outgoing("later", "vs_1", 1_000_000)])
        setting.now += 900_000
        assert setting.queue.receive(10, 30_000) == []
        setting.now += 99_999
        assert setting.queue.receive(10, 30_000) == []
        setting.now += 1
        assert bodies(setting.queue.receive(10, 30_000)) == ["later"]

    def test_holds_nobody_back(self, setting: Setting) -> None:
        """As many due messages as requested are received, although others are delayed."""
        setting.queue.send([Outgoing(f"later{number}", "vs_1", DAY) for number in range(10)])
        setting.now += 900_000
        setting.queue.send(numbered(10))
        assert bodies(setting.queue.receive(10, 30_000)) == [f"m{number}" for number in range(10)]

    def test_not_sent_on(self, setting: Setting) -> None:
        """If re-sending fails, the message is kept: it is redelivered when its loan is over."""
        setting.queue.send([Outgoing("later", "vs_1", 1_000_000)])
        setting.now += 900_000
        for _ in range(5):
            setting.refuse("send_message_batch", places=(0,), code="InternalError", sender=False)
        with pytest.raises(QueueError):
            setting.queue.receive(10, 30_000)
        setting.now += HOUR
        assert bodies(setting.queue.receive(10, 30_000)) == ["later"]


def record(body: str, *, not_before: int | None = None) -> dict[str, Any]:
    """A record of Lambda's SQS event."""
    attribute = {"stringValue": str(not_before), "stringListValues": [], "binaryListValues": [], "dataType": "Number"}
    return {
        "messageId": "19dd0b57-b21e-4ac1-bd88-01bbb068cb78",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "3",
            "SentTimestamp": "1545082649183",
            "MessageGroupId": "projet%20d%27%C3%A9t%C3%A9",
        },
        "messageAttributes": {} if not_before is None else {"not_before": attribute},
        "md5OfBody": "098f6bcd4621d373cade4e832627b4f6",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:work",
        "awsRegion": "us-east-1",
    }


class TestAccept:
    def test_due(self, setting: Setting) -> None:
        """A Lambda record becomes the message that the queue would have returned, without a call to SQS."""
        expected = Received('{"a":1}', "projet d'été", "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a", 3)
        assert setting.queue.accept(record(json.dumps({"a": 1}, separators=(",", ":")))) == expected
        assert setting.queue.accept(record('{"a":1}', not_before=setting.now)) == expected
        assert setting.client.made == []

    def test_early(self, setting: Setting) -> None:
        """A message that arrives early is re-sent with its time and group, and is not processed now."""
        assert setting.queue.accept(record("later", not_before=setting.now + HOUR)) is None
        assert setting.drain() == []
        setting.now += HOUR - 1
        assert setting.drain() == []
        setting.now += 900_000
        assert [(each.body, each.group) for each in setting.drain()] == [("later", "projet d'été")]

    def test_not_sent_on(self, setting: Setting) -> None:
        """Where sending on fails the function hears of it and can report the record as failed."""
        setting.refuse("send_message_batch", places=(0,), code="InvalidMessageContents", sender=True)
        with pytest.raises(QueueError):
            setting.queue.accept(record("later", not_before=setting.now + HOUR))
