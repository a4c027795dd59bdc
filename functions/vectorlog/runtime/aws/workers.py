"""Builds the parts of the Lambda functions behind the log: queues, the projector, workers and the ingester."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from vectorlog.reactions.announcer import Announcer
from vectorlog.reactions.projector import Projector
from vectorlog.reactions.worker import Worker
from vectorlog.runtime.aws import clients, webhooks, wiring
from vectorlog.runtime.aws.once import once
from vectorlog.runtime.aws.records import REDELIVERY_DELAYS_MS, Records
from vectorlog.work.messages import Ingest, Message, Replay, decode
from vectorlog.work.sqs import SQSQueue

if TYPE_CHECKING:
    from vectorlog.event_log.dynamodb_stream import Gap
    from vectorlog.ingest.ingester import Ingester
    from vectorlog.reactions.announcer import Steps
    from vectorlog.webhooks.outbox import Outbox

READER_MEMORY_BYTES = 1 << 30
"""For the child process that reads a file. The function has 1,769 MB, which is one core."""
GIVE_UP = "it failed every time"
SEND_AGAIN_MS = 900_000
"""How long a message that failed too often waits before it is tried again."""


@once
def work_queue() -> SQSQueue:
    """Returns the queue of the work function."""
    return SQSQueue(clients.sqs(), wiring.environment().work_queue, wiring.clock)


@once
def embed_queue() -> SQSQueue:
    """Returns the queue of the embed function."""
    return SQSQueue(clients.sqs(), wiring.environment().embed_queue, wiring.clock)


@once
def erase_queue() -> SQSQueue:
    """Returns the queue of the erase function."""
    return SQSQueue(clients.sqs(), wiring.environment().erase_queue, wiring.clock)


@once
def deliver_queue() -> SQSQueue:
    """Returns the queue of the deliver function."""
    return SQSQueue(clients.sqs(), wiring.environment().deliver_queue, wiring.clock)


@once
def outbox() -> Outbox | None:
    """Returns where events wait; None for a function that tells nothing."""
    return webhooks.outbox(wiring.environment(), wiring.clock)


@once
def projector() -> Projector:
    """Returns the consumer of the log's stream."""
    deployed = wiring.deployment()
    return Projector(
        deployed.streams,
        deployed.views,
        work_queue(),
        embed_queue(),
        wiring.telemetry(),
        erase_queue(),
        deployed.together,
        deliver_queue(),
        announcer(),
    )


@once
def announcer() -> Announcer | None:
    """Returns what tells others; None for a function that tells nothing."""
    deployed, waiting = wiring.deployment(), outbox()
    if waiting is None:
        return None
    bus = bool(wiring.environment().event_bus)
    together = cast("Steps", deployed.together)
    return Announcer(deployed.streams, deployed.views, waiting, wiring.clock, bus=bus, together=together)


@once
def ingester() -> Ingester:
    """Returns the ingester. No client waits for its embeddings, so it retries them more often than a search does."""
    from vectorlog.ingest.cpu_limit import CpuLimit
    from vectorlog.ingest.ingester import Ingester
    from vectorlog.ingest.sandbox import Sandbox

    settings = wiring.environment()
    cpu = CpuLimit(float(settings.reader_cpu_seconds), float(settings.reader_cpu_seconds_per_mb))

    for_ingest = replace(wiring.deployment(), models=wiring.embedders(searching=False))
    return Ingester(for_ingest, Sandbox(1, memory_bytes=READER_MEMORY_BYTES, cpu=cpu), ThreadPoolExecutor(4, "reader"))


def _records(name: str, queue: SQSQueue) -> Records:
    return Records(queue, name, wiring.telemetry().metrics)


def work(record: Mapping[str, Any]) -> None:
    """Processes a record of the work queue. If it raises, the caller must report the record as failed."""
    worker = Worker(wiring.deployment(), projector())
    _records("work", work_queue()).each(record, lambda body: worker.work(decode(body)))


def erase(record: Mapping[str, Any]) -> None:
    """Processes a record of the erase queue, as `work` does one of the work queue."""
    worker = Worker(wiring.deployment(), projector())
    _records("erase", erase_queue()).each(record, lambda body: worker.work(decode(body)))


def deliver(record: Mapping[str, Any]) -> None:
    """Processes a record of the deliver queue, as `work` does one of the work queue."""
    from vectorlog.reactions.delivery import Deliverer

    waiting = outbox()
    assert waiting is not None
    deployed, settings = wiring.deployment(), wiring.environment()
    deliverer = Deliverer(deployed, projector(), waiting, webhooks.bus(settings))
    _records("deliver", deliver_queue()).each(record, lambda body: deliverer.work(decode(body)))


def ingest(records: Sequence[Mapping[str, Any]], time_left: Callable[[], bool]) -> list[str]:
    """Ingests the files of these embed queue records together. Returns the ids of the messages to report as failed."""
    from vectorlog.ingest.deliveries import Deliveries

    deliveries = Deliveries(ingester(), embed_queue(), REDELIVERY_DELAYS_MS, wiring.telemetry())
    return _records("embed", embed_queue()).together(
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
