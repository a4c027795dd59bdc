"""The AWS edition: its adapters of DynamoDB and SQS over the rules of both in memory, and what drives its functions."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, cast
from zlib import crc32

from tests.simulation import world
from tests.simulation.blobs import MemoryBlobs
from tests.simulation.dynamodb import DynamoDB
from tests.simulation.index import MemoryIndex
from tests.simulation.parts import Code, Derived, Provider, SimulatedReader
from tests.simulation.ports import Faults, Port
from tests.simulation.sqs import SQS
from tests.simulation.told import Told
from tests.support.pump import Clock
from tests.support.stubs import Inline
from tests.support.waits import no_waits
from vectorlog.domain.errors import Unavailable
from vectorlog.event_log.dynamodb import DynamoDBEventLog, commit_of
from vectorlog.event_log.event_log import Commit
from vectorlog.ingest.deliveries import Deliveries
from vectorlog.ingest.ingester import Ingester
from vectorlog.reactions.announcer import Announcer
from vectorlog.reactions.delivery import Deliverer
from vectorlog.reactions.projector import Projector
from vectorlog.reactions.reactions import reactions
from vectorlog.reactions.sweep import sweep
from vectorlog.reactions.worker import Worker
from vectorlog.runtime.aws.records import REDELIVERY_DELAYS_MS, Records
from vectorlog.views.dynamodb import DynamoDBTable
from vectorlog.webhooks.outbox import Outbox
from vectorlog.work.messages import COLLECTION, Collect, Ingest, Message, Replay, decode
from vectorlog.work.sqs import SQSQueue

SHARDS = 3
VISIBLE_MS = 900_000
SEND_AGAIN_MS = 300_000


class Throttled(Exception):
    """A service refused a call for now, and botocore's attempts are used up."""


class OneByOne:
    """Runs what an adapter would run in threads, in this one."""

    def map(self, call: Callable[..., Any], *parts: Iterable[Any]) -> list[Any]:
        return [call(*each) for each in zip(*parts, strict=False)]

    def shutdown(self) -> None:
        pass


