"""Events that the pump creates, compared with the samples in events/ of what AWS sends."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local_aws.payloads import queue_record, schedule_event, stream_record
from vectorlog.event_log.dynamodb import commit_of
from vectorlog.work.messages import decode

SAMPLES = Path(__file__).parents[2] / "events"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text())


class TestSamples:
    def test_stream(self) -> None:
        """A record of GetRecords becomes the record that Lambda sends, field by field."""
        for wanted in sample("dynamodb_stream.json")["Records"]:
            change = dict(wanted["dynamodb"])
            change["ApproximateCreationDateTime"] = datetime.fromtimestamp(change["ApproximateCreationDateTime"], UTC)
            given = {**wanted, "dynamodb": change, "userIdentity": {"Type": "x"}}
            made = stream_record(given, wanted["eventSourceARN"])
            assert made | {"awsRegion": wanted["awsRegion"]} == wanted

    def test_binary(self) -> None:
        """Bytes, at any depth, are base64."""
        change = {
            "ApproximateCreationDateTime": datetime.fromtimestamp(1, UTC),
            "NewImage": {"a": {"L": [{"B": b"\x00\x01"}]}},
        }
        given = {
            "eventID": "1",
            "eventName": "INSERT",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "dynamodb": change,
        }
        assert stream_record(given, "arn")["dynamodb"]["NewImage"] == {"a": {"L": [{"B": "AAE="}]}}

    def test_queues(self) -> None:
        """A message of ReceiveMessage becomes the one that Lambda sends, field by field."""
        for wanted in (*sample("sqs_work.json")["Records"], *sample("sqs_embed.json")["Records"]):
            given = {
                "MessageId": wanted["messageId"],
                "ReceiptHandle": wanted["receiptHandle"],
                "Body": wanted["body"],
                "Attributes": wanted["attributes"],
                "MessageAttributes": {
                    name: {"DataType": value["dataType"], "StringValue": value["stringValue"]}
                    for name, value in wanted["messageAttributes"].items()
                },
            }
            assert queue_record(given, wanted["eventSourceARN"]) | {"awsRegion": wanted["awsRegion"]} == wanted

    def test_schedule(self) -> None:
        """A scheduled event has the fields that EventBridge sends, with the same types."""
        wanted, made = sample("schedule.json"), schedule_event("sweep", 1_793_528_100_000)
        assert {name: type(value) for name, value in made.items()} == {
            name: type(value) for name, value in wanted.items()
        }
        assert made["time"] == wanted["time"]

    def test_content(self) -> None:
        """The samples hold commits and messages that this version reads."""
        for record in sample("dynamodb_stream.json")["Records"]:
            assert commit_of(record["dynamodb"]["NewImage"]).stream == record["dynamodb"]["Keys"]["pk"]["S"]
        for name in ("sqs_work.json", "sqs_embed.json"):
            for record in sample(name)["Records"]:
                decode(record["body"])
