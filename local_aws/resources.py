"""Tables, queues, a bucket, a secret and an event bus on the local servers, as the stack creates them on AWS. The
adapter creates indexes and mapping itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import TYPE_CHECKING
from uuid import uuid4

import urllib3

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
    deliver: LocalQueue
    deliver_dead: LocalQueue
    outbox_table: str
    webhook_secret: str
    event_bus: str

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
            "VECTORLOG_DELIVER_QUEUE": self.deliver.url,
            "VECTORLOG_OUTBOX_TABLE": self.outbox_table,
            "VECTORLOG_WEBHOOK_SECRET": self.webhook_secret,
            "VECTORLOG_EVENT_BUS": self.event_bus,
            "VECTORLOG_OPENSEARCH_PREFIX": self.bucket,  # deployments share a node, and no words, whose rarity ranks
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
    deliver, deliver_dead = _queue(sqs, f"{name}-deliver", visibility_s, receives)
    outbox = f"{name}-outbox"
    dynamodb.create_table(**tables.outbox(outbox))
    servers.client("secretsmanager").create_secret(Name=f"{name}-webhooks", SecretString=token_urlsafe(48))
    servers.client("events").create_event_bus(Name=name)
    return Resources(
        events,
        views,
        stream,
        name,
        work,
        work_dead,
        embed,
        embed_dead,
        erase,
        erase_dead,
        deliver,
        deliver_dead,
        outbox,
        f"{name}-webhooks",
        name,
    )


def remove(servers: Servers, resources: Resources) -> None:
    """Deletes everything, including the bucket's content."""
    dynamodb, sqs, s3 = servers.client("dynamodb"), servers.client("sqs"), servers.client("s3")
    queues = (resources.work, resources.work_dead, resources.embed, resources.embed_dead)
    for queue in (*queues, resources.erase, resources.erase_dead, resources.deliver, resources.deliver_dead):
        sqs.delete_queue(QueueUrl=queue.url)
    for table in (resources.events_table, resources.views_table, resources.outbox_table):
        dynamodb.delete_table(TableName=table)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=resources.bucket):
        for stored in page.get("Contents", ()):
            s3.delete_object(Bucket=resources.bucket, Key=stored["Key"])
    s3.delete_bucket(Bucket=resources.bucket)
    servers.client("secretsmanager").delete_secret(SecretId=resources.webhook_secret, ForceDeleteWithoutRecovery=True)
    servers.client("events").delete_event_bus(Name=resources.event_bus)
    urllib3.request("DELETE", f"{servers.opensearch}/{resources.bucket}-*")


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
