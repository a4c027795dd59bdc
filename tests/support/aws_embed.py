"""One file through the embed function on the local servers, one invocation at a time: the real handler, queue, bucket,
tables and index.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from local_aws import resources
from local_aws.function import Environments, Function
from local_aws.payloads import Json
from local_aws.queue_mapping import QueueMapping, QueueSettings
from local_aws.resources import Resources
from local_aws.servers import Servers
from tests.embedding.stub_server import StubServer
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.store_file import State
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log.codec import STORE_FILE
from vectorlog.operations.verify import Report, verify
from vectorlog.runtime.aws import inspection, once, wiring, workers
from vectorlog.use_cases import store_files, uploaded_files, vector_stores
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.store_files import AttachFile
from vectorlog.use_cases.vector_stores import CreateStore
from vectorlog.work.messages import Ingest, decode

ACTOR = Actor(Caller("default"), "req_1")
PAGES = 200
DIMENSIONS = 1536
"""Dimensions of text-embedding-3-small."""
TIMEOUT_S = 300
"""Memory of the embed function in MB."""
HANDLER = "handlers.embed:handler"
ONE_ROUND = f"{__name__}:one_round"
_WORDS = (
    *(
        "harbour",
        "signal",
        "winter",
        "engine",
        "paper",
        "window",
        "river",
        "garden",
        "stone",
        "letter",
        "market",
        "lantern",
        "keeper",
    ),
    *(
        "the",
        "old",
        "of",
        "many",
        "records",
        "writes",
        "that",
        "every",
        "ship",
        "leaves",
        "before",
        "morning",
        "with",
        "news",
        "from",
    ),
)


@dataclass(frozen=True, slots=True)
class Invocation:
    """The input and outcome of one invocation.

    Attributes:
        nexts: the chunks at which the messages' files continue.
        seconds: its duration, including the start of its process if it has none yet.
        answer: of the handler.
    """

    nexts: tuple[int, ...]
    seconds: float
    answer: Json | None


@dataclass(frozen=True, slots=True)
class Peak:
    """Peak memory of the function's process and of the child that reads files, in Lambda's MB (2^20 bytes; Linux)."""

    function: float
    reader: float

    @property
    def total(self) -> float:
        """Upper bound of what both used at the same time."""
        return self.function + self.reader


class Desk:
    """A new deployment whose queue is passed to the function by hand; requests are made in this process."""

    def __init__(self, servers: Servers, owned: Resources, stub: StubServer, variables: Json, handler: str) -> None:
        self.stub = stub
        self.invocations: list[Invocation] = []
        self.function = Function("embed-by-hand", handler, variables, TIMEOUT_S)
        self.environments = Environments(self.function)
        self._mapping = QueueMapping(
            servers.client("sqs"),
            owned.embed.url,
            owned.embed.arn,
            self._invoke,
            wiring.clock,
            QueueSettings(concurrency=1),
        )

    def attached(self, content: bytes) -> str:
        """Uploads a document and attaches it to a new store, so that its message waits in the queue. Returns the file's
        stream in the store.
        """
        deployment = wiring.deployment()
        store = vector_stores.create(deployment, ACTOR, CreateStore()).id
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "body"
            path.write_bytes(content)
            sha256 = hashlib.sha256(content).hexdigest()
            command = uploaded_files.Upload("book.pdf", "assistants", path, len(content), sha256, "application/pdf")
            file = uploaded_files.upload(deployment, ACTOR, command).id
        store_files.attach(deployment, ACTOR, store, AttachFile(file, {}, AUTO))
        stream = store_file_stream(store, file)
        self._project(stream, 0)
        return stream

    def ingest(self, stream: str) -> State:
        """Passes waiting messages to the function until the queue is empty; returns the file's final state."""
        while inspection.under_way().messages:
            assert self._mapping.step(), "a message is lent, and nobody has it"
        self._project(stream, 1)
        return wiring.deployment().streams.load(STORE_FILE, stream).state

    def verify(self) -> Report:
        """The findings of `vectorlog verify`."""
        return verify(wiring.deployment(), inspection.under_way, lambda: None)

    @property
    def embedded(self) -> Counter[str]:
        """How often each text was embedded."""
        return Counter(text for request in self.stub.requests for text in request["input"])

    def peak(self) -> Peak:
        """Peak memory of the function's environment, which must have been invoked."""
        [function] = (process for process in multiprocessing.active_children() if process.name == self.function.name)
        tasks = Path(f"/proc/{function.pid}/task").glob("*/children")
        readers = [int(child) for children in tasks for child in children.read_text().split()]
        return Peak(_peak_mb(function.pid), sum(map(_peak_mb, readers)))

    def _project(self, stream: str, start: int) -> None:
        for commit in wiring.deployment().streams.log.read(stream, start):
            workers.projector().handle([commit])

    def _invoke(self, event: Json) -> Json | None:
        messages = [decode(record["body"]) for record in event["Records"]]
        nexts = tuple(message.next for message in messages if isinstance(message, Ingest))
        began = time.monotonic()
        answer = self.environments(event)
        self.invocations.append(Invocation(nexts, time.monotonic() - began, answer))
        return answer


class _Brief:
    """A context that reports little time left once a round of chunks was begun."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def get_remaining_time_in_millis(self) -> int:
        from handlers.embed import SPARE_MS

        self._asked += 1
        return SPARE_MS + (1 if self._asked == 1 else 0)


def one_round(event: Json, context: Any) -> Json:
    """The embed function's handler in an invocation that runs out of time after one round of chunks."""
    from handlers.embed import handler

    answer: Json = handler(event, _Brief(context))
    return answer


@contextmanager
def desk(servers: Servers, handler: str = HANDLER) -> Iterator[Desk]:
    """A deployment on the servers, which is removed at the end."""
    owned = resources.make(servers, visibility_s=6 * TIMEOUT_S)
    with StubServer(dimensions=DIMENSIONS) as stub, pytest.MonkeyPatch.context() as patch:
        variables = {
            **servers.environment,
            **owned.environment,
            "VECTORLOG_MODELS": "openai:text-embedding-3-small",
            "VECTORLOG_EMBEDDING_BASE_URL": stub.base_url,
            "POWERTOOLS_METRICS_DISABLED": "1",
        }
        for name, value in variables.items():
            patch.setenv(name, value)
        once.forget()
        made = Desk(servers, owned, stub, variables, handler)
        try:
            with made.environments:
                yield made
        finally:
            once.forget()
            resources.remove(servers, owned)


def pdf(pages: int, words: int = 500) -> bytes:
    """A document of this many pages, with this many words each; no two pages are alike."""
    draw, found = Random(pages), BytesIO()
    canvas = Canvas(found, pageCompression=1)
    for page in range(1, pages + 1):
        text = canvas.beginText(50, 800)
        text.setFont("Helvetica", 8)
        text.setLeading(15)
        for first in range(0, words, 11):
            count = min(11, words - first)
            text.textLine(" ".join([f"{page}.{first}", *draw.choices(_WORDS, k=count - 1)]))
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return found.getvalue()


def _peak_mb(pid: int | None) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024
