"""A test deployment on AWS's adapters, built by `runtime/aws` and driven through the real handlers.

DynamoDB and its stream are DynamoDB Local's. S3 and SQS are moto's, in this process, because its queues follow the
test's clock. The handlers run in one thread, because moto is correct only there. Model, reader and index are stand-ins
that pass the contract tests of their ports.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any, TypeVar, cast

import pytest
from moto.sqs import models as moto_sqs

from local_aws.account import REGION
from local_aws.batch_answer import failed_items
from local_aws.payloads import Json, queue_event, queue_record, stream_event
from local_aws.servers import Servers
from local_aws.stream_reader import StreamReader
from tests.support import dynamodb_local, moto_aws
from tests.support.bench import Bench
from tests.support.faults import Faults, Fragile
from tests.support.moto_deployment import MotoDeployment, sample
from tests.support.pump import Clock, Pump
from vectorlog.deployment import Deployment
from vectorlog.event_log.dynamodb import DynamoDBEventLog
from vectorlog.files import s3
from vectorlog.runtime.aws import clients, once, tables, wiring, workers

T = TypeVar("T")

BATCH = 100
"""Records in one batch of the stream's mapping."""
HOUR_MS = 3_600_000


class AwsBench(Bench):
    """A new deployment whose calls are counted, and its pump."""

    pump: AwsPump

    def __init__(self, servers: Servers, folder: Path, patch: pytest.MonkeyPatch) -> None:
        folder.mkdir()
        self.folder, self.random, self.clock, self.faults = folder, Random(0), Clock(), Faults()
        self._stack = ExitStack()
        dynamodb = dynamodb_local.client()
        events = self._stack.enter_context(dynamodb_local.table(tables.events))
        views = self._stack.enter_context(dynamodb_local.table(tables.views))
        self._stack.enter_context(moto_aws.aws())
        self._stack.callback(once.forget)
        self.moto = MotoDeployment(patch, dynamodb, events, views)
        for clocked, attribute, time in (
            (wiring, "clock", self.clock),
            (moto_sqs, "unix_time_millis", self.clock),
            (moto_sqs, "unix_time", lambda: self.clock() / 1000),
        ):
            patch.setattr(clocked, attribute, time)
        index = Fragile(self.moto.index, {"add", "remove", "remove_store"}, self.faults)
        patch.setattr(wiring, "index", lambda: index)
        self._fragile(patch, wiring, "DynamoDBEventLog", "append", "erase")
        self._fragile(patch, wiring, "DynamoDBTable", "write")
        self._fragile(patch, workers, "SQSQueue", "send", "release")
        self._fragile(patch, s3, "S3Blobs", "put", "join", "delete")
        once.forget()
        self.log = cast(Any, DynamoDBEventLog(dynamodb, events))
        self.index = self.moto.index
        arn = dynamodb.describe_table(TableName=events)["Table"]["LatestStreamArn"]
        self.reader = StreamReader(servers.client("dynamodbstreams"), arn)
        self.pump = AwsPump(self)

    @property  # a new process has a new one
    def deployment(self) -> Deployment:  # type: ignore[override]
        return self.moto.deployment

    @property
    def blobs(self) -> Any:  # type: ignore[override]
        return wiring.blobs()

    def close(self) -> None:
        self.log.close()
        self._stack.close()

    def _fragile(self, patch: pytest.MonkeyPatch, module: object, name: str, *changing: str) -> None:
        make = getattr(module, name)
        patch.setattr(module, name, lambda *args, **kwargs: Fragile(make(*args, **kwargs), changing, self.faults))


