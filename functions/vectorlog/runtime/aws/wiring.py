"""Builds the parts of a Lambda function. Each part is created once, when it is first needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from random import SystemRandom
from typing import TYPE_CHECKING, Any, cast

from vectorlog.defaults import GATEWAY_UPLOADS
from vectorlog.deployment import Deployment
from vectorlog.domain.project_limits import limits_of
from vectorlog.event_log.dynamodb import DynamoDBEventLog
from vectorlog.event_log.streams import Streams
from vectorlog.limits.dynamodb import DynamoDBWindows
from vectorlog.limits.limiter import Limiter
from vectorlog.limits.request_rate import ALONE, RequestRate
from vectorlog.reactions.projector import Projector
from vectorlog.reactions.worker import Worker
from vectorlog.runtime.aws import clients
from vectorlog.runtime.aws.environment import Environment
from vectorlog.runtime.aws.metrics import CloudWatchMetrics
from vectorlog.runtime.aws.models import models
from vectorlog.runtime.aws.once import once
from vectorlog.runtime.aws.records import REDELIVERY_DELAYS_MS, Records
from vectorlog.runtime.aws.rewriting import rewriter
from vectorlog.telemetry.telemetry import Telemetry
from vectorlog.views.dynamodb import DynamoDBTable
from vectorlog.views.views import Views
from vectorlog.work.messages import Ingest, Message, Replay, decode
from vectorlog.work.sqs import SQSQueue

if TYPE_CHECKING:
    from vectorlog.embedding.catalogue import Models
    from vectorlog.event_log.dynamodb_stream import Gap
    from vectorlog.files.blobs import Blobs
    from vectorlog.files.s3 import S3Blobs
    from vectorlog.index.chunk_index import ChunkIndex
    from vectorlog.index.opensearch.index import OpenSearchIndex
    from vectorlog.ingest.ingester import Ingester
    from vectorlog.rewriting.rewriter import Rewriter

READER_MEMORY_BYTES = 1 << 30
"""For the child process that reads a file. The function has 1,769 MB, which is one core."""
GIVE_UP = "it failed every time"
SEND_AGAIN_MS = 900_000
"""How long a message that failed too often waits before it is tried again."""


def clock() -> int:
    """Returns the current time in ms since 1970."""
    return time.time_ns() // 1_000_000


@once
def environment() -> Environment:
    """Returns this function's settings."""
    return Environment.from_environment()


@once
def deployment() -> Deployment:
    """Returns this deployment, with the adapters for AWS."""
    settings, random = environment(), SystemRandom()
    dynamodb = clients.dynamodb()
    also = [DynamoDBTable(dynamodb, name) for name in settings.views_also.split(",") if name]
    return Deployment(
        streams=Streams(DynamoDBEventLog(dynamodb, settings.events_table), clock, random),
        views=Views(DynamoDBTable(dynamodb, settings.views_table), also=also),
        blobs=cast("Blobs", _AtFirstUse(blobs)),
        index=cast("ChunkIndex", _AtFirstUse(index)),
        models=cast("Models", _AtFirstUse(lambda: models(settings, searching=True, telemetry=telemetry()))),
        clock=clock,
        random=random,
        upload_limits=GATEWAY_UPLOADS,
        together=_together,
        duplicate_content=settings.duplicate_content,
        limits=limiter(),
        embeddings_api=settings.embeddings_api,
        rewriter=cast("Rewriter", _AtFirstUse(lambda: rewriter(settings))),
        telemetry=telemetry(),
    )


def limiter() -> Limiter:
    """Creates the limits of projects, whose counts all functions share."""
    windows = DynamoDBWindows(clients.dynamodb(), environment().views_table)
    rate = RequestRate(windows, alone=ALONE, telemetry=telemetry())
    return Limiter(limits_of(environment()), windows, rate)


@once
def telemetry() -> Telemetry:
    """Returns the telemetry, which writes log lines and counts in CloudWatch."""
    return Telemetry(CloudWatchMetrics())


@once
def blobs() -> S3Blobs:
    """Returns the adapter for S3."""
    from vectorlog.files.s3 import S3Blobs

    return S3Blobs(clients.s3(), environment().bucket)


