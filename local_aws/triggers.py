"""The triggers of the functions behind the API: the stream, the queues with their dead letters, and the clock."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Protocol

from local_aws.payloads import Invoke, Json
from local_aws.pump import Step
from local_aws.queue_mapping import QueueMapping, QueueSettings
from local_aws.resources import LocalQueue, Resources
from local_aws.schedule import Schedule
from local_aws.servers import Servers
from local_aws.stream_mapping import StreamMapping, StreamSettings
from local_aws.stream_reader import StreamReader

SWEEP_EVERY_MS = 60_000

log = logging.getLogger(__name__)


class Maker(Protocol):
    """Builds a function from a handler, with a maximum number of environments and seconds."""

    def __call__(self, name: str, handler: str, limit: int, timeout_s: int) -> Invoke:
        """Builds the function."""
        ...


def steps(servers: Servers, owned: Resources, function: Maker) -> Sequence[Step]:
    """The work of Lambda and EventBridge, as steps to repeat."""
    reader = StreamReader(servers.client("dynamodbstreams"), owned.stream_arn)
    projector = StreamMapping(function("projector", "projector", 2, 60), StreamSettings(), clock, _given_up, shards=4)

    def read() -> bool:
        records = reader.read()
        projector.offer(records)
        return bool(records)

    sqs = servers.client("sqs")

    def queue(of: LocalQueue, invoke: Invoke, settings: QueueSettings) -> list[Step]:
        mapping = QueueMapping(sqs, of.url, of.arn, invoke, clock, settings)
        return [mapping.step] * settings.concurrency

    dead = function("dead-letters", "dead_letters", 1, 60)
    sweep = Schedule(function("sweep", "sweep", 1, 60), "sweep", SWEEP_EVERY_MS, clock)
    return [
        read,
        *(shard.step for shard in projector.shards),
        *queue(owned.work, function("work", "work", 2, 300), QueueSettings(batch_size=1)),
        *queue(owned.embed, function("embed", "embed", 2, 300), QueueSettings(batch_size=10)),
        *queue(owned.erase, function("erase", "erase", 1, 300), QueueSettings(batch_size=1)),
        *queue(owned.deliver, function("deliver", "deliver", 2, 300), QueueSettings(batch_size=1)),
        *queue(owned.work_dead, dead, QueueSettings(batch_size=1, concurrency=1)),
        *queue(owned.embed_dead, dead, QueueSettings(batch_size=1, concurrency=1)),
        *queue(owned.erase_dead, dead, QueueSettings(batch_size=1, concurrency=1)),
        *queue(owned.deliver_dead, dead, QueueSettings(batch_size=1, concurrency=1)),
        sweep.step,
    ]


def _given_up(records: Sequence[Json], reason: str) -> None:
    log.error("%s records of the stream were given up: %s", len(records), reason)


def clock() -> int:
    """Now, in ms since 1970."""
    return time.time_ns() // 1_000_000
