"""The AWS edition: what a function is made of, each part made once, when it is first needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from random import SystemRandom
from typing import TYPE_CHECKING, Any, cast

from vectorlog.event_log.dynamodb import DynamoDBEventLog
from vectorlog.event_log.streams import Streams
from vectorlog.reactions.projector import Projector
from vectorlog.reactions.worker import Worker
from vectorlog.runtime import aws_clients
from vectorlog.runtime.aws_models import models
from vectorlog.runtime.aws_settings import Deployment
from vectorlog.use_cases.edition import Edition
from vectorlog.views.dynamodb import DynamoDBTable
from vectorlog.views.views import Views
from vectorlog.work.messages import Ingest, Message, decode, outgoing
from vectorlog.work.sqs import SQSQueue

if TYPE_CHECKING:
    from vectorlog.embedding.catalogue import Models
    from vectorlog.files.blobs import Blobs
    from vectorlog.files.s3 import S3Blobs
    from vectorlog.index.chunk_index import ChunkIndex
    from vectorlog.ingest.worker import Worker as IngestWorker

READER_MEMORY_BYTES = 1 << 30
"""Of the child process that reads a file; the function has 1,769 MB, which is one core."""
GIVE_UP = "it failed every time"


def clock() -> int:
    """Now, in ms since 1970."""
    return time.time_ns() // 1_000_000


@cache
def deployment() -> Deployment:
    """This function's environment."""
    return Deployment.from_environment()


@cache
def edition() -> Edition:
    """Adapters of this deployment."""
    here, random = deployment(), SystemRandom()
    dynamodb = aws_clients.dynamodb()
    return Edition(
        streams=Streams(DynamoDBEventLog(dynamodb, here.events_table), clock, random),
        views=Views(DynamoDBTable(dynamodb, here.views_table, random), random),
        blobs=cast("Blobs", _AtFirstUse(blobs)),
        index=cast("ChunkIndex", _AtFirstUse(_index)),
        models=cast("Models", _AtFirstUse(lambda: models(here, searching=True))),
        clock=clock,
        random=random,
        together=_together,
        duplicate_content=here.duplicate_content,
    )


@cache
def blobs() -> S3Blobs:
    """Bytes in S3."""
    from vectorlog.files.s3 import S3Blobs

    return S3Blobs(aws_clients.s3(), deployment().bucket)


def _index() -> ChunkIndex:
    from vectorlog.index.opensearch import OpenSearchIndex, connect
    from vectorlog.index.opensearch_mapping import Layout

    here = deployment()
    signed = here.opensearch_endpoint.startswith("https://")
    credentials, region = aws_clients.signing() if signed else (None, None)
    client = connect(here.opensearch_endpoint, credentials=credentials, region=region)
    return OpenSearchIndex(client, Layout(engine=here.opensearch_engine), refresh=here.opensearch_refresh)


def _together(*reads: Callable[[], Any]) -> list[Any]:
    return list(_readers().map(lambda read: read(), reads))


@cache
def _readers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8, "read")


class _AtFirstUse:
    """Stands for a part until it is used: a function that never does never imports what the part needs."""

    def __init__(self, make: Callable[[], object]) -> None:
        self._make = cache(make)

    def __getattr__(self, name: str) -> object:
        return getattr(self._make(), name)


@cache
def work_queue() -> SQSQueue:
    """Messages that the work function does."""
    return SQSQueue(aws_clients.sqs(), deployment().work_queue, clock)


@cache
def embed_queue() -> SQSQueue:
    """Messages that the embed function does."""
    return SQSQueue(aws_clients.sqs(), deployment().embed_queue, clock)


@cache
def projector() -> Projector:
    """The stream's consumer."""
    return Projector(edition().streams, edition().views, work_queue(), embed_queue())


@cache
def worker() -> Worker:
    """Does work messages."""
    return Worker(edition(), projector())


@cache
def ingest() -> IngestBatches:
    """Ingests files."""
    from vectorlog.ingest.sandbox import Sandbox
    from vectorlog.ingest.worker import Worker as IngestWorker

    patient = replace(edition(), models=models(deployment(), searching=False))
    sandbox = Sandbox(1, memory_bytes=READER_MEMORY_BYTES)
    return IngestBatches(IngestWorker(patient, sandbox, ThreadPoolExecutor(4, "reader")), embed_queue())


def settle(message: Message) -> None:
    """Ends what a message that failed too often was about; what must not be lost is sent again, slowly."""
    if isinstance(message, Ingest):
        ingest().worker.give_up(message, GIVE_UP)
    else:
        projector().send([("dead", message)], delay=900_000)


class IngestBatches:
    """Batches of the embed queue, as Lambda hands them out."""

    def __init__(self, worker: IngestWorker, queue: SQSQueue) -> None:
        self.worker = worker
        self._queue = queue

    def batch(self, records: Sequence[Mapping[str, Any]], time_left: Callable[[], bool]) -> None:
        """Ingests the files of these records together. What is to come later is sent as a new message before Lambda deletes
        the old one; where this raises, Lambda brings all of them again.
        """
        received = [each for each in map(self._queue.accept, records) if each is not None]
        messages = [decode(each.body) for each in received]
        later = self.worker.ingest([message for message in messages if isinstance(message, Ingest)], time_left)
        patience = 1_000 * 2 ** min(max((each.receives for each in received), default=1), 8)
        self._queue.send([outgoing(each.message, each.message.store, patience if each.delay is None else each.delay) for each in later])
