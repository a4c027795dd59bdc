"""The AWS edition on the local servers: its real handlers, each in its own processes, driven as Lambda drives them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import Literal, TypeAlias

import uvicorn

from local_aws import resources, stage
from local_aws.collection import AWAKE, Sleep, collection
from local_aws.function import Environments, Function
from local_aws.gateway import Gateway
from local_aws.payloads import Invoke
from local_aws.pump import pumping
from local_aws.resources import Resources
from local_aws.servers import Servers
from local_aws.triggers import clock, steps
from vectorlog.api import unprefixed
from vectorlog.defaults import GATEWAY_SECONDS
from vectorlog.event_log.dynamodb import DynamoDBEventLog
from vectorlog.event_log.streams import Streams
from vectorlog.use_cases import api_keys
from vectorlog.views.dynamodb import DynamoDBTable
from vectorlog.views.views import Views

FUNCTIONS = Path(__file__).parents[1] / "functions"
VISIBILITY_S = 300
"""A function's time limit; long enough that on a busy machine no message is redelivered while it is being worked on."""
Index: TypeAlias = Literal["domain", "serverless"]
LAG_S = 0.5
"""Seconds until searches of a collection see what was written; on AWS they are many."""
API_LIMIT = 2
"""Processes per function behind the API; two cores do not serve more."""


@dataclass(frozen=True, slots=True)
class RunningDeployment:
    """A running deployment: the address of its API, a key of project `default`, what it owns, and the environment of
    its functions.
    """

    url: str
    key: str
    resources: Resources
    variables: Mapping[str, str]


@contextmanager
def running(
    servers: Servers,
    port: int = 0,
    variables: Mapping[str, str] | None = None,
    index: Index = "domain",
    sleep: Sleep = AWAKE,
) -> Iterator[RunningDeployment]:
    """Creates a new deployment on the servers, runs its functions and serves its API on 127.0.0.1.

    Args:
        servers: where everything is created, and removed at the end.
        port: 0 takes a free one.
        variables: more of the functions' environment, such as `VECTORLOG_MODELS`.
        index: whether OpenSearch behaves as a domain, or as a collection of OpenSearch Serverless.
        sleep: how the collection sleeps.
    """
    owned = resources.make(servers, visibility_s=VISIBILITY_S)
    given = {**servers.environment, **owned.environment, **FOR_FUNCTIONS, **(variables or {})}
    with ExitStack() as stack:
        stack.callback(resources.remove, servers, owned)
        if index == "serverless":
            served = collection(servers.opensearch, lag_s=LAG_S, sleep=sleep)
            given["VECTORLOG_OPENSEARCH_ENDPOINT"] = stack.enter_context(served)
            given["VECTORLOG_OPENSEARCH_FORM"] = "collection"
        stack.enter_context(stage.deployed(servers, owned.stage, given))

        def function(name: str, handler: str, limit: int, timeout_s: int) -> Environments:
            made = Function(name, f"handlers.{handler}:handler", given, timeout_s)
            return stack.enter_context(Environments(made, limit))

        functions = {name: function(name, name, API_LIMIT, GATEWAY_SECONDS) for name in ("api", "search")}
        stack.enter_context(pumping(steps(servers, owned, function)))
        listener = socket.create_server(("127.0.0.1", port), backlog=512)
        stack.enter_context(_served(listener, functions))
        yield RunningDeployment(
            f"http://127.0.0.1:{listener.getsockname()[1]}", first_key(servers, owned), owned, given
        )


FOR_FUNCTIONS = {
    "PYTHONPATH": str(FUNCTIONS),
    "POWERTOOLS_METRICS_DISABLED": "1",
    "POWERTOOLS_LOG_LEVEL": "WARNING",
}


@dataclass(frozen=True, slots=True)
class _LogAndViews:
    streams: Streams
    views: Views
    clock: Callable[[], int]


def first_key(servers: Servers, owned: Resources) -> str:
    """Creates a key of project `default` that administers every project, as the stack does."""
    dynamodb, random = servers.client("dynamodb"), SystemRandom()
    log, table = DynamoDBEventLog(dynamodb, owned.events_table), DynamoDBTable(dynamodb, owned.views_table)
    try:
        log_and_views = _LogAndViews(Streams(log, clock, random), Views(table), clock)
        return api_keys.create(log_and_views, "default", "first", "admin", all_projects=True)[1]
    finally:
        log.close()
        table.close()


def _function(path: str) -> str:
    """Returns the function behind a path."""
    routes, _ = unprefixed.find_route(path)
    return "search" if routes or path.endswith("/search") else "api"


@contextmanager
def _served(listener: socket.socket, functions: Mapping[str, Invoke]) -> Iterator[None]:
    with ThreadPoolExecutor(2 * API_LIMIT, "gateway") as pool:
        gateway = Gateway(lambda _, path: functions[_function(path)], pool)
        server = uvicorn.Server(
            uvicorn.Config(gateway, log_config=None, access_log=False, lifespan="off", timeout_keep_alive=75)
        )
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="gateway")
        serving.start()
        try:
            yield
        finally:
            server.should_exit = True
            serving.join()
