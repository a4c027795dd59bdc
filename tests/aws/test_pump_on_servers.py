"""The pump on real streams and queues."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from local_aws.payloads import Json
from local_aws.pump import pumping
from local_aws.queue_mapping import QueueMapping, QueueSettings
from local_aws.resources import Resources
from local_aws.servers import Servers
from local_aws.stream_mapping import StreamMapping, StreamSettings
from local_aws.stream_reader import StreamReader
from vectorlog.event_log.dynamodb import DynamoDBEventLog, commit_of
from vectorlog.event_log.event_log import Commit

pytestmark = pytest.mark.aws

DEADLINE_S = 30


def clock() -> int:
    return time.time_ns() // 1_000_000


def commit(stream: str, version: int) -> Commit:
    return Commit(stream, version, uuid4().hex, '[{"é":"漢"}]', "{}", clock(), "{}")


def unexpected(records: object, reason: str) -> None:
    raise AssertionError(f"gave up {records}: {reason}")


class Box:
    """Collects the items that a function received, and waits until they are as expected."""

    def __init__(self) -> None:
        self.items: list[object] = []
        self._changed = threading.Condition()

    def put(self, *items: object) -> None:
        with self._changed:
            self.items += items
            self._changed.notify_all()

    def wait(self, enough: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(enough, DEADLINE_S), self.items


class TestStream:
    def test_every_commit_in_order(self, servers: Servers, resources: Resources) -> None:
        """Every commit reaches the projector as it was appended, those of a stream in order, even if it fails in
        between.
        """
        log = DynamoDBEventLog(servers.client("dynamodb"), resources.events_table)
        commits = [commit(f"vs_{stream}", version) for version in range(10) for stream in range(12)]
        box, failures = Box(), iter([RuntimeError("first"), None, RuntimeError("third")])

        def project(event: Json) -> Json:
            if error := next(failures, None):
                raise error
            box.put(*(commit_of(record["dynamodb"]["NewImage"]) for record in event["Records"]))
            return {"batchItemFailures": []}

        settings = StreamSettings(batch_size=25, window=20, pauses=(10,))
        mapping = StreamMapping(project, settings, clock, unexpected, shards=3)
        reader = StreamReader(servers.client("dynamodbstreams"), resources.stream_arn)

        def read() -> bool:
            found = reader.read()
            mapping.offer(found)
            return bool(found)

        with pumping([read, *(shard.step for shard in mapping.shards)]):
            log.append(commits[:60])
            log.append(commits[60:])
            box.wait(lambda: len(box.items) >= len(commits))
        log.close()
        assert {each.stream for each in commits} == {each.stream for each in box.items if isinstance(each, Commit)}
        for stream in {each.stream for each in commits}:
            got = [each for each in box.items if isinstance(each, Commit) and each.stream == stream]
            assert got == [each for each in commits if each.stream == stream]


class TestQueue:
    def test_failures_end_as_dead_letters(self, servers: Servers, resources: Resources) -> None:
        """Successful messages are deleted; failed ones are redelivered as often as the queue allows, and then become
        dead letters.
        """
        sqs = servers.client("sqs")
        for group in ("a", "b"):
            sqs.send_message_batch(
                QueueUrl=resources.work.url,
                Entries=[{"Id": str(n), "MessageBody": f"{group}{n}", "MessageGroupId": group} for n in range(5)],
            )
        seen, dead = Box(), Box()

        def work(event: Json) -> Json:
            seen.put(
                *((record["body"], record["attributes"]["ApproximateReceiveCount"]) for record in event["Records"])
            )
            return {
                "batchItemFailures": [
                    {"itemIdentifier": each["messageId"]} for each in event["Records"] if each["body"] == "b3"
                ]
            }

        def bury(event: Json) -> None:
            dead.put(*(record["body"] for record in event["Records"]))

        settings = QueueSettings(batch_size=10, wait=1)
        worker = QueueMapping(sqs, resources.work.url, resources.work.arn, work, clock, settings)
        undertaker = QueueMapping(sqs, resources.work_dead.url, resources.work_dead.arn, bury, clock, settings)
        with pumping([worker.step, worker.step, undertaker.step]):
            dead.wait(lambda: bool(dead.items))
        assert dead.items == ["b3"]
        assert sorted(map(str, seen.items)) == sorted(
            str(each) for each in [("b3", "2"), *((f"{group}{n}", "1") for group in "ab" for n in range(5))]
        )
        counts = sqs.get_queue_attributes(QueueUrl=resources.work.url, AttributeNames=["All"])["Attributes"]
        assert counts["ApproximateNumberOfMessages"] == counts["ApproximateNumberOfMessagesNotVisible"] == "0"
