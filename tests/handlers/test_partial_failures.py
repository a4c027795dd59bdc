"""A handler's report when a part of its batch fails, and what happens to that part."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.support.moto_deployment import FILE, FOX, STORE, MotoDeployment, messages, sample
from tests.support.stubs import DictIndex
from vectorlog.domain import uploaded_file, vector_store
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.tenancy import Caller, Owner
from vectorlog.domain.vectors import Space
from vectorlog.event_log.codec import UPLOADED_FILE, VECTOR_STORE
from vectorlog.event_log.decision import Decision
from vectorlog.index.chunk_index import FileChunks
from vectorlog.use_cases import store_files
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.store_files import AttachFile
from vectorlog.views.views import Views
from vectorlog.work.messages import Ingest, PurgeStore, Replay, outgoing
from vectorlog.work.queue import Outgoing
from vectorlog.work.sqs import QueueError, SQSQueue

ACTOR = Actor(Caller("acme"), "req_1")
NONE: dict[str, Any] = {"batchItemFailures": []}
STREAM = f"{STORE}/{FILE}"


class Failing:
    """Makes calls fail for the ids that a test names."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.projecting = ""
        self.sending: Callable[[Outgoing], bool] = lambda _: False
        apply, send = Views.apply, SQSQueue.send

        def failing_apply(views: Views, decisions: Sequence[Decision[Any, Any]]) -> None:
            if self.projecting in {decision.stream for decision in decisions}:
                raise RuntimeError("stub: no row for this one")
            apply(views, decisions)

        def failing_send(queue: SQSQueue, outgoing: Sequence[Outgoing]) -> None:
            if any(map(self.sending, outgoing)):
                raise QueueError("stub: not sent")
            send(queue, outgoing)

        patch.setattr(Views, "apply", failing_apply)
        patch.setattr(SQSQueue, "send", failing_send)


@pytest.fixture
def failing(moto: MotoDeployment, monkeypatch: pytest.MonkeyPatch) -> Failing:
    return Failing(monkeypatch)


class PoisonIndex(DictIndex):
    """Refuses chunks of the given files, alone or among others."""

    def __init__(self, *files: str) -> None:
        super().__init__()
        self.poison = set(files)

    def add(self, space: Space, files: Sequence[FileChunks]) -> None:
        if self.poison & {each.file for each in files}:
            raise RuntimeError("stub: poison")
        super().add(space, files)


def failures(answer: dict[str, Any]) -> list[str]:
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


class TestProjector:
    def test_replayed(self, moto: MotoDeployment, failing: Failing) -> None:
        """A commit that cannot be projected holds up nothing: a replay of its stream is sent, and the others are
        projected.
        """
        moto.happened()
        failing.projecting = STORE
        assert moto.handle("projector", sample("dynamodb_stream")) == NONE
        assert moto.rows(f"FILE#{FILE}")
        assert messages(moto.waiting(moto.embed)) == ["Ingest"]
        moto.now += 60_000
        assert moto.waiting(moto.work) == [{"type": "Replay", "data": {"stream": STORE}}]

    def test_not_even_that(self, moto: MotoDeployment, failing: Failing) -> None:
        """If the replay cannot be sent either, the record is named, and everything from there on is redelivered."""
        moto.happened()
        records = sample("dynamodb_stream")["Records"]
        failing.projecting = STORE
        failing.sending = lambda message: "Replay" in message.body
        answer = moto.handle("projector", {"Records": records})
        assert failures(answer) == [records[1]["dynamodb"]["SequenceNumber"]]
        assert moto.waiting(moto.embed) == []
        failing.projecting = ""
        assert moto.handle("projector", {"Records": records[1:]}) == NONE
        assert moto.deployment.views.store_counts(STORE).in_progress == 1
        assert messages(moto.waiting(moto.embed)) == ["Ingest"]

    def test_first_and_last(self, moto: MotoDeployment, failing: Failing) -> None:
        """The named record is the one that failed, whatever its position."""
        moto.happened()
        records = sample("dynamodb_stream")["Records"]
        failing.sending = lambda _: True
        for failed, stream in ((0, FILE), (2, STREAM)):
            failing.projecting = stream
            assert failures(moto.handle("projector", {"Records": records})) == [
                records[failed]["dynamodb"]["SequenceNumber"]
            ]


class TestWork:
    def test_one_of_two(self, moto: MotoDeployment, failing: Failing) -> None:
        """Only the message that failed is reported; it is redelivered after five seconds, then after thirty."""
        moto.happened()
        other = "vs_" + "0" * 32
        queue = SQSQueue(moto.sqs, moto.work, lambda: moto.now)
        queue.send([outgoing(Replay(STORE), STORE), outgoing(Replay(other), other)])
        failing.projecting = STORE
        step = moto.mapping(moto.work, "work").step
        assert step()
        assert len(moto.answers[-1]["batchItemFailures"]) == 1
        for wait in (5_000, 30_000):
            moto.now += wait - 1
            assert not step()
            moto.now += 2
            assert step()
        failing.projecting = ""
        moto.now += 120_001
        assert step()
        assert moto.answers[-1] == NONE
        moto.now += 3_600_000
        assert not step()
        queue.close()

    def test_long_delay(self, moto: MotoDeployment) -> None:
        """The function re-sends a message that is due in a day every quarter of an hour, and handles it when it is
        due.
        """
        moto.happened()
        moto.deployment.streams.decide(VECTOR_STORE, STORE, lambda state: vector_store.delete(state, moto.now))
        queue = SQSQueue(moto.sqs, moto.work, lambda: moto.now)
        queue.send([outgoing(PurgeStore(STORE, again=True), STORE, 86_400_000)])
        due, step = moto.now + 86_400_000, moto.mapping(moto.work, "work").step
        handed_on = 0
        while moto.now < due:
            assert moto.waiting(moto.work) == []
            moto.now += 900_000
            handed_on += step() and moto.now < due
        assert handed_on == 95
        assert all(answer == NONE for answer in moto.answers)
        moto.now += 86_400_000  # the purge was done, and asked for another one a day later
        assert step()
        queue.close()


