"""Many parallel workers on one store, where DynamoDB refuses colliding transactions.

Log, views and stream are DynamoDB Local's, the queues ElasticMQ's. Bytes are in a folder and chunks in a dict, because
they play no part.
"""

from __future__ import annotations

import hashlib
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from local_aws.payloads import Json
from local_aws.pump import pumping
from local_aws.resources import Resources
from local_aws.servers import Servers
from local_aws.stream_mapping import StreamMapping, StreamSettings
from local_aws.stream_reader import StreamReader
from tests.support.dynamodb_conflicts import conflicts
from tests.support.stubs import DIMENSIONS, DictIndex, Inline, StubEmbedder, StubReader
from vectorlog.deployment import Deployment
from vectorlog.domain import uploaded_file
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.tenancy import Caller
from vectorlog.domain.uploaded_file import FileUploaded
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.event_log.codec import UPLOADED_FILE
from vectorlog.event_log.dynamodb import DynamoDBEventLog, commit_of
from vectorlog.event_log.streams import Plan, Streams
from vectorlog.files.folder import FolderBlobs
from vectorlog.ingest.deliveries import Deliveries
from vectorlog.ingest.ingester import Ingester
from vectorlog.operations import folded_log
from vectorlog.operations.verify import differences
from vectorlog.reactions.projector import Projector
from vectorlog.reactions.worker import Worker
from vectorlog.runtime.aws import clients, wiring
from vectorlog.use_cases import file_batches, store_files, vector_stores
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.store_files import AttachFile
from vectorlog.use_cases.uploaded_files import blob_key
from vectorlog.use_cases.vector_stores import CreateStore
from vectorlog.views.counts import Counts
from vectorlog.views.dynamodb import DynamoDBTable
from vectorlog.views.views import Views
from vectorlog.work.messages import decode
from vectorlog.work.sqs import SQSQueue

pytestmark = pytest.mark.aws

ACTOR = Actor(Caller("acme"), "req_1")
WORKERS = 20
EACH = 4
SINGLES = 20
SHARDS = 4
DEADLINE_S = 300
LENT_MS = 600_000
TEXT = "alpha beta\ngamma"


class Crowd:
    """A deployment whose workers, projector and requests are threads of this process."""

    def __init__(self, resources: Resources, servers: Servers, folder: Path) -> None:
        dynamodb, random = clients.dynamodb(), Random(0)
        self.dynamodb = dynamodb
        self.deployment = Deployment(
            streams=Streams(DynamoDBEventLog(dynamodb, resources.events_table), wiring.clock, random),
            views=Views(
                DynamoDBTable(dynamodb, resources.views_table),
                pool=ThreadPoolExecutor(clients.CALLS_AT_ONCE, "project"),
            ),
            blobs=FolderBlobs(folder / "blobs", folder / "staging"),
            index=DictIndex(),
            models=Models([Offer("stub", "words", DIMENSIONS, False, StubEmbedder)]),
            clock=wiring.clock,
            random=random,
        )
        self.work, self.embed = (
            SQSQueue(clients.sqs(), queue.url, wiring.clock, wait=1) for queue in (resources.work, resources.embed)
        )
        self.projector = Projector(self.deployment.streams, self.deployment.views, self.work, self.embed)
        self.worker = Worker(self.deployment, self.projector)
        self.deliveries = Deliveries(Ingester(self.deployment, StubReader(), Inline()), self.embed, (0,))
        self._lock, self.projected = threading.Lock(), 0
        reader = StreamReader(servers.client("dynamodbstreams"), resources.stream_arn)
        mapping = StreamMapping(self.project, StreamSettings(), wiring.clock, given_up, shards=SHARDS)

        def read() -> bool:
            records = reader.read()
            mapping.offer(records)
            return bool(records)

        self.steps = [read, *(shard.step for shard in mapping.shards), self.work_one]

    def project(self, event: Json) -> Json:
        commits = [commit_of(record["dynamodb"]["NewImage"]) for record in event["Records"]]
        assert self.projector.handle_in_order(commits) == 0
        with self._lock:
            self.projected += len(commits)
        return {}

    def work_one(self) -> bool:
        received = self.work.receive(1, LENT_MS)
        for each in received:
            self.worker.work(decode(each.body))
        self.work.acknowledge([each.receipt for each in received])
        return bool(received)

    def upload(self, count: int) -> list[str]:
        files = [f"file-{number:024}" for number in range(count)]
        sha256 = hashlib.sha256(TEXT.encode()).hexdigest()
        made = FileUploaded(
            wiring.clock(), ACTOR.caller.as_owner(), "a.txt", "assistants", len(TEXT), sha256, "text/plain"
        )
        self.deployment.blobs.put([(blob_key(file, sha256), TEXT.encode()) for file in files])
        outcomes = self.deployment.streams.decide_all(
            [Plan(UPLOADED_FILE, file, lambda state: uploaded_file.upload(state, made)) for file in files]
        )
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda outcome: self.deployment.views.show([outcome]), outcomes))
        return files


