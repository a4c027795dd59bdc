"""Many parallel workers on one store, in virtual time: how often projections of the stream collide, and which settings
matter.

The code is that of the AWS edition except for the table: rows in memory, written as DynamoDB writes them, which refuses
a write that meets a transaction in progress. The length of its calls is an assumption, on the high side.
tests/aws/test_contention.py does the same on DynamoDB Local.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest

from local_aws.payloads import Json
from local_aws.stream_mapping import StreamMapping, StreamSettings
from tests.support.bench import PROJECT, Bench, DictIndex
from tests.support.stubs import DIMENSIONS, Inline, StubEmbedder, StubReader
from tests.support.virtual_time import VirtualTime
from vectorlog.deployment import Deployment
from vectorlog.domain import uploaded_file
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.uploaded_file import FileUploaded
from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.event_log.codec import UPLOADED_FILE
from vectorlog.event_log.dynamodb import commit_of, item_of
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.event_log.streams import Plan, Streams
from vectorlog.ingest.ingester import Ingester
from vectorlog.operations import folded_log
from vectorlog.operations.verify import differences
from vectorlog.reactions.projector import Projector
from vectorlog.reactions.worker import Worker
from vectorlog.retry import Contended
from vectorlog.use_cases import file_batches, store_files, vector_stores
from vectorlog.use_cases.store_files import AttachFile
from vectorlog.use_cases.uploaded_files import blob_key
from vectorlog.use_cases.vector_stores import CreateStore
from vectorlog.views.counts import Counts
from vectorlog.views.dynamodb import DynamoDBTable
from vectorlog.views.memory import MemoryTable
from vectorlog.views.table import Key, Row, Write
from vectorlog.views.views import Views
from vectorlog.work.messages import Ingest, decode
from vectorlog.work.queue import Outgoing

WORKERS = 50
ROUNDS = 1
EACH = 10
"""Files in one invocation of the embed function, as the stack sets it."""
PROVIDER_MS = (2_000, 8_000)
"""From the first file read to the last one embedded, for ten files of a few pages; in ms."""
SINGLES, EVERY_MS = 20, 300
SHARDS = 4
"""Shards of a new table of DynamoDB."""
READ_MS = 5.0
WRITE_MS, ACTION_MS = 8.0, 0.4
"""In ms, for each call and for each action: a transaction of 100 actions takes 48 ms."""
POLL_MS = 250
"""Milliseconds between polls: Lambda polls each shard of a stream four times a second (its guide, "Process DynamoDB
records with Lambda").
"""
TEXT = "alpha beta"


class TimedTable(DynamoDBTable):
    """Rows in memory behind the adapter's own retries; calls take time, and a write that meets a transaction in
    progress is refused.
    """

    def __init__(self, time: VirtualTime, random: Random) -> None:
        super().__init__(cast(Any, None), "", time.timing(random))
        self._time = time
        self._rows = MemoryTable()
        self._under_way: Counter[Key] = Counter()
        self.transactions = self.refused = self.refusals = 0

    def get(self, keys: Sequence[Key]) -> dict[Key, Row]:
        self._time.sleep(READ_MS)
        return self._rows.get(keys)

    def query(self, pk: str, **given: Any) -> list[Row]:
        self._time.sleep(READ_MS)
        return self._rows.query(pk, **given)

    def scan(self) -> Any:
        return self._rows.scan()

    def write(self, writes: Sequence[Write]) -> None:
        refusals = 0

        def begin() -> None:
            nonlocal refusals
            if any(self._under_way[write.key] for write in writes):
                refusals += 1
                self._time.sleep(READ_MS)
                raise Contended("a transaction is under way")

        self._retrying("TransactWriteItems", begin)
        self.refused += refusals > 0
        self.refusals += refusals
        self.transactions += 1
        self._under_way.update(write.key for write in writes)
        try:
            self._time.sleep(WRITE_MS + ACTION_MS * len(writes))
            self._rows.write(writes)
        finally:
            self._under_way.subtract(write.key for write in writes)


class SlowEmbedder(StubEmbedder):
    """Takes as long as a provider."""

    time: VirtualTime
    random: Random

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        self.time.sleep(self.random.uniform(*PROVIDER_MS))
        return super().documents(texts)


class Tapped:
    """A log whose commits are immediately records of a stream."""

    def __init__(self, log: SQLiteEventLog) -> None:
        self._log = log
        self.mapping: StreamMapping | None = None

    def append(self, commits: Sequence[Commit]) -> list[Commit]:
        standing = self._log.append(commits)
        if self.mapping:
            self.mapping.offer([_record(commit) for commit in standing])
        return standing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


class Messages:
    """A queue's sending side."""

    def __init__(self) -> None:
        self.waiting: deque[Outgoing] = deque()

    def send(self, messages: Sequence[Outgoing]) -> None:
        self.waiting += messages


def _record(commit: Commit) -> Json:
    item = item_of(commit)
    return {
        "dynamodb": {
            "Keys": {"pk": item["pk"]},
            "NewImage": item,
            "SequenceNumber": f"{commit.stream}.{commit.version}",
        }
    }


class Crowd:
    """A store with a batch whose files are all to be ingested, in virtual time."""

    def __init__(self, folder: Path, settings: StreamSettings, shards: int) -> None:
        self.time, random = VirtualTime(), Random(7)
        self.bench = Bench(folder, index=DictIndex())
        self.log, self.table = Tapped(self.bench.log), TimedTable(self.time, random)
        self.deployment = Deployment(
            streams=Streams(cast(Any, self.log), self.time, random, self.time.timing(random)),
            views=Views(self.table, self.time.timing(random), pool=Inline()),
            blobs=self.bench.blobs,
            index=self.bench.index,
            models=Models([Offer("stub", "words", DIMENSIONS, False, self._embedder)]),
            clock=self.time,
            random=random,
        )
        self.work, self.embed = Messages(), Messages()
        self.projector = Projector(
            self.deployment.streams, self.deployment.views, cast(Any, self.work), cast(Any, self.embed)
        )
        self.ingest = Ingester(self.deployment, StubReader(), Inline())
        self.projected = 0
        files = self._upload(WORKERS * ROUNDS * EACH + SINGLES)
        self.listed, self.singles = [BatchItem(file) for file in files[:-SINGLES]], files[-SINGLES:]
        self.store = vector_stores.create(self.deployment, PROJECT, CreateStore()).id
        self.batch = file_batches.create(self.deployment, PROJECT, self.store, self.listed, "file_ids").id
        self.projector.handle(list(self.log.scan()))
        Worker(self.deployment, self.projector).work(decode(self.work.waiting[0].body))
        self.projector.handle([commit for commit in self.log.scan() if "/" in commit.stream])
        self.table.transactions = 0
        self.mapping = self.log.mapping = StreamMapping(self._project, settings, self.time, _given_up, shards=shards)

    def run(self) -> None:
        """Fifty workers, requests, and Lambda's readers of the stream, until every file is ingested."""
        shards = [lambda shard=shard: self._poll(shard) for shard in self.mapping.shards]
        self.time.run(*[self._ingest] * WORKERS, self._attach, *shards)

    def _ingest(self) -> None:
        while not self._all_in():
            taken = [self.embed.waiting.popleft() for _ in range(min(EACH, len(self.embed.waiting)))]
            messages = [decode(each.body) for each in taken]
            assert not self.ingest.ingest([message for message in messages if isinstance(message, Ingest)])
            self.time.sleep(10 if taken else POLL_MS)

    def _attach(self) -> None:
        for file in self.singles:
            self.time.sleep(EVERY_MS)
            store_files.attach(self.deployment, PROJECT, self.store, AttachFile(file, {}, AUTO))

    def _poll(self, shard: Any) -> None:
        while not self._all_in():
            if not shard.step():
                self.time.sleep(POLL_MS)

    def _all_in(self) -> bool:
        counts = self.deployment.views.store_counts(self.store)
        settled = self.deployment.views.batch_counts(self.batch, len(self.listed))
        assert settled.in_progress >= 0
        assert counts.in_progress >= 0
        assert counts.failed == counts.cancelled == 0
        return counts.completed == len(self.listed) + SINGLES

    def _project(self, event: Json) -> Json:
        commits = [commit_of(record["dynamodb"]["NewImage"]) for record in event["Records"]]
        self.projected += len(commits)
        assert self.projector.handle_in_order(commits) == 0
        return {}

    def _embedder(self, space: Space) -> SlowEmbedder:
        made = SlowEmbedder(space)
        made.time, made.random = self.time, self.deployment.random
        return made

    def _upload(self, count: int) -> list[str]:
        files, sha256 = [f"file-{number:024}" for number in range(count)], hashlib.sha256(TEXT.encode()).hexdigest()
        made = FileUploaded(0, PROJECT.caller.as_owner(), "a.txt", "assistants", len(TEXT), sha256, "text/plain")
        self.deployment.blobs.put([(blob_key(file, sha256), TEXT.encode()) for file in files])
        self.deployment.streams.decide_all(
            [Plan(UPLOADED_FILE, file, lambda state: uploaded_file.upload(state, made)) for file in files]
        )
        self.projector.handle(list(self.log.scan()))
        return files


def _given_up(records: Sequence[Json], reason: str) -> None:
    raise AssertionError(f"records were given up: {reason}")


@pytest.mark.long
def test_crowd(tmp_path: Path) -> None:
    """Fifty workers finish files of one store and batch while others are attached to it and the stream's shards are
    projected in parallel: counts add up at every poll and are right in the end, and fewer than one in twenty projected
    commits is retried, because workers do not project and the stream groups commits.
    """
    crowd = Crowd(tmp_path, StreamSettings(), SHARDS)
    crowd.run()
    table, views = crowd.table, crowd.deployment.views
    print(
        f"{crowd.projected} commits, {table.transactions} transactions,",
        f"{table.refused} refused, {table.refusals} refusals",
    )
    assert 0 < table.refusals < crowd.projected / 20
    assert table.transactions < crowd.projected / 5
    assert views.batch_counts(crowd.batch, len(crowd.listed)) == Counts(completed=len(crowd.listed))
    assert views.store_counts(crowd.store).total == len(crowd.listed) + SINGLES
    for waiting in crowd.work.waiting:
        Worker(crowd.deployment, crowd.projector).work(decode(waiting.body))
    assert sorted(differences(crowd.deployment, folded_log.read(crowd.deployment))) == []
    crowd.bench.close()
