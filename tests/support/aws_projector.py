"""The real projector handler on the local servers, with commits of many stores that nobody has projected yet."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from local_aws import resources
from local_aws.payloads import stream_event
from local_aws.servers import Servers
from tests.support.aws_meter import Cost, metered
from tests.support.moto_deployment import Context
from tests.support.pump import START_MS, Clock
from vectorlog.domain import store_file, uploaded_file, vector_store
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.ids import make, store_file_stream
from vectorlog.domain.store_file import SINGLE, Attach, Ingested, Placement
from vectorlog.domain.tenancy import Owner
from vectorlog.event_log.codec import STORE_FILE, UPLOADED_FILE, VECTOR_STORE
from vectorlog.event_log.dynamodb import item_of
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.event_log.streams import Plan, Streams
from vectorlog.runtime.aws import clients, once, wiring
from vectorlog.views.views import Views

if TYPE_CHECKING:
    from botocore.client import BaseClient

BATCH = 100
"""Commits in one batch of the stream, as the stack sets it."""
SIZE = 400
STAGES = 5
"""Commits of each store: the upload, the store, and its file attached, chunked and ingested."""


def stages(stores: int, projects: int) -> list[list[Commit]]:
    """The commits of stores with one file each, of projects in turn, stage by stage: a batch has as many stores as
    commits.
    """
    random, at = Random(0), START_MS
    files = [make("file", random.randbytes(16)) for _ in range(stores)]
    ids = [make("vs", random.randbytes(16)) for _ in range(stores)]
    owners = [Owner(f"project-{number % projects}") for number in range(stores)]
    sha256 = hashlib.sha256(b"text").hexdigest()
    attach = Attach(at, at, SINGLE, Placement(at), "handbook.txt", sha256, {}, AUTO)
    ingested = Ingested(at, generation=1, chunks=1, usage_bytes=SIZE, pages=0, revision=1)
    in_store = list(map(store_file_stream, ids, files))

    def uploaded(owner: Owner) -> Any:
        made = uploaded_file.FileUploaded(at, owner, "handbook.txt", "assistants", SIZE, sha256, "text/plain")
        return lambda state: uploaded_file.upload(state, made)

    def created(owner: Owner) -> Any:
        made = vector_store.VectorStoreCreated(at, owner, "stub:words", 16)
        return lambda state: vector_store.create(state, made)

    plans: list[list[Plan[Any, Any]]] = [
        [Plan(UPLOADED_FILE, file, uploaded(owner)) for file, owner in zip(files, owners, strict=True)],
        [Plan(VECTOR_STORE, store, created(owner)) for store, owner in zip(ids, owners, strict=True)],
        [Plan(STORE_FILE, stream, lambda state: store_file.attach(state, attach)) for stream in in_store],
        [Plan(STORE_FILE, stream, lambda state: store_file.chunked(state, 1, 1)) for stream in in_store],
        [Plan(STORE_FILE, stream, lambda state: store_file.ingested(state, ingested)) for stream in in_store],
    ]
    with tempfile.TemporaryDirectory() as folder, closing(SQLiteEventLog(Path(folder) / "log.db")) as log:
        streams = Streams(log, Clock(), random)
        made = []
        for stage in plans:
            outcomes = [
                outcome
                for start in range(0, stores, BATCH)
                for outcome in streams.decide_all(stage[start : start + BATCH])
            ]
            made.append([outcome.newest.version for outcome in outcomes if outcome.newest])
        commits = {(commit.stream, commit.version): commit for commit in log.scan()}
    return [
        [commits[plan.stream, version] for plan, version in zip(stage, versions, strict=True)]
        for stage, versions in zip(plans, made, strict=True)
    ]


class HandlerAlone:
    """The projector's handler, with new tables and queues."""

    def __init__(self, dynamodb: BaseClient, sqs: BaseClient) -> None:
        self._clients = (dynamodb, sqs)

    def take(self, commits: Sequence[Commit]) -> None:
        """Passes a batch of the stream to the handler, which must accept all of it."""
        from handlers.projector import handler

        event = stream_event([_record(commit) for commit in commits])
        assert handler(event, Context()) == {"batchItemFailures": []}

    def cost(self, commits: Sequence[Commit], latency: float = 0.0) -> Cost:
        """The cost of some commits, in batches of a hundred."""
        with metered(*self._clients, latency=latency) as cost:
            for start in range(0, len(commits), BATCH):
                self.take(commits[start : start + BATCH])
        return cost

    def seconds(self, commits: Sequence[Commit], latency: float) -> float:
        """How long some commits take, if each call takes so many seconds more."""

        def delay(**_: object) -> None:
            time.sleep(latency)

        events = [client.meta.events for client in self._clients]
        for each in events:
            each.register("before-call", delay)
        begun = time.monotonic()
        for start in range(0, len(commits), BATCH):
            self.take(commits[start : start + BATCH])
        for each in events:
            each.unregister("before-call", delay)
        return time.monotonic() - begun

    def totals(self, commits: Sequence[Commit]) -> tuple[int, int]:
        """How many of the stores that these commits created have one completed file, and how many stores there are."""
        views: Views = wiring.deployment().views
        stores = [commit.stream for commit in commits]
        return sum(views.store_counts(store).completed == 1 for store in stores), len(stores)


def _record(commit: Commit) -> dict[str, Any]:
    image = {
        name: {kind: value.decode() if isinstance(value, bytes) else value for kind, value in typed.items()}
        for name, typed in item_of(commit).items()
    }
    return {
        "eventName": "INSERT",
        "dynamodb": {
            "Keys": {"pk": image["pk"]},
            "NewImage": image,
            "SequenceNumber": f"{commit.stream}.{commit.version}",
        },
    }


@contextmanager
def handler_alone(servers: Servers, *, side_by_side: bool = True) -> Iterator[HandlerAlone]:
    """The projector's handler on new tables and queues; `side_by_side` false projects one group after the other."""
    owned, dynamodb, sqs = resources.make(servers), clients.dynamodb(), clients.sqs()
    variables = {
        **owned.environment,
        **servers.environment,
        "POWERTOOLS_METRICS_DISABLED": "1",
    }
    with (
        patch.dict(os.environ, variables),
        patch.object(clients, "dynamodb", lambda: dynamodb),
        patch.object(clients, "sqs", lambda: sqs),
    ):
        once.forget()
        if not side_by_side:
            wiring.deployment().views._pool = None
        yield HandlerAlone(dynamodb, sqs)
        once.forget()
    resources.remove(servers, owned)