def given_up(records: Sequence[Json], reason: str) -> None:
    raise AssertionError(f"records were given up: {reason}")


def until(met: Callable[[], bool]) -> None:
    deadline, between = time.monotonic() + DEADLINE_S, threading.Event()
    while not met():
        assert time.monotonic() < deadline, "it does not end"
        between.wait(0.05)


def test_crowd(servers: Servers, resources: Resources, tmp_path: Path) -> None:
    """Twenty workers finish files of one store and batch in parallel, while others are attached to it and four shards
    of the stream are projected in parallel: refused writes are retried, counts add up at every poll, and none is lost.
    The number of refusals depends on how long calls take on this machine; tests/views/test_contention.py estimates it
    for AWS.
    """
    crowd = Crowd(resources, servers, tmp_path)
    deployment = crowd.deployment
    files = crowd.upload(WORKERS * EACH + SINGLES)
    listed, singles = [BatchItem(file) for file in files[:-SINGLES]], files[-SINGLES:]
    gate, ended = threading.Barrier(WORKERS + 1), threading.Event()

    def ingest() -> None:
        received = crowd.embed.receive(EACH, LENT_MS)
        gate.wait(DEADLINE_S)
        while not ended.is_set():
            assert not crowd.deliveries.take(received, lambda: True)
            crowd.embed.acknowledge([each.receipt for each in received])
            received = crowd.embed.receive(EACH, LENT_MS)

    def attach() -> None:
        gate.wait(DEADLINE_S)
        for file in singles:
            store_files.attach(deployment, ACTOR, store, AttachFile(file, {}, AUTO))

    def all_in() -> bool:
        settled, counts = deployment.views.batch_counts(batch, len(listed)), deployment.views.store_counts(store)
        assert (settled.failed, settled.cancelled, counts.failed, counts.cancelled) == (0, 0, 0, 0)
        assert 0 <= settled.in_progress <= len(listed)
        assert len(listed) <= counts.total <= len(files)
        return counts.completed == len(files)

    with pumping(crowd.steps), ThreadPoolExecutor(WORKERS + 1) as pool:
        store = vector_stores.create(deployment, ACTOR, CreateStore()).id
        batch = file_batches.create(deployment, ACTOR, store, listed, "file_ids").id
        until(lambda: deployment.views.store_counts(store).unreached == 0)
        with conflicts(crowd.dynamodb) as met:
            before = crowd.projected
            running = [pool.submit(each) for each in (attach, *[ingest] * WORKERS)]
            try:
                until(all_in)
            finally:
                ended.set()
            for each in running:
                each.result()
            until(lambda: not deployment.views.open_batches(store))
        projected = crowd.projected - before + SINGLES
    transactions = (
        f"{len(met.transactions)} transactions, {len(met.refused)} refused, {met.transactions.total()} refusals"
    )
    told = f"{projected} commits projected, {transactions}"
    sys.stdout.write(f"\n{told}; {met.outdated} were behind\n")
    assert met.refused, "nothing met"
    assert deployment.views.batch_counts(batch, len(listed)) == Counts(completed=len(listed))
    assert deployment.views.store_counts(store).total == len(files)
    assert sorted(differences(deployment, folded_log.read(deployment))) == []
