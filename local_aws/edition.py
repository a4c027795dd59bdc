"""The AWS edition on the local servers: its real handlers, each in processes of its own, driven as Lambda drives them."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import Protocol

import uvicorn

from local_aws import resources
from local_aws.function import Environments, Function
from local_aws.gateway import Gateway
from local_aws.payloads import Invoke, Json
from local_aws.pump import Step, pumping
from local_aws.queue_mapping import QueueMapping, QueueSettings
from local_aws.resources import LocalQueue, Resources
from local_aws.schedule import Schedule
from local_aws.servers import Servers
from local_aws.stream_mapping import StreamMapping, StreamSettings
from local_aws.stream_reader import StreamReader
from vectorlog.event_log.dynamodb import DynamoDBEventLog
from vectorlog.event_log.streams import Streams
from vectorlog.use_cases import api_keys
from vectorlog.views.dynamodb import DynamoDBTable
from vectorlog.views.views import Views

FUNCTIONS = Path(__file__).parents[1] / "functions"
VISIBILITY_S = 30
SWEEP_EVERY_MS = 60_000
API_LIMIT = 2
"""Environments of the functions behind the API; two cores do not serve more."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LocalEdition:
    """A deployment that runs: where its API listens, a key of project `default`, what it owns, and its functions' environment."""

    url: str
    key: str
    resources: Resources
    variables: Mapping[str, str]


class _Maker(Protocol):
    def __call__(self, name: str, handler: str, limit: int, timeout_s: int) -> Environments: ...


@contextmanager
def running(servers: Servers, port: int = 0, variables: Mapping[str, str] | None = None) -> Iterator[LocalEdition]:
    """Makes a deployment of its own on the servers, runs its functions and serves its API, on 127.0.0.1.

    Args:
        servers: where everything is made, and removed at the end.
        port: 0 takes a free one.
        variables: more of the functions' environment, such as `VECTORLOG_MODELS`.
    """
    owned = resources.make(servers, visibility_s=VISIBILITY_S)
    given = {**servers.environment, **owned.environment, **_FOR_FUNCTIONS, **(variables or {})}
    with ExitStack() as stack:
        stack.callback(resources.remove, servers, owned)

        def function(name: str, handler: str, limit: int, timeout_s: int) -> Environments:
            made = Function(name, f"handlers.{handler}:handler", given, timeout_s)
            return stack.enter_context(Environments(made, limit))

        functions = {name: function(name, name, API_LIMIT, 29) for name in ("api", "search")}
        stack.enter_context(pumping(_steps(servers, owned, function)))
        listener = socket.create_server(("127.0.0.1", port), backlog=512)
        stack.enter_context(_served(listener, functions))
        yield LocalEdition(f"http://127.0.0.1:{listener.getsockname()[1]}", _first_key(servers, owned), owned, given)


_FOR_FUNCTIONS = {
    "PYTHONPATH": str(FUNCTIONS),
    "POWERTOOLS_TRACE_DISABLED": "1",  # there is no X-Ray daemon
    "POWERTOOLS_METRICS_DISABLED": "1",
    "POWERTOOLS_LOG_LEVEL": "WARNING",
}


@dataclass(frozen=True, slots=True)
class _Ledger:
    streams: Streams
    views: Views
    clock: Callable[[], int]


def _first_key(servers: Servers, owned: Resources) -> str:
    dynamodb, random = servers.client("dynamodb"), SystemRandom()
    log, table = DynamoDBEventLog(dynamodb, owned.events_table), DynamoDBTable(dynamodb, owned.views_table, random)
    try:
        return api_keys.create(_Ledger(Streams(log, _clock, random), Views(table, random), _clock), "default", "first")[1]
    finally:
        log.close()
        table.close()


def _steps(servers: Servers, owned: Resources, function: _Maker) -> Sequence[Step]:
    """What Lambda and EventBridge do, as steps to repeat."""
    reader = StreamReader(servers.client("dynamodbstreams"), owned.stream_arn)
    projector = StreamMapping(function("projector", "projector", 2, 60), StreamSettings(), _clock, _given_up, shards=4)

    def read() -> bool:
        records = reader.read()
        projector.offer(records)
        return bool(records)

    sqs = servers.client("sqs")

    def queue(of: LocalQueue, invoke: Invoke, settings: QueueSettings) -> list[Step]:
        mapping = QueueMapping(sqs, of.url, of.arn, invoke, _clock, settings)
        return [mapping.step] * settings.concurrency

    dead = function("dead-letters", "dead_letters", 1, 60)
    sweep = Schedule(function("sweep", "sweep", 1, 60), "sweep", SWEEP_EVERY_MS, _clock)
    return [
        read,
        *(shard.step for shard in projector.shards),
        *queue(owned.work, function("work", "work", 2, 300), QueueSettings(batch_size=1)),
        *queue(owned.embed, function("embed", "embed", 2, 300), QueueSettings(batch_size=10)),
        *queue(owned.work_dead, dead, QueueSettings(batch_size=1, concurrency=1)),
        *queue(owned.embed_dead, dead, QueueSettings(batch_size=1, concurrency=1)),
        sweep.step,
    ]


@contextmanager
def _served(listener: socket.socket, functions: Mapping[str, Invoke]) -> Iterator[None]:
    with ThreadPoolExecutor(2 * API_LIMIT, "gateway") as pool:
        gateway = Gateway(lambda _, path: functions["search" if path.endswith("/search") else "api"], pool)
        server = uvicorn.Server(uvicorn.Config(gateway, log_config=None, access_log=False, lifespan="off", timeout_keep_alive=75))
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="gateway")
        serving.start()
        try:
            yield
        finally:
            server.should_exit = True
            serving.join()


def _given_up(records: Sequence[Json], reason: str) -> None:
    log.error("%s records of the stream were given up: %s", len(records), reason)


def _clock() -> int:
    return time.time_ns() // 1_000_000
