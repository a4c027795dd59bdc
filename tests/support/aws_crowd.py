"""Parallel workers on one store, on DynamoDB Local, where colliding transactions refuse each other.

Log, views and stream are DynamoDB Local's, the queues ElasticMQ's. Bytes are in a folder and chunks in a dict, because
they play no part.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from unittest.mock import patch

from local_aws.payloads import Json
from local_aws.pump import pumping
from local_aws.resources import Resources
from local_aws.servers import Servers
from local_aws.stream_mapping import StreamMapping, StreamSettings
from local_aws.stream_reader import StreamReader
from tests.support.dynamodb_conflicts import Conflicts, conflicts
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
from vectorlog.operations.verify import Difference, differences
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
from vectorlog.views.dynamodb_counters import Counters
from vectorlog.views.views import Views
from vectorlog.work.messages import decode
from vectorlog.work.sqs import SQSQueue

ACTOR = Actor(Caller("acme"), "req_1")
SHARDS = 4
DEADLINE_S = 300
LENT_MS = 600_000
TEXT = "alpha beta\ngamma"


@dataclass(frozen=True, slots=True)
class Crowded:
    """What became of a crowd.

    Attributes:
        met: the transactions that were made, and those that met another one.
        projected: commits.
        settled: the counts of the batch.
        counts: those of the store.
        differences: between the views and the log.
    """

    met: Conflicts
    projected: int
    settled: Counts
    counts: Counts
    differences: list[Difference]

    def __str__(self) -> str:
        made, refused = len(self.met.transactions), len(self.met.refused)
        return (
            f"{self.projected} commits projected, {made} transactions, {refused} refused ({refused / made:.1%}),"
            f" {self.met.transactions.total()} times; {self.met.outdated} were behind"
        )


class Crowd:
    """A deployment whose workers, projector and requests are threads of this process."""

    def __init__(self, resources: Resources, servers: Servers, folder: Path) -> None:
        dynamodb, random = clients.dynamodb(), Random(0)
        self.dynamodb, self._views_table = dynamodb, resources.views_table
        self.deployment = Deployment(
            streams=Streams(DynamoDBEventLog(dynamodb, resources.events_table), wiring.clock, random),
            views=self._views(),
            blobs=FolderBlobs(folder / "blobs", folder / "staging"),
            index=DictIndex(),
            models=Models([Offer("stub", "words", DIMENSIONS, False, StubEmbedder)]),
            clock=wiring.clock,
            random=random,
        )
        self.work, self.embed = (
            SQSQueue(clients.sqs(), queue.url, wiring.clock, wait=1) for queue in (resources.work, resources.embed)
        )
        self._free = deque(self._projector() for _ in range(SHARDS))
        in_its_process = replace(self.deployment, views=self._views())
        self.worker = Worker(in_its_process, self._projector())
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
        projector = self._free.pop()  # as many run at once as there are shards
        assert projector.handle_in_order(commits) == 0
        self._free.append(projector)
        with self._lock:
            self.projected += len(commits)
        return {}

    def _views(self) -> Views:
        """The views as a process of its own has them."""
        pool = ThreadPoolExecutor(clients.CALLS_AT_ONCE, "project")
        return Views(DynamoDBTable(self.dynamodb, self._views_table), pool=pool)

    def _projector(self) -> Projector:
        return Projector(self.deployment.streams, self._views(), self.work, self.embed)

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


@contextmanager
def one_item() -> Iterator[None]:
    """No row is spread."""
    with patch.object(Counters, "spread", lambda *_: None):
        yield


def crowd(servers: Servers, resources: Resources, folder: Path, workers: int, each: int, singles: int) -> Crowded:
    """Workers finish files of one store and batch in parallel, each `each` files at a time, while `singles` others are
    attached to it and four shards of the stream are projected in parallel. Counts add up at every poll.
    """
    made = Crowd(resources, servers, folder)
    deployment = made.deployment
    files = made.upload(workers * each + singles)
    listed, alone = [BatchItem(file) for file in files[:-singles]], files[-singles:]
    gate, ended = threading.Barrier(workers + 1), threading.Event()

    def ingest() -> None:
        received = made.embed.receive(each, LENT_MS)
        gate.wait(DEADLINE_S)
        while not ended.is_set():
            assert not made.deliveries.take(received, lambda: True)
            made.embed.acknowledge([one.receipt for one in received])
            received = made.embed.receive(each, LENT_MS)

    def attach() -> None:
        gate.wait(DEADLINE_S)
        for file in alone:
            store_files.attach(deployment, ACTOR, store, AttachFile(file, {}, AUTO))

    def all_in() -> bool:
        settled, counts = deployment.views.batch_counts(batch, len(listed)), deployment.views.store_counts(store)
        assert (settled.failed, settled.cancelled, counts.failed, counts.cancelled) == (0, 0, 0, 0)
        assert 0 <= settled.in_progress <= len(listed)
        assert len(listed) <= counts.total <= len(files)
        return counts.completed == len(files)

    with pumping(made.steps), ThreadPoolExecutor(workers + 1) as pool:
        store = vector_stores.create(deployment, ACTOR, CreateStore()).id
        batch = file_batches.create(deployment, ACTOR, store, listed, "file_ids").id
        until(lambda: deployment.views.store_counts(store).unreached == 0)
        with conflicts(made.dynamodb) as met:
            before = made.projected
            running = [pool.submit(one) for one in (attach, *[ingest] * workers)]
            try:
                until(all_in)
            finally:
                ended.set()
            for one in running:
                one.result()
            until(lambda: not deployment.views.open_batches(store))
        projected = made.projected - before + singles
    return Crowded(
        met,
        projected,
        deployment.views.batch_counts(batch, len(listed)),
        deployment.views.store_counts(store),
        sorted(differences(deployment, folded_log.read(deployment))),
    )
