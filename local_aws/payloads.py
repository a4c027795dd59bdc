"""Events in the form in which Lambda passes them to functions, built from the services' answers to boto3."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import uuid4

from local_aws.account import ACCOUNT, REGION

Json: TypeAlias = dict[str, Any]
Invoke: TypeAlias = Callable[[Json], Json | None]
"""A function: event → answer; raises if Lambda would see an error."""


def stream_event(records: Sequence[Json]) -> Json:
    """The event of an event source mapping on a DynamoDB stream or a queue."""
    return {"Records": list(records)}


queue_event = stream_event


def stream_record(record: Mapping[str, Any], arn: str) -> Json:
    """A record of `GetRecords`. Where boto3 gives times and bytes, Lambda's events have whole seconds since 1970 and
    base64.
    """
    change = dict(record["dynamodb"])
    change["ApproximateCreationDateTime"] = int(change["ApproximateCreationDateTime"].timestamp())
    for part in ("Keys", "NewImage", "OldImage"):
        if part in change:
            change[part] = {name: _plain(value) for name, value in change[part].items()}
    return {
        "eventID": record["eventID"],
        "eventName": record["eventName"],
        "eventVersion": record["eventVersion"],
        "eventSource": record["eventSource"],
        "awsRegion": REGION,
        "dynamodb": change,
        "eventSourceARN": arn,
    }


def queue_record(message: Mapping[str, Any], arn: str) -> Json:
    """A message of `ReceiveMessage`."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message["Attributes"]),
        "messageAttributes": {name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()},
        "md5OfBody": hashlib.md5(message["Body"].encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": REGION,
    }


def schedule_event(rule: str, at_ms: int) -> Json:
    """The event of a scheduled EventBridge rule."""
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}"],
        "detail": {},
    }


def _attribute(value: Mapping[str, Any]) -> Json:
    """A message attribute; Lambda's events always hold the two lists, which are always empty."""
    kept = {name[0].lower() + name[1:]: _plain(value[name]) for name in ("StringValue", "BinaryValue") if name in value}
    return {**kept, "stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}


def _plain(value: object) -> object:
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case Mapping():
            return {name: _plain(each) for name, each in value.items()}
        case list():
            return [_plain(each) for each in value]
    return value
