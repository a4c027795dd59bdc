"""Builds the parts of a Lambda function. Each part is created once, when it is first needed.

What only the functions behind the log need is in `workers.py`, so that those that answer requests do not import it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from random import SystemRandom
from typing import TYPE_CHECKING, Any, cast

from vectorlog.defaults import GATEWAY_UPLOADS
from vectorlog.deployment import Deployment, awake
from vectorlog.domain.project_limits import limits_of
from vectorlog.event_log.dynamodb import DynamoDBEventLog
from vectorlog.event_log.streams import Streams
from vectorlog.limits.dynamodb import DynamoDBWindows
from vectorlog.limits.limiter import Limiter
from vectorlog.limits.request_rate import ALONE, RequestRate
from vectorlog.runtime.aws import clients
from vectorlog.runtime.aws.environment import Environment
from vectorlog.runtime.aws.metrics import CloudWatchMetrics
from vectorlog.runtime.aws.once import once
from vectorlog.runtime.aws.reranking import reranker
from vectorlog.runtime.aws.rewriting import rewriter
from vectorlog.runtime.aws.webhooks import webhooks
from vectorlog.telemetry.telemetry import Telemetry
from vectorlog.views.dynamodb import DynamoDBTable
from vectorlog.views.views import Views

if TYPE_CHECKING:
    from vectorlog.embedding.catalogue import Models
    from vectorlog.files.blobs import Blobs
    from vectorlog.files.s3 import S3Blobs
    from vectorlog.index.chunk_index import ChunkIndex
    from vectorlog.index.opensearch.collection import CollectionIndex
    from vectorlog.index.opensearch.index import OpenSearchIndex
    from vectorlog.reranking.reranker import Reranker
    from vectorlog.rewriting.rewriter import Rewriter
    from vectorlog.work.queue import Backlog


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
    spreads = settings.spread_counts == str(True)
    table, *also = [
        DynamoDBTable(dynamodb, name, spreads=spreads)
        for name in (settings.views_table, *filter(None, settings.views_also.split(",")))
    ]
    return Deployment(
        streams=Streams(DynamoDBEventLog(dynamodb, settings.events_table), clock, random),
        views=Views(
            table,
            also=also,
            pool=ThreadPoolExecutor(clients.CALLS_AT_ONCE, "project"),
        ),
        blobs=cast("Blobs", _AtFirstUse(blobs)),
        index=cast("ChunkIndex", _AtFirstUse(index)),
        models=cast("Models", _AtFirstUse(lambda: embedders(searching=True))),
        clock=clock,
        random=random,
        upload_limits=GATEWAY_UPLOADS,
        together=_together,
        duplicate_content=settings.duplicate_content,
        limits=limiter(),
        embeddings_api=settings.embeddings_api,
        rewriter=cast("Rewriter", _AtFirstUse(lambda: rewriter(settings))),
        reranker=cast("Reranker", _AtFirstUse(lambda: reranker(settings))) if settings.reranking_model else None,
        telemetry=telemetry(),
        webhooks=webhooks(settings),
        link_key=link_key,
        backlogs=_backlogs,
        wake=_waker(settings),
    )


@once
def link_key() -> bytes:
    """Returns the key that signs addresses of passages."""
    from vectorlog.runtime.aws.link_key import kept

    return kept(clients.dynamodb(), environment().views_table, SystemRandom())


def embedders(*, searching: bool) -> Models:
    """Creates the models that embed, for searches or for ingests."""
    from vectorlog.runtime.aws.models import models

    return models(environment(), searching=searching, telemetry=telemetry())


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
    layout = Layout(
        prefix=settings.opensearch_prefix,
        engine=settings.opensearch_engine,
        shards=int(settings.opensearch_shards),
        partition=int(settings.opensearch_partition),
        vectors=settings.opensearch_vectors,
    )
    connected = partial(connect, settings.opensearch_endpoint, credentials=credentials, region=region)
    if settings.opensearch_form == "collection":
        from vectorlog.index.opensearch.collection import SERVICE, CollectionIndex

        return CollectionIndex(connected(service=SERVICE), layout)
    return OpenSearchIndex(connected(), layout, refresh=settings.opensearch_refresh)


def _waker(settings: Environment) -> Callable[[], None]:
    """Returns how a function wakes the index: itself if it has the index's address, otherwise through the work queue;
    not at all if the index is a domain, which never sleeps.
    """
    if settings.opensearch_form == "domain" or not (settings.opensearch_endpoint or settings.work_queue):
        return awake
    from vectorlog.runtime.aws.waking import Waker, asked_for

    if settings.opensearch_endpoint:
        return Waker(lambda: cast("CollectionIndex", deployment().index).wake(), metrics=telemetry().metrics)
    from vectorlog.work.sqs import SQSQueue

    return Waker(asked_for(SQSQueue(clients.sqs(), settings.work_queue, clock)))


def _backlogs() -> Mapping[str, Backlog]:
    """Asks SQS about each queue whose URL the function has."""
    from vectorlog.work.sqs_backlog import backlog

    settings, client = environment(), clients.sqs()
    urls = {
        "work": settings.work_queue,
        "embed": settings.embed_queue,
        "erase": settings.erase_queue,
        "deliver": settings.deliver_queue,
    }
    return {name: backlog(client, url) for name, url in urls.items() if url}


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