class _NotingProjector(Projector):
    """Notes which streams it has replayed."""

    def __init__(self, told: Told, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._told = told

    def send(self, messages: Sequence[tuple[str, Message]], delay: int = 0) -> None:
        for message in (each for _, each in messages if isinstance(each, Replay)):
            self._told.replayed(message.stream)
        super().send(messages, delay)


class CloudWorld:
    """Implements World."""

    def __init__(self, folder: Path, seed: int, **rules: Any) -> None:
        self.folder = folder
        self.clock = Clock()
        self.random = Derived(seed)
        errors = dict.fromkeys(("log", "feed", "blobs", "index", "work", "embed", "checkpoint", "deliver"), _throttled)
        errors |= {"table": _busy, "outbox": _busy}
        self.faults = Faults({**world.disk_errors()[0], **errors}, lambda _: _throttled())
        self.provider = Provider()
        self.code = Code()
        self.given_up = 0
        self.late_filters = True  # docs/promises.md, promise 3
        draw = self.random
        self._service = DynamoDB(draw)
        self._service.fed = self._feed
        self._shards: list[list[Commit]] = [[] for _ in range(SHARDS)]
        self._positions = [0] * SHARDS
        self._reading: set[int] = set()  # a shard's batches are handled one at a time
        tries = len(REDELIVERY_DELAYS_MS)
        self._queues = {name: SQS(self.clock, draw, tries) for name in ("work", "embed", "deliver")}
        client = cast(Any, self._service)
        timing = no_waits(draw.uniform)
        log, table = DynamoDBEventLog(client, "log", threads=1), DynamoDBTable(client, "views", timing, threads=1)
        outbox = DynamoDBTable(client, "outbox", timing, threads=1)
        queues = {
            name: SQSQueue(cast(Any, queue), name, self.clock, timing=timing) for name, queue in self._queues.items()
        }
        adapters: list[Any] = [log, table, outbox, *queues.values()]
        for adapter in adapters:
            adapter._pool.shutdown()
            adapter._pool = OneByOne()
        self._ports = {name: cast(Any, Port(name, queue, self.faults)) for name, queue in queues.items()}
        self.told = Told(in_feed_order=False)
        self._outbox = Outbox(cast(Any, Port("outbox", outbox, self.faults)), self.clock, timing)
        self.deployment = world.deployment(
            self.clock,
            self.random,
            self.faults,
            self.provider,
            log=log,
            table=table,
            blobs=MemoryBlobs(folder, self.clock),
            index=MemoryIndex(tags=False),
            rules=rules,
            pool=Inline(),
        )
        self.app = world.app(self.deployment)
        self._start()

    def _start(self) -> None:
        made, ports = self.deployment, self._ports
        self._projector = _NotingProjector(
            self.told,
            made.streams,
            made.views,
            ports["work"],
            ports["embed"],
            made.telemetry,
            deliver=ports["deliver"],
            announcer=Announcer(made.streams, made.views, self._outbox, self.clock, bus=True),
        )
        bus = cast(Any, Port("bus", self.told, self.faults))
        self._deliverer = Deliverer(made, self._projector, self._outbox, bus, self.random.uniform)
        self._worker = Worker(made, self._projector)
        reader = cast(Any, Port("reader", SimulatedReader(self.code), self.faults))
        self._ingester = Ingester(made, reader, Inline())
        self._deliveries = Deliveries(self._ingester, ports["embed"], REDELIVERY_DELAYS_MS, made.telemetry)

    def _feed(self, item: Mapping[str, Any]) -> None:
        commit = commit_of(item)
        self._shards[crc32(commit.stream.encode()) % SHARDS].append(commit)

    def project(self, limit: int, draw: Random) -> bool:
        behind = [
            shard
            for shard in range(SHARDS)
            if self._positions[shard] < len(self._shards[shard]) and shard not in self._reading
        ]
        if not behind:
            return False
        shard = draw.choice(behind)
        page = self._shards[shard][self._positions[shard] :][:limit]
        self._reading.add(shard)
        try:
            left = self._projector.handle_in_order(page)
            self._positions[shard] += len(page) - left
        finally:
            self._reading.discard(shard)
        return True

    def work(self, draw: Random) -> bool:
        names = ["work", "deliver"]
        draw.shuffle(names)
        return any(self._invoke(name, 1, partial(self._do_work, name)) for name in names)

    def ingest(self, limit: int, draw: Random) -> bool:
        return self._invoke("embed", limit, self._do_ingest)

    def _invoke(self, name: str, limit: int, handle: Callable[[list[dict[str, Any]]], list[str]]) -> bool:
        """Lambda invokes a function with a queue's messages, and deletes those that are not reported as failed."""
        queue = self._queues[name]
        records = queue.take(limit, VISIBLE_MS)
        if self._bury(queue):
            return True
        if not records:
            return False
        failed = handle(records)
        for record in records:
            if record["messageId"] not in failed:
                queue.delete(record)
        return True

    def _do_work(self, queue: str, records: list[dict[str, Any]]) -> list[str]:
        failed = []
        for record in records:
            try:
                work = self._deliverer.work if queue == "deliver" else self._worker.work
                Records(self._ports[queue]).each(record, lambda body, work=work: work(decode(body)))  # type: ignore[misc]  # the loop's value
            except Exception:  # noqa: BLE001  # the function reports the record as failed
                failed.append(record["messageId"])
        return failed

    def _do_ingest(self, records: list[dict[str, Any]]) -> list[str]:
        return Records(self._ports["embed"]).together(
            records, lambda received: [each.received for each in self._deliveries.take(received, lambda: True)]
        )

    def _bury(self, queue: SQS) -> bool:
        """The function of dead letters handles what failed too often."""
        buried = bool(queue.dead)
        while queue.dead:
            message = decode(queue.dead[-1])
            if isinstance(message, Ingest):
                self.given_up += 1
                self._ingester.give_up(message, "its ingest failed too often")
            else:
                self._projector.send([("dead", message)], delay=SEND_AGAIN_MS)
            queue.dead.pop()
        return buried

    def sweep(self) -> int:
        return sweep(self.deployment, self._projector)

    def collect(self) -> None:
        self._projector.send([(COLLECTION, Collect())])

    def again(self, draw: Random) -> None:
        shard = draw.randrange(SHARDS)
        position = self._positions[shard]
        if position:
            start = draw.randrange(position)
            self._projector.handle_in_order(self._shards[shard][start : min(position, start + draw.randint(1, 20))])

    def redeliver(self, draw: Random) -> None:
        shard = draw.randrange(SHARDS)
        if self._positions[shard]:
            commit = self._shards[shard][draw.randrange(self._positions[shard])]
            decision = self.deployment.streams.decode(commit)
            self._projector.send([(commit.stream, message) for message in reactions(decision)])

    def shuffle(self, draw: Random) -> None:
        """SQS's order is random anyway."""

    def restart(self, *, reopen: bool) -> None:
        self._start()

    def calm(self, *, calm: bool) -> None:
        self._service.calm = calm
        for queue in self._queues.values():
            queue.calm = calm

    def next_due(self) -> int | None:
        waits = [each.visible_at - self.clock() for queue in self._queues.values() for each in queue.messages.values()]
        return max(1, min(waits)) if waits else None

    def left(self) -> list[str]:
        return [each.body for queue in self._queues.values() for each in queue.messages.values()]

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _throttled() -> Exception:
    return Throttled("the service refused the call for now")


def _busy() -> Exception:
    return Unavailable("The database is busy. Please repeat the request.")
