"""A batch of many files through the API of the AWS edition on the local servers: watched until it ends, and what it
leaves behind.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields

from openai import DefaultHttpxClient, OpenAI

from local_aws import deployment as local_edition
from local_aws.deployment import RunningDeployment
from local_aws.servers import Servers
from tests.clients.service import vectorlog
from tests.embedding.stub_server import StubServer

DEADLINE_S = 900
PAUSE_S = 0.25
UNREADABLE_EVERY = 50
"""One file in this many holds no text, so that it fails and nothing else does."""
DIMENSIONS = 64
_NUMBERS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many files of a batch or a store have each status, according to the API."""

    in_progress: int
    completed: int
    failed: int
    cancelled: int
    total: int

    @property
    def add_up(self) -> bool:
        """Whether each file is counted once."""
        return self.in_progress + self.completed + self.failed + self.cancelled == self.total


@dataclass(frozen=True, slots=True)
class Poll:
    """One poll, `at` seconds after the batch was created."""

    at: float
    batch: Counts
    store: Counts

    def right(self, count: int) -> bool:
        """Whether each of `count` files was counted once, in the batch and in its store."""
        return self.batch.add_up and self.store.add_up and self.batch.total == self.store.total == count


@dataclass(frozen=True, slots=True)
class Run:
    """A batch from its uploads to its end.

    Attributes:
        uploading: seconds for all uploads.
        answering: seconds until the creation of the batch was answered.
    """

    count: int
    uploading: float
    answering: float
    polls: Sequence[Poll]

    @property
    def seconds(self) -> float:
        """Seconds from its creation until all files had ended."""
        return self.polls[-1].at

    @property
    def wrong(self) -> list[Poll]:
        """The polls that did not count each file once, in the batch and in its store."""
        return [poll for poll in self.polls if not poll.right(self.count)]

    @property
    def ended_well(self) -> bool:
        """Whether no poll was wrong, and all files but the unreadable ones were completed."""
        failed = self.count // UNREADABLE_EVERY
        expected = Counts(0, self.count - failed, failed, 0, self.count)
        return not self.wrong and self.polls[-1].batch == self.polls[-1].store == expected


@contextmanager
def running(servers: Servers) -> Iterator[RunningDeployment]:
    """The AWS edition, with a stub for embedding."""
    with StubServer(dimensions=DIMENSIONS) as stub:
        variables = {"VECTORLOG_MODELS": "openai:stub", "VECTORLOG_EMBEDDING_BASE_URL": stub.base_url}
        with local_edition.running(servers, variables=variables) as deployment:
            yield deployment


def run(deployment: RunningDeployment, count: int) -> Run:
    """Uploads small files, attaches them as one batch to a new store, and polls batch and store until nothing is in
    progress.

    Raises:
        AssertionError: it did not end.
    """
    with DefaultHttpxClient() as pool, ThreadPoolExecutor(4) as clients:
        client = OpenAI(base_url=f"{deployment.url}/v1", api_key=deployment.key, http_client=pool)
        began = time.monotonic()
        files = list(clients.map(lambda number: _upload(client, number), range(count)))
        uploaded = time.monotonic()
        store = client.vector_stores.create(name="many").id
        created = time.monotonic()
        batch = client.vector_stores.file_batches.create(store, file_ids=files).id
        answered = time.monotonic()
        polls: list[Poll] = []
        while not polls or polls[-1].batch.in_progress or polls[-1].store.in_progress:
            assert time.monotonic() - created < DEADLINE_S, f"the batch has not ended: {polls[-1]}"
            if polls:
                time.sleep(PAUSE_S)
            polls.append(_poll(client, store, batch, created))
    return Run(count, uploaded - began, answered - created, polls)


def verified(deployment: RunningDeployment) -> str:
    """The last line that `vectorlog verify` prints.

    Raises:
        AssertionError: something differs.
    """
    environment = os.environ | deployment.variables
    done = subprocess.run(
        [*vectorlog(), "verify", "--edition", "aws"], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]


def left(deployment: RunningDeployment, servers: Servers) -> int:
    """Messages in all queues and dead letters: waiting, lent or delayed."""
    sqs, owned = servers.client("sqs"), deployment.resources
    queues = (owned.work, owned.work_dead, owned.embed, owned.embed_dead, owned.erase, owned.erase_dead)
    found = [
        sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=list(_NUMBERS))["Attributes"] for queue in queues
    ]
    return sum(int(attributes[number]) for attributes in found for number in _NUMBERS)


def _upload(client: OpenAI, number: int) -> str:
    text = (
        ""
        if number % UNREADABLE_EVERY == UNREADABLE_EVERY - 1
        else f"Note {number} of the harbour master, about the lights of winter."
    )
    return client.files.create(file=(f"{number}.txt", text.encode()), purpose="assistants").id


def _poll(client: OpenAI, store: str, batch: str, since: float) -> Poll:
    of_batch = client.vector_stores.file_batches.retrieve(batch, vector_store_id=store).file_counts
    of_store = client.vector_stores.retrieve(store).file_counts
    return Poll(time.monotonic() - since, _counts(of_batch), _counts(of_store))


def _counts(found: object) -> Counts:
    return Counts(**{each.name: getattr(found, each.name) for each in fields(Counts)})