class AwsPump(Pump):
    """Does the work of Lambda and EventBridge, one step at a time. A step that dies leaves its records unread or its
    messages lent.
    """

    def __init__(self, bench: AwsBench) -> None:
        self._bench = bench
        self.position = 0
        self.records: list[Json] = []
        self.work: Any = AwsQueue(bench.moto.work)
        self.embed: Any = AwsQueue(bench.moto.embed)
        self.erase: Any = AwsQueue(bench.moto.erase)

    @property
    def deployment(self) -> Deployment:  # type: ignore[override]
        return self._bench.deployment

    def project(self, limit: int = BATCH, *, order: Random | None = None) -> int:
        self.records += self._bench.reader.read()
        page = self.records[self.position : self.position + limit]
        if page:
            self.deliver(page if order is None else in_any_order(page, order, _key))
            self.position += len(page)
        return len(page)

    def again(self, draw: Random) -> None:
        if self.position:
            start = draw.randrange(self.position)
            self.deliver(
                in_any_order(self.records[start : min(self.position, start + draw.randint(1, 20))], draw, _key)
            )

    def deliver(self, records: Sequence[Json]) -> None:
        """Passes records to the projector."""
        assert self._bench.moto.handle("projector", stream_event(records)) == {"batchItemFailures": []}

    def work_one(self, draw: Random | None = None, *, twice: bool = False) -> bool:
        return self._take(self.work, "work", 1, draw, twice=twice) or self._take(
            self.erase, "erase", 1, draw, twice=twice
        )

    def ingest_some(self, limit: int = 10, draw: Random | None = None, *, twice: bool = False) -> bool:
        return self._take(self.embed, "embed", limit, draw, twice=twice)

    def sweep(self) -> int:
        return int(self._bench.moto.handle("sweep", sample("schedule"))["swept"])

    def restart(self) -> None:
        once.forget()
        for queue in (self.work, self.embed, self.erase):
            queue.recall()

    def _take(self, queue: AwsQueue, function: str, limit: int, draw: Random | None, *, twice: bool) -> bool:
        records = queue.receive(limit, draw)
        if records:
            for _ in range(2 if twice else 1):
                answer = self._bench.moto.handle(function, queue_event(records))
                failed = failed_items(answer, [record["messageId"] for record in records])
                assert not failed, f"{function} failed: {answer}"
            queue.delete(records)
        return bool(records)

    def _next_due(self) -> int | None:
        found = [wait for queue in (self.work, self.embed, self.erase) for wait in queue.waits(self._bench.clock())]
        return max(1, min(found)) if found else None


class AwsQueue:
    """A queue of moto, from Lambda's side."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = clients.sqs()
        self._queue: Any = moto_sqs.sqs_backends["123456789012"][REGION].queues[url.rpartition("/")[2]]

    def receive(self, limit: int, draw: Random | None) -> list[Json]:
        """Lends up to this many messages; `draw` chooses which."""
        wanted = min(10, limit if draw is None else limit + 5)
        names: dict[str, Any] = {"MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"]}
        found = self._client.receive_message(QueueUrl=self._url, MaxNumberOfMessages=wanted, **names).get(
            "Messages", []
        )
        if draw is not None:
            draw.shuffle(found)
        self.recall({message["MessageId"] for message in found[limit:]})
        return [queue_record(message, "arn:aws:sqs:us-east-1:123456789012:queue") for message in found[:limit]]

    def delete(self, records: Sequence[Json]) -> None:
        """Deletes messages that are done."""
        entries = [{"Id": str(place), "ReceiptHandle": record["receiptHandle"]} for place, record in enumerate(records)]
        self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)

    def recall(self, messages: Iterable[str] | None = None) -> None:
        """Ends the visibility time-out of those messages that are lent."""
        for message in self._queue._messages:
            if message.approximate_receive_count and (messages is None or message.id in messages):
                message.visible_at = 0.0

    def waits(self, now: int) -> list[int]:
        """Milliseconds until each message is due."""
        return [
            int(max(each.delayed_until, each.visible_at + 1, _not_before(each)) - now) for each in self._queue._messages
        ]

    def bodies(self) -> list[str]:
        """Bodies of all messages."""
        return [message.body for message in self._queue._messages]

    def depth(self) -> int:
        """The number of messages, including lent and delayed ones."""
        return len(self._queue._messages)


def in_any_order(items: Sequence[T], draw: Random, key: Callable[[T], str]) -> list[T]:
    """A random order that keeps the order within each key."""
    waiting: dict[str, list[T]] = {}
    for item in items:
        waiting.setdefault(key(item), []).append(item)
    keys = [key(item) for item in items]
    draw.shuffle(keys)
    return [waiting[each].pop(0) for each in keys]


def _key(record: Json) -> str:
    return json.dumps(record["dynamodb"]["Keys"]["pk"])


def _not_before(message: Any) -> int:
    given = message.message_attributes.get("not_before")
    return int(given["StringValue"]) if given else 0
