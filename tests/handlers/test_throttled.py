"""A provider that refuses everybody for ten minutes. Time passes only on the test's clock, which the queues follow too.

Functions, queues and bucket are as on AWS; log and views, which play no part, are faster ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from moto.sqs.models import sqs_backends

from tests.embedding.stub_server import StubServer
from tests.support.moto_deployment import PROJECT, MotoDeployment
from tests.support.stubs import DIMENSIONS, Inline
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.tenancy import Caller
from vectorlog.embedding.catalogue import Models
from vectorlog.embedding.offers import openai_offers
from vectorlog.endpoints.endpoint import Endpoint
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.retry import Timing
from vectorlog.runtime.aws import once, wiring, workers
from vectorlog.use_cases import file_batches, uploaded_files, vector_stores
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.vector_stores import CreateStore
from vectorlog.views.counts import Counts
from vectorlog.views.memory import MemoryTable

ACTOR = Actor(Caller(PROJECT), "req_1")
FILES = 11
BATCHES = 2
"""Batches of messages, of at most ten each, that the function gets at first."""
BUSY_MS = 600_000
ACCOUNT = "123456789012"
"""Moto's account."""
RECEIVES = 5
"""Receives after which a queue gives a message up."""


@dataclass
class BusyProvider(StubServer):
    """Answers 429 with the headers of a test until a time."""

    moto: Any = None
    until: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.asked: list[int] = []
        self.headers: dict[str, str] = {}

    def answer(self, key: str, request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(self.moto.now)
        if self.moto.now < self.until:
            return 429, self.headers, b'{"error": {"message": "Rate limit reached"}}'
        return super().answer(key, request)


@pytest.fixture
def log(moto: MotoDeployment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SQLiteEventLog]:
    """The deployment's log from now on; its views are in memory."""
    made, table = SQLiteEventLog(tmp_path / "log.db"), MemoryTable()
    for module in (wiring, workers):  # the grouping of files must not depend on the machine
        monkeypatch.setattr(module, "ThreadPoolExecutor", lambda *_: Inline())
    monkeypatch.setattr(wiring, "DynamoDBEventLog", lambda *_: made)
    monkeypatch.setattr(wiring, "DynamoDBTable", lambda *_, **__: table)
    once.forget()
    yield made
    made.close()


@pytest.fixture
def provider(moto: MotoDeployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[BusyProvider]:
    """A provider that is busy for ten minutes from now; waiting for it moves the clock."""

    def sleep(seconds: float) -> None:
        moto.now += round(seconds * 1000)

    with BusyProvider(dimensions=DIMENSIONS, moto=moto, until=moto.now + BUSY_MS) as stub:
        connection = Endpoint(stub.base_url, None, timing=Timing(sleep))
        offered = Models(openai_offers(connection, provider="stub", models={"words": DIMENSIONS}))
        monkeypatch.setattr(wiring, "embedders", lambda *_, **__: offered)
        yield stub
        connection.close()


class Pump:
    """Passes the log and both queues to the functions, and moves the clock to the next due message."""

    def __init__(self, moto: MotoDeployment, log: SQLiteEventLog) -> None:
        self._deployment = moto
        self._log, self._position = log, 0
        self.dead = moto.sqs.create_queue(QueueName="dead")["QueueUrl"]
        redrive = {"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead", "maxReceiveCount": RECEIVES}
        moto.sqs.set_queue_attributes(QueueUrl=moto.embed, Attributes={"RedrivePolicy": json.dumps(redrive)})
        self._work, self._embed = (moto.mapping(getattr(moto, name), name) for name in ("work", "embed"))

    def settle(self, most: int = 500) -> None:
        """Runs until no message is left.

        Raises:
            AssertionError: there is always another one.
        """
        for _ in range(most):
            if not (self._project() or self._work.step() or self._embed.step()):
                due = self._due()
                if not due:
                    return
                self._deployment.now = max(self._deployment.now, min(due))
        raise AssertionError("there is always more to do")

    def _project(self) -> bool:
        page = self._log.after(self._position, 256)
        workers.projector().handle([fed.commit for fed in page])
        self._position = page[-1].position if page else self._position
        return bool(page)

    @staticmethod
    def _due() -> list[int]:
        queues = sqs_backends[ACCOUNT]["us-east-1"].queues
        messages = [message for name in ("work", "embed") for message in queues[name]._messages]
        return [int(max(message.visible_at, message.delayed_until)) + 1 for message in messages]


def batch_of(moto: MotoDeployment, folder: Path) -> tuple[str, str]:
    """A store and a batch in it, of files that wait to be ingested."""
    deployment, files = moto.deployment, []
    for number in range(FILES):
        path = folder / str(number)
        path.write_text(f"note {number}\nits second line")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        command = uploaded_files.Upload(f"{number}.txt", "assistants", path, path.stat().st_size, digest, "text/plain")
        files.append(uploaded_files.upload(deployment, ACTOR, command).id)
    store = vector_stores.create(deployment, ACTOR, CreateStore()).id
    return store, file_batches.create(deployment, ACTOR, store, [BatchItem(file) for file in files], "file_ids").id


@pytest.mark.long
@pytest.mark.parametrize(
    ("headers", "calls", "late_s"),
    [({}, 70, 900), ({"retry-after-ms": "10"}, 280, 60), ({"retry-after": "3600"}, 4, 3001)],
    ids=["no wait named", "10 ms", "an hour"],
)
def test_ten_minutes(
    moto: MotoDeployment,
    provider: BusyProvider,
    log: SQLiteEventLog,
    tmp_path: Path,
    headers: dict[str, str],
    calls: int,
    late_s: int,
) -> None:
    """No file fails and no message becomes a dead letter, although a message is received five times at most. The
    provider is asked only a few times, and once it answers again, the files complete soon; only a wait that it asks for
    itself is never shortened.
    """
    provider.headers = headers
    store, batch = batch_of(moto, tmp_path)
    pump = Pump(moto, log)
    pump.settle()
    assert file_batches.get(moto.deployment, ACTOR, store, batch).counts == Counts(completed=FILES)
    assert moto.waiting(pump.dead) == []
    assert all(answer == {"batchItemFailures": []} for answer in moto.answers)
    assert BATCHES < len(provider.asked) <= calls
    assert 0 <= provider.asked[-1] - provider.until <= late_s * 1000