def index() -> OpenSearchIndex:
    """Creates an adapter for OpenSearch."""
    from vectorlog.index.opensearch.index import OpenSearchIndex
    from vectorlog.index.opensearch.mapping import Layout
    from vectorlog.index.opensearch.requests import connect

    settings = environment()
    signed = settings.opensearch_endpoint.startswith("https://")
    credentials, region = clients.signing() if signed else (None, None)
    client = connect(settings.opensearch_endpoint, credentials=credentials, region=region)
    return OpenSearchIndex(
        client,
        Layout(engine=settings.opensearch_engine, shards=int(settings.opensearch_shards)),
        refresh=settings.opensearch_refresh,
    )


def _together(*reads: Callable[[], Any]) -> tuple[Any, ...]:
    return tuple(readers().map(lambda read: read(), reads))


@once
def readers() -> ThreadPoolExecutor:
    """Returns the threads for calls to AWS, in which independent calls run in parallel."""
    return ThreadPoolExecutor(8, "read")


class _AtFirstUse:
    """Creates a part when it is first used, so that a function which never uses it does not import its libraries."""

    def __init__(self, make: Callable[[], object]) -> None:
        self._make = cache(make)

    def __getattr__(self, name: str) -> object:
        return getattr(self._make(), name)


@once
def work_queue() -> SQSQueue:
    """Returns the queue of the work function."""
    return SQSQueue(clients.sqs(), environment().work_queue, clock)


@once
def embed_queue() -> SQSQueue:
    """Returns the queue of the embed function."""
    return SQSQueue(clients.sqs(), environment().embed_queue, clock)


@once
def erase_queue() -> SQSQueue:
    """Returns the queue of the erase function."""
    return SQSQueue(clients.sqs(), environment().erase_queue, clock)


@once
def projector() -> Projector:
    """Returns the consumer of the log's stream."""
    deployed = deployment()
    return Projector(deployed.streams, deployed.views, work_queue(), embed_queue(), telemetry(), erase_queue())


@once
def ingester() -> Ingester:
    """Returns the ingester. No client waits for its embeddings, so it retries them more often than a search does."""
    from vectorlog.ingest.ingester import Ingester
    from vectorlog.ingest.sandbox import Sandbox

    for_ingest = replace(deployment(), models=models(environment(), searching=False, telemetry=telemetry()))
    return Ingester(for_ingest, Sandbox(1, memory_bytes=READER_MEMORY_BYTES), ThreadPoolExecutor(4, "reader"))


def work(record: Mapping[str, Any]) -> None:
    """Processes a record of the work queue. If it raises, the caller must report the record as failed."""
    worker = Worker(deployment(), projector())
    Records(work_queue()).each(record, lambda body: worker.work(decode(body)))


def erase(record: Mapping[str, Any]) -> None:
    """Processes a record of the erase queue, as `work` does one of the work queue."""
    worker = Worker(deployment(), projector())
    Records(erase_queue()).each(record, lambda body: worker.work(decode(body)))


def ingest(records: Sequence[Mapping[str, Any]], time_left: Callable[[], bool]) -> list[str]:
    """Ingests the files of these embed queue records together. Returns the ids of the messages to report as failed."""
    from vectorlog.ingest.deliveries import Deliveries

    deliveries = Deliveries(ingester(), embed_queue(), REDELIVERY_DELAYS_MS, telemetry())
    return Records(embed_queue()).together(
        records, lambda received: [each.received for each in deliveries.take(received, time_left)]
    )


def give_up(message: Message) -> None:
    """Handles a message that failed too often: fails its file, or sends any other work again with a delay."""
    if isinstance(message, Ingest):
        ingester().give_up(message, GIVE_UP)
    else:
        projector().send([("dead", message)], delay=SEND_AGAIN_MS)


def recover(gap: Gap) -> None:
    """Sends a replay message for each stream whose records the projector gave up."""
    from vectorlog.event_log.dynamodb_stream import streams_in

    streams = streams_in(clients.dynamodb_streams(), gap)
    projector().send([(stream, Replay(stream)) for stream in streams])
