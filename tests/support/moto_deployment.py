"""A deployment on moto for the real handlers: tables, bucket, queues, and a clock that tests move. Model, reader and
index are stand-ins.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from moto.sqs import models as moto_sqs

from local_aws.payloads import Json, stream_event, stream_record
from local_aws.queue_mapping import QueueMapping, QueueSettings
from tests.support import moto_aws
from tests.support.stubs import DIMENSIONS, DictIndex, StubEmbedder, StubReader
from vectorlog.deployment import Deployment
from vectorlog.domain import api_key
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.event_log.codec import API_KEY
from vectorlog.event_log.dynamodb import commit_of, item_of
from vectorlog.event_log.event_log import Commit
from vectorlog.ingest import sandbox
from vectorlog.runtime.aws import clients, once, tables, wiring

if TYPE_CHECKING:
    from botocore.client import BaseClient

EVENTS = Path(__file__).parents[2] / "events"
PROJECT = "acme"
KEY = "sk-local-example"
"""The key in the samples."""
STORE = "vs_a6c69516619aa72b702117c360f1b8a1"
FILE = "file-uc14lBswFSmxHjyfEMvK2r"
FOX = b"The quick brown fox jumps over the lazy dog."


def sample(name: str) -> Json:
    """An event in the form that the service sends."""
    event: Json = json.loads((EVENTS / f"{name}.json").read_text())
    return event


@dataclass
class Context:
    """Lambda's context object."""

    left_ms: int = 300_000
    function_name: str = "vectorlog"
    memory_limit_in_mb: int = 1769
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:vectorlog"
    log_stream_name: str = "2026/11/21/[$LATEST]abc"
    aws_request_id: str = "52fdfc07-2182-454f-963f-5f0f9a621d72"

    def get_remaining_time_in_millis(self) -> int:
        return self.left_ms


