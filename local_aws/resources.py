"""Tables, queues and a bucket on the local servers, as the stack creates them on AWS. The adapter creates indexes and
mapping itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from local_aws.servers import Servers
from vectorlog.runtime.aws import tables

if TYPE_CHECKING:
    from botocore.client import BaseClient


PREFIX = "vectorlog-"


@dataclass(frozen=True, slots=True)
class LocalQueue:
    """A queue: its URL, and the ARN that mappings and policies use."""

    url: str
    arn: str


@dataclass(frozen=True, slots=True)
class Resources:
    """What one deployment owns. Names begin with the deployment's, so that several can exist side by side."""

    events_table: str
    views_table: str
    stream_arn: str
    bucket: str
    work: LocalQueue
    work_dead: LocalQueue
    embed: LocalQueue
    embed_dead: LocalQueue
    erase: LocalQueue
    erase_dead: LocalQueue

    @property
    def stage(self) -> str:
        """The stage of the deployment, by which commands find it (`stage.py`)."""
        return self.bucket.removeprefix(PREFIX)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of functions, except for the servers' addresses."""
        return {
            "VECTORLOG_EVENTS_TABLE": self.events_table,
            "VECTORLOG_VIEWS_TABLE": self.views_table,
            "VECTORLOG_BUCKET": self.bucket,
            "VECTORLOG_WORK_QUEUE": self.work.url,
            "VECTORLOG_EMBED_QUEUE": self.embed.url,
            "VECTORLOG_ERASE_QUEUE": self.erase.url,
        }


def make(servers: Servers, *, visibility_s: int = 30, receives: int = 5) -> Resources:
    """Creates everything for a new deployment.

    Args:
        servers: where to create it.
        visibility_s: visibility time-out; on AWS it is six times the function's time-out.
        receives: number of receives after which a message moves to its queue's dead letters.
    """
    name = f"{PREFIX}{uuid4().hex[:8]}"
    dynamodb, sqs, s3 = servers.client("dynamodb"), servers.client("sqs"), servers.client("s3")
    events, views = f"{name}-events", f"{name}-views"
    stream = dynamodb.create_table(**tables.events(events))["TableDescription"]["LatestStreamArn"]
    dynamodb.create_table(**tables.views(views))
    dynamodb.update_time_to_live(
        TableName=views, TimeToLiveSpecification={"Enabled": True, "AttributeName": tables.TTL_ATTRIBUTE}
    )
    s3.create_bucket(Bucket=name)
    work, work_dead = _queue(sqs, f"{name}-work", visibility_s, receives)
    embed, embed_dead = _queue(sqs, f"{name}-embed", visibility_s, receives)
    erase, erase_dead = _queue(sqs, f"{name}-erase", visibility_s, receives)
    return Resources(events, views, stream, name, work, work_dead, embed, embed_dead, erase, erase_dead)


def remove(servers: Servers, resources: Resources) -> None:
    """Deletes everything, including the bucket's content."""
    dynamodb, sqs, s3 = servers.client("dynamodb"), servers.client("sqs"), servers.client("s3")
    queues = (resources.work, resources.work_dead, resources.embed, resources.embed_dead)
    for queue in (*queues, resources.erase, resources.erase_dead):
        sqs.delete_queue(QueueUrl=queue.url)
    for table in (resources.events_table, resources.views_table):
        dynamodb.delete_table(TableName=table)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=resources.bucket):
        for stored in page.get("Contents", ()):
            s3.delete_object(Bucket=resources.bucket, Key=stored["Key"])
    s3.delete_bucket(Bucket=resources.bucket)


def _queue(sqs: BaseClient, name: str, visibility_s: int, receives: int) -> tuple[LocalQueue, LocalQueue]:
    """A queue and its dead letters, which are kept for 14 days."""
    dead = _made(sqs, f"{name}-dead", {"MessageRetentionPeriod": "1209600", "VisibilityTimeout": str(visibility_s)})
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": receives})
    return _made(sqs, name, {"VisibilityTimeout": str(visibility_s), "RedrivePolicy": redrive}), dead


def _made(sqs: BaseClient, name: str, attributes: dict[str, str]) -> LocalQueue:
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return LocalQueue(
        url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    )