class Ingesting:
    """A store with files whose messages wait in the embed queue."""

    def __init__(self, moto: MotoDeployment, files: int) -> None:
        moto.happened()
        self.moto = moto
        self.files = [self._attached(number) for number in range(files)]
        self.deliver(self.files)

    def deliver(self, files: Sequence[str]) -> None:
        queue = SQSQueue(self.moto.sqs, self.moto.embed, lambda: self.moto.now)
        queue.send([outgoing(Ingest(STORE, file, 1), STORE) for file in files])
        queue.close()

    def step(self, left_ms: int = 300_000) -> dict[str, Any]:
        assert self.moto.mapping(self.moto.embed, "embed", left_ms=left_ms).step()
        return dict(self.moto.answers[-1])

    def statuses(self) -> list[str]:
        deployment = self.moto.deployment
        return [store_files.get(deployment, ACTOR, STORE, file).state.status for file in self.files]

    def _attached(self, number: int) -> str:
        self.moto.now += 1
        digest = f"{number:064x}"
        made = uploaded_file.FileUploaded(
            self.moto.now, Owner("acme"), f"{number}.txt", "assistants", len(FOX), digest, "text/plain", None
        )
        file = f"file-{number:022d}"
        self.moto.deployment.streams.decide(UPLOADED_FILE, file, lambda state: uploaded_file.upload(state, made))
        self.moto.s3.put_object(Bucket="bucket", Key=f"files/{file}/{digest}", Body=FOX)
        store_files.attach(self.moto.deployment, ACTOR, STORE, AttachFile(file, {}, AUTO))
        return file


class TestEmbed:
    def test_poison(self, moto: MotoDeployment) -> None:
        """A file that cannot be ingested does not affect the nine beside it, and is redelivered alone."""
        files = Ingesting(moto, 10)
        moto.index = PoisonIndex(files.files[4])
        assert len(files.step()["batchItemFailures"]) == 1
        assert files.statuses() == ["completed"] * 4 + ["in_progress"] + ["completed"] * 5
        assert moto.waiting(moto.embed) == []
        moto.now += 5_001
        moto.index.poison.clear()
        assert files.step() == NONE
        assert files.statuses() == ["completed"] * 10

    def test_unreadable(self, moto: MotoDeployment) -> None:
        """Neither does a message of newer code that this code does not know."""
        files = Ingesting(moto, 2)
        moto.sqs.send_message(QueueUrl=moto.embed, MessageBody='{"type":"Later","data":{}}', MessageGroupId="x")
        assert len(files.step()["batchItemFailures"]) == 1
        assert files.statuses() == ["completed"] * 2

    def test_no_time(self, moto: MotoDeployment) -> None:
        """With less than a minute left nothing is begun; the files continue as new messages, and the old ones are
        deleted.
        """
        files = Ingesting(moto, 2)
        assert files.step(left_ms=59_999) == NONE
        assert files.statuses() == ["in_progress"] * 2
        assert files.step() == NONE
        assert files.statuses() == ["completed"] * 2
        moto.now += 86_400_000
        assert moto.waiting(moto.embed) == []

    def test_later_not_sent(self, moto: MotoDeployment, failing: Failing) -> None:
        """A file that continues later keeps its old message until the new one is sent."""
        files = Ingesting(moto, 2)
        failing.sending = lambda message: files.files[0] in message.body
        assert len(files.step(left_ms=0)["batchItemFailures"]) == 2
        failing.sending = lambda _: False
        moto.now += 5_001
        assert files.step() == NONE
        assert files.statuses() == ["completed"] * 2

    def test_throttled(self, moto: MotoDeployment, monkeypatch: pytest.MonkeyPatch) -> None:
        """A provider that refuses for ten minutes fails no file, and none of its messages counts as failed."""
        files = Ingesting(moto, 3)
        monkeypatch.setattr("tests.support.stubs.StubEmbedder.throttled", True)
        for _ in range(10):
            assert files.step() == NONE
            moto.now += 60_000
        monkeypatch.setattr("tests.support.stubs.StubEmbedder.throttled", False)
        assert files.step() == NONE
        assert files.statuses() == ["completed"] * 3

    def test_given_up(self, moto: MotoDeployment) -> None:
        """After five receives a queue gives a message up, nearly eight minutes after the first; the file is failed, and
        nothing is left except what its purge removes.
        """
        files = Ingesting(moto, 1)
        moto.index = PoisonIndex(files.files[0])
        for wait in (5_000, 30_000, 120_000, 300_000, 900_000):
            assert len(files.step()["batchItemFailures"]) == 1
            moto.now += wait + 1
        record = sample("sqs_dead_letters")["Records"][0]
        record["body"] = json.dumps(
            json.loads(record["body"]) | {"data": {"store": STORE, "file": files.files[0], "generation": 1}}
        )
        assert moto.handle("dead_letters", {"Records": [record]}) == NONE
        assert files.statuses() == ["failed"]
        assert moto.kept("artefacts/") == {}
        assert moto.index.count(Space("stub:words", 16), STORE) == {}


def test_stream_names() -> None:
    """The streams that these tests make fail are the samples'."""
    streams = [record["dynamodb"]["Keys"]["pk"]["S"] for record in sample("dynamodb_stream")["Records"]]
    assert streams == [FILE, STORE, store_file_stream(STORE, FILE)]