class MotoDeployment:
    """The environment of a function, and what tests look at. Every part of `runtime/aws` is rebuilt.

    Args:
        dynamodb: client of the tables `events` and `views`; None creates them in moto.
    """

    def __init__(
        self,
        patch: pytest.MonkeyPatch,
        dynamodb: BaseClient | None = None,
        events: str = "events",
        views: str = "views",
    ) -> None:
        self.now = 1_700_000_000_500
        self.index = DictIndex()
        self.answers: list[Json] = []
        self.s3, self.sqs = moto_aws.s3(), moto_aws.sqs()
        if dynamodb is None:
            dynamodb = moto_aws.dynamodb()
            dynamodb.create_table(**tables.events(events))
            dynamodb.create_table(**tables.views(views))
        self.s3.create_bucket(Bucket="bucket")
        self.work, self.embed, self.erase = self._queue("work"), self._queue("embed"), self._queue("erase")
        environment = {
            "VECTORLOG_EVENTS_TABLE": events,
            "VECTORLOG_VIEWS_TABLE": views,
            "VECTORLOG_BUCKET": "bucket",
            "VECTORLOG_WORK_QUEUE": self.work,
            "VECTORLOG_EMBED_QUEUE": self.embed,
            "VECTORLOG_ERASE_QUEUE": self.erase,
            "POWERTOOLS_METRICS_DISABLED": "1",
        }
        for name, value in environment.items():
            patch.setenv(name, value)
        for name, client in (("dynamodb", dynamodb), ("s3", self.s3), ("sqs", self.sqs)):
            patch.setattr(clients, name, lambda client=client: client)
        models = Models([Offer("stub", "words", DIMENSIONS, False, StubEmbedder)])
        patch.setattr(StubEmbedder, "throttled", False)
        patch.setattr(wiring, "embedders", lambda *_, **__: models)
        patch.setattr(wiring, "index", lambda: self.index)
        patch.setattr(wiring, "clock", lambda: self.now)
        patch.setattr(sandbox, "Sandbox", lambda *_, **__: StubReader())
        patch.setattr(moto_sqs, "unix_time_millis", lambda: self.now)
        patch.setattr(moto_sqs, "unix_time", lambda: self.now / 1000)
        once.forget()
        made = api_key.ApiKeyCreated(self.now, PROJECT, "first", api_key.hash_of(KEY), "admin")
        self.deployment.streams.decide(API_KEY, api_key.id_of(KEY), lambda state: api_key.create(state, made))

    @property
    def deployment(self) -> Deployment:
        return wiring.deployment()

    def handle(self, function: str, event: Json, *, left_ms: int = 300_000) -> Any:
        """Runs a handler on an event; returns its answer as JSON."""
        return json.loads(json.dumps(import_module(f"handlers.{function}").handler(event, Context(left_ms))))

    def happened(self) -> None:
        """Puts the commits of the stream's sample, and the bytes of the file, where a function finds them."""
        commits = [commit_of(record["dynamodb"]["NewImage"]) for record in sample("dynamodb_stream")["Records"]]
        self.deployment.streams.log.append(commits)
        sha256 = json.loads(commits[0].state)["data"]["sha256"]
        self.s3.put_object(Bucket="bucket", Key=f"files/{FILE}/{sha256}", Body=FOX)

    def commits(self, stream: str = "") -> list[Commit]:
        """The commits of the log, or of one of its streams."""
        found = sorted(
            self.deployment.streams.log.scan(), key=lambda commit: (commit.at, commit.stream, commit.version)
        )
        return [commit for commit in found if stream in ("", commit.stream)]

    def events(self, stream: str) -> list[str]:
        """Names of a stream's events."""
        return [event["type"] for commit in self.commits(stream) for event in json.loads(commit.events)]

    def stream(self) -> Json:
        """The stream's event with all commits so far."""
        return stream_event([_record(place, commit) for place, commit in enumerate(self.commits())])

    def mapping(self, queue: str, function: str, *, size: int = 10, left_ms: int = 300_000) -> QueueMapping:
        """Passes a queue's messages to a function, as Lambda does."""
        arn = f"arn:aws:sqs:us-east-1:123456789012:{function}"

        def invoke(event: Json) -> Json:
            answer: Json = self.handle(function, event, left_ms=left_ms)
            self.answers.append(answer)
            return answer

        return QueueMapping(self.sqs, queue, arn, invoke, lambda: self.now, QueueSettings(size, wait=0))

    def waiting(self, queue: str) -> list[Json]:
        """Receives every message that is due."""
        found: list[Json] = []
        while messages := self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    def kept(self, prefix: str = "") -> dict[str, bytes]:
        """Keys of the objects in the bucket."""
        listed = self.s3.list_objects_v2(Bucket="bucket", Prefix=prefix).get("Contents", ())
        return {each["Key"]: self.s3.get_object(Bucket="bucket", Key=each["Key"])["Body"].read() for each in listed}

    def rows(self, pk: str) -> list[str]:
        """Sort keys of a partition of the views."""
        return [row.key.sk for row in self.deployment.views.table.query(pk, limit=1000) if not row.gone]

    def _queue(self, name: str) -> str:
        url: str = self.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1800"})["QueueUrl"]
        return url


def _record(place: int, commit: Commit) -> Json:
    change = {
        "ApproximateCreationDateTime": datetime.fromtimestamp(commit.at // 1000, UTC),
        "Keys": {name: item_of(commit)[name] for name in ("pk", "sk")},
        "NewImage": item_of(commit),
        "SequenceNumber": f"{place + 1:021}",
        "SizeBytes": 1,
        "StreamViewType": "NEW_IMAGE",
    }
    given = {
        "eventID": f"{place:032x}",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "dynamodb": change,
    }
    return stream_record(given, "arn:aws:dynamodb:us-east-1:123456789012:table/events/stream/x")


def messages(records: Sequence[Json]) -> list[str]:
    """Types of messages."""
    return sorted(record["type"] for record in records)
