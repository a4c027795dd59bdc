"""The AWS edition with its calls counted: real adapters on the local servers, a stub only for the model, and requests
in this process.

The work behind the requests is driven by hand, commit by commit and message by message.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

from local_aws import resources
from local_aws.resources import Resources
from local_aws.servers import Servers
from tests.support.aws_meter import LATENCY_S, Cost, metered
from tests.support.pump import Clock
from tests.support.stubs import DIMENSIONS, Inline, StubEmbedder, StubReader
from vectorlog.deployment import Deployment
from vectorlog.domain.tenancy import Caller
from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.event_log.dynamodb import DynamoDBEventLog
from vectorlog.event_log.streams import Outcome, Plan, Streams
from vectorlog.files.s3 import S3Blobs
from vectorlog.index.opensearch.index import OpenSearchIndex
from vectorlog.index.opensearch.mapping import Layout
from vectorlog.index.opensearch.requests import connect
from vectorlog.ingest.ingester import Ingester
from vectorlog.reactions.projector import Projector
from vectorlog.runtime.aws import clients
from vectorlog.use_cases import api_keys, limits
from vectorlog.use_cases.actor import Actor
from vectorlog.views.dynamodb import DynamoDBTable
from vectorlog.views.views import Views
from vectorlog.work.messages import Ingest, decode
from vectorlog.work.sqs import SQSQueue

ACTOR = Actor(Caller("project-of-mine"), "req_0123456789abcdef0123456789abcdef")
LENT_MS = 60_000


class CountedEmbedder:
    """The stub model, with a count of its calls."""

    def __init__(self, space: Space, calls: Counter[str]) -> None:
        self.space = space
        self._stub = StubEmbedder(space)
        self._calls = calls

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        self._calls["embedding"] += 1
        return self._stub.documents(texts)

    def query(self, text: str) -> Vector:
        self._calls["embedding"] += 1
        return self._stub.query(text)

    def close(self) -> None:
        pass


class Measured:
    """A new deployment; `cost` measures a request, `handle` and `ingest` do the work that follows."""

    def __init__(self, servers: Servers, owned: Resources) -> None:
        self._counted = (clients.dynamodb(), clients.s3(), clients.sqs())
        dynamodb, s3, sqs = self._counted
        self.clock, self.random = Clock(), Random(0)
        self.calls: Counter[str] = Counter()
        self.log = DynamoDBEventLog(clients.dynamodb(), owned.events_table)
        self._log = DynamoDBEventLog(dynamodb, owned.events_table)
        self._table = DynamoDBTable(dynamodb, owned.views_table)
        self.readers = ThreadPoolExecutor(8, "read")
        self._threads = ThreadPoolExecutor(clients.CALLS_AT_ONCE, "project")
        self._blobs = S3Blobs(s3, owned.bucket)
        self._index = self._searched(servers.opensearch)
        self.deployment = Deployment(
            streams=Streams(self._log, self.clock, self.random),
            views=Views(self._table, pool=self._threads),
            blobs=self._blobs,
            index=self._index,
            models=Models([Offer("stub", "words", DIMENSIONS, False, self._embedder)]),
            clock=self.clock,
            random=self.random,
            together=self._together,
        )
        self._work, self._embed = (SQSQueue(sqs, queue.url, self.clock) for queue in (owned.work, owned.embed))
        self._received = SQSQueue(clients.sqs(), owned.embed.url, self.clock, wait=1)
        self._projector = Projector(self.deployment.streams, self.deployment.views, self._work, self._embed)
        self._worker = Ingester(self.deployment, StubReader(), Inline())
        _, self._secret = api_keys.create(self.deployment, ACTOR.caller.project, "measured")

    @contextmanager
    def metered(self) -> Iterator[Cost]:
        """Counts AWS calls, requests to OpenSearch and embedded texts."""
        self.calls.clear()
        with metered(*self._counted, latency=LATENCY_S) as cost:
            yield cost
        cost.calls.update(self.calls)

    def cost(self, request: Callable[[], object]) -> Cost:
        """The cost of a request, including the check of its key, by a function that knows the project's limits."""
        self.clock.advance(1)
        limits.count_request(self.deployment, ACTOR.caller.project)
        with self.metered() as cost:
            api_keys.authenticate(self.deployment, self._secret)
            request()
        return cost

    def project(self, stream: str, start: int = 0) -> None:
        """Handles a stream's commits from version `start` on, each as a single record."""
        for commit in self.log.read(stream, start):
            self._projector.handle([commit])

    def ingest(self) -> None:
        """Ingests the queued files, one by one."""
        received = self._received.receive(10, LENT_MS)
        for message in (decode(each.body) for each in received):
            assert isinstance(message, Ingest)
            assert not self._worker.ingest([message])
        self._received.acknowledge([each.receipt for each in received])

    def seed(self, plans: Sequence[Plan[Any, Any]], at_once: int = 320) -> None:
        """Appends and shows several decisions in parallel."""
        for start in range(0, len(plans), at_once):
            outcomes = self.deployment.streams.decide_all(plans[start : start + at_once])
            list(self.readers.map(self._show, [outcomes[first : first + 32] for first in range(0, len(outcomes), 32)]))

    def close(self) -> None:
        """Ends all threads."""
        for part in (
            self.log,
            self._log,
            self._table,
            self._blobs,
            self._index,
            self._work,
            self._embed,
            self._received,
        ):
            part.close()
        self.readers.shutdown()
        self._threads.shutdown()

    def _show(self, outcomes: Sequence[Outcome[Any, Any]]) -> None:
        self.deployment.views.show(outcomes)

    def _together(self, *reads: Callable[[], Any]) -> tuple[Any, ...]:
        return tuple(self.readers.map(lambda read: read(), reads))

    def _searched(self, endpoint: str) -> OpenSearchIndex:
        client = connect(endpoint)
        perform = client.transport.perform_request

        def counted(*given: Any, **named: Any) -> Any:
            self.calls["OpenSearch"] += 1
            return perform(*given, **named)

        client.transport.perform_request = counted  # type: ignore[method-assign]  # the one place that every request passes
        return OpenSearchIndex(client, Layout(prefix=f"test-{uuid4().hex}", engine="lucene"), refresh="true")

    def _embedder(self, space: Space) -> CountedEmbedder:
        return CountedEmbedder(space, self.calls)


@contextmanager
def measured(servers: Servers) -> Iterator[Measured]:
    """A new deployment on the servers that the environment names."""
    owned = resources.make(servers)
    made = Measured(servers, owned)
    try:
        yield made
    finally:
        made.close()
        resources.remove(servers, owned)


@contextmanager
def spooled(text: str) -> Iterator[Path]:
    """A spooled file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "body"
        path.write_text(text)
        yield path
