"""An edition for tests: the real log, views, queues and blobs, with a clock that tests advance and a pump instead of threads.

Any call that changes something outside the process can be made the last one before a crash (`Faults`); the pump delivers
pages and messages twice, late, in other orders, and takes lent messages back as a new process would.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, cast

from vectorlog.domain.chunking import AUTO
from vectorlog.domain.filters import matches
from vectorlog.domain.manifest import Listed
from vectorlog.domain.tenancy import Caller
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.event_log.streams import Streams
from vectorlog.files.folder import FolderBlobs
from vectorlog.index.chunk_index import Chunk, ChunkIndex, FileChunks, Found, Hit, Query, Space, Vector
from vectorlog.index.local import LocalIndex
from vectorlog.ingest.document import Document, ReaderCrashed, Span, Unreadable
from vectorlog.ingest.worker import Worker as IngestWorker
from vectorlog.reactions.projector import Projector
from vectorlog.reactions.sweep import sweep
from vectorlog.reactions.worker import Worker
from vectorlog.sqlite.database import Database
from vectorlog.use_cases import file_batches, search, store_files, uploaded_files, vector_stores
from vectorlog.use_cases.actor import Actor, idempotency_key
from vectorlog.use_cases.edition import Edition
from vectorlog.use_cases.file_batches import BatchView
from vectorlog.use_cases.store_files import AttachFile, StoreFileView
from vectorlog.use_cases.vector_stores import CreateStore
from vectorlog.views import sqlite as sqlite_views
from vectorlog.views.sqlite import SQLiteTable
from vectorlog.views.views import Views
from vectorlog.work import messages as work_messages
from vectorlog.work import sqlite as sqlite_work
from vectorlog.work.messages import Ingest
from vectorlog.work.queue import Received
from vectorlog.work.sqlite import SQLiteQueue

DIMENSIONS = 16
DAY_MS = 86_400_000
LENT_MS = 30 * DAY_MS
START_MS = 1_700_000_000_000
PROJECT = Actor(Caller("acme"), "req_1")


class Lost(BaseException):
    """The process died here; no handler of ours may catch it."""


class Clock:
    """Ms since 1970, as tests say."""

    def __init__(self) -> None:
        self.now = START_MS

    def __call__(self) -> int:
        return self.now

    def advance(self, ms: int) -> None:
        self.now += ms


class Faults:
    """Where the process dies: before or after the n-th call, from now on, of what changes things outside of it."""

    def __init__(self) -> None:
        self.calls = 0
        self.dies_at: int | None = None
        self.after = False
        self.last = ""

    @contextmanager
    def dying(self, call: int, *, after: bool) -> Iterator[None]:
        self.calls, self.dies_at, self.after = 0, call, after
        try:
            yield
        finally:
            self.dies_at = None

    def run(self, name: str, call: Callable[[], Any]) -> Any:
        self.calls += 1
        self.last = name
        dies = self.calls == self.dies_at
        if dies and not self.after:
            raise Lost(f"before {name}")
        result = call()
        if dies:
            raise Lost(f"after {name}")
        return result


class Fragile:
    """A port whose changing calls can be the last ones."""

    def __init__(self, target: object, changing: Collection[str], faults: Faults) -> None:
        self._target = target
        self._changing = changing
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if name not in self._changing:
            return found
        label = f"{type(self._target).__name__}.{name}"
        return lambda *args, **kwargs: self._faults.run(label, lambda: found(*args, **kwargs))


class StubEmbedder:
    """Words to fixed random directions; `throttled` makes it refuse for now."""

    throttled = False

    def __init__(self, space: Space) -> None:
        self.space = space

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        if StubEmbedder.throttled:
            raise EmbeddingError("slow down", retry_after=1.0)
        return [(self.query(text),) for text in texts]

    def query(self, text: str) -> Vector:
        sums = [0.0] * DIMENSIONS
        for word in text.lower().split():
            draw = Random(word)
            sums = [total + draw.gauss(0, 1) for total in sums]
        length = sum(value * value for value in sums) ** 0.5 or 1.0
        return array("f", [value / length for value in sums])

    def close(self) -> None:
        pass


class StubReader:
    """One chunk per line. A file that begins with `damaged` is unreadable, one that begins with `deadly` kills its reader."""

    def read(self, path: Path, filename: str, max_tokens: int, overlap: int) -> Document:
        text = path.read_text()
        if text.startswith("damaged"):
            raise Unreadable("invalid_file", "The file is damaged. Save it again.")
        if text.startswith("deadly"):
            raise ReaderCrashed("it ran out of memory")
        spans, at = [], 0
        for line in text.splitlines(keepends=True):
            spans.append(Span(at, at + len(line), len(line.split())))
            at += len(line)
        return Document(text, (), tuple(spans))


class Inline(Executor):
    """Runs at once, in this thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class DictIndex:
    """A ChunkIndex in a dict, for many short histories."""

    def __init__(self) -> None:
        self._chunks: dict[tuple[Space, str], dict[tuple[str, int, int], tuple[FileChunks, Chunk]]] = {}

    def add(self, space: Space, files: Sequence[FileChunks]) -> None:
        for each in files:
            held = self._chunks.setdefault((space, each.store), {})
            for chunk in each.chunks:
                key = (each.file, each.generation, chunk.n)
                if key not in held or held[key][0].revision <= each.revision:
                    held[key] = (each, chunk)

    def remove(self, space: Space, store: str, file: str, generation: int | None = None) -> None:
        held = self._chunks.get((space, store), {})
        for key in [key for key in held if key[0] == file and generation in (None, key[1])]:
            del held[key]

    def remove_store(self, space: Space, store: str) -> None:
        self._chunks.pop((space, store), None)

    def search(self, space: Space, queries: Sequence[Query]) -> list[Found]:
        return [self._found(self._chunks.get((space, query.store), {}), query) for query in queries]

    def _found(self, held: Mapping[tuple[str, int, int], tuple[FileChunks, Chunk]], query: Query) -> Found:
        hits = []
        for (file, generation, n), (each, chunk) in held.items():
            if file not in query.without and (query.filter is None or matches(query.filter, each.attributes)):
                cosine = sum(a * b for a, b in zip(query.vector or (), chunk.vectors[0], strict=False))
                hits.append(Hit(file, generation, each.row, n, chunk.text, cosine, None))
        hits.sort(key=lambda hit: (-(hit.cosine or 0.0), hit.file, hit.generation, hit.n))
        return Found(tuple(hits[: query.limit]), (), 0.0)

    def count(self, space: Space, store: str) -> dict[tuple[str, int], int]:
        counts: dict[tuple[str, int], int] = {}
        for file, generation, _ in self._chunks.get((space, store), {}):
            counts[file, generation] = counts.get((file, generation), 0) + 1
        return counts

    def close(self) -> None:
        pass


class Pump:
    """What runs behind the requests, one step at a time. A step that dies leaves its page unread or its message lent."""

    def __init__(self, edition: Edition, feed: SQLiteEventLog, projector: Projector, work: SQLiteQueue, embed: SQLiteQueue) -> None:
        self.edition = edition
        self.feed = feed
        self.position = 0
        self.projector = projector
        self.work = work
        self.embed = embed
        self._worker = Worker(edition, projector)
        self._ingest = IngestWorker(edition, StubReader(), Inline())

    def project(self, limit: int = 256, *, order: Random | None = None) -> int:
        """Projects the next page, with `order` in another order that keeps each stream's own."""
        page = self.feed.after(self.position, limit)
        if page:
            commits = [fed.commit for fed in page]
            self.projector.handle(commits if order is None else merged(commits, order))
            self.position = page[-1].position
        return len(page)

    def again(self, draw: Random) -> None:
        """Delivers part of what was read before once more."""
        if self.position:
            page = self.feed.after(draw.randrange(self.position), draw.randint(1, 20))
            self.projector.handle(merged([fed.commit for fed in page if fed.position <= self.position], draw))

    def work_one(self, draw: Random | None = None, *, twice: bool = False) -> bool:
        """Does one message that is due; whether there was one."""
        received = self._receive(self.work, 1, draw)
        for each in received:
            message = work_messages.decode(each.body)
            self._worker.work(message)
            if twice:
                self._worker.work(message)
        self.work.acknowledge([each.receipt for each in received])
        return bool(received)

    def ingest_some(self, limit: int = 16, draw: Random | None = None, *, twice: bool = False) -> bool:
        """Ingests some messages that are due; whether there were any."""
        received = self._receive(self.embed, limit, draw)
        messages = [work_messages.decode(each.body) for each in received]
        ingests = [message for message in messages if isinstance(message, Ingest)]
        if twice:
            self._ingest.ingest(ingests)
        later = self._ingest.ingest(ingests)
        self.embed.send([work_messages.outgoing(each.message, each.message.store, each.delay or 0) for each in later])
        self.embed.acknowledge([each.receipt for each in received])
        return bool(received)

    def sweep(self) -> int:
        """Looks at what is past its deadline."""
        return sweep(self.edition, self.projector)

    def restart(self) -> None:
        """Takes back what the last process had lent."""
        self.work.recall()
        self.embed.recall()

    def settle(self, bound: int = 2000) -> None:
        """Steps until nothing is left that is due; fails where that does not end."""
        for _ in range(bound):
            if not (self.project() or self.work_one() or self.ingest_some()):
                clock = cast(Clock, self.edition.clock)
                waits = self._next_due()
                if waits is None or waits > 3_600_000:  # only a delayed purge is left
                    return
                clock.advance(waits)
        raise AssertionError("there is always more to do")

    def _next_due(self) -> int | None:
        """Ms until a message can be received."""
        found = [wait for queue in (self.work, self.embed) if (wait := queue._delay()) != float("inf")]
        return max(1, int(min(found) * 1000)) if found else None

    @staticmethod
    def _receive(queue: SQLiteQueue, limit: int, draw: Random | None) -> list[Received]:
        if draw is None:
            return queue.receive(limit, LENT_MS)
        received = queue.receive(limit + 5, LENT_MS)
        draw.shuffle(received)
        for each in received[limit:]:
            queue.release(each.receipt, 0)
        return received[:limit]


def merged(commits: Sequence[Commit], draw: Random) -> list[Commit]:
    """Another order in which each stream's commits keep theirs."""
    waiting: dict[str, list[Commit]] = {}
    for commit in commits:
        waiting.setdefault(commit.stream, []).append(commit)
    order = []
    while waiting:
        stream = draw.choice(sorted(waiting))
        order.append(waiting[stream].pop(0))
        if not waiting[stream]:
            del waiting[stream]
    return order


class Bench:
    """An edition with its pump, and the requests of one caller in short."""

    def __init__(self, folder: Path, *, index: ChunkIndex | None = None, seed: int = 0, **rules: Any) -> None:
        self.folder = folder
        self.clock = Clock()
        self.faults = Faults()
        self.random = Random(seed)
        self.log = SQLiteEventLog(folder / "log.db")
        self.derived = Database(folder / "derived.db", (*sqlite_views.SCHEMA, *sqlite_work.SCHEMA), synchronous="NORMAL")
        self.blobs = FolderBlobs(folder / "blobs", folder / "staging")
        self.index: ChunkIndex = index or LocalIndex(folder / "index")
        StubEmbedder.throttled = False
        log = Fragile(self.log, {"append"}, self.faults)
        table = Fragile(SQLiteTable(self.derived), {"write"}, self.faults)
        work = cast(SQLiteQueue, Fragile(SQLiteQueue(self.derived, "work", self.clock), {"send", "acknowledge"}, self.faults))
        embed = cast(SQLiteQueue, Fragile(SQLiteQueue(self.derived, "embed", self.clock), {"send", "acknowledge"}, self.faults))
        self.edition = Edition(
            streams=Streams(cast(Any, log), self.clock, self.random, sleep=_no_sleep),
            views=Views(cast(Any, table), self.random, sleep=_no_sleep),
            blobs=cast(Any, Fragile(self.blobs, {"put", "delete"}, self.faults)),
            index=cast(Any, Fragile(self.index, {"add", "remove", "remove_store"}, self.faults)),
            models=Models([Offer("stub", "words", DIMENSIONS, False, StubEmbedder)]),
            clock=self.clock,
            random=self.random,
            **{"inline_files": 100, **rules},
        )
        self.pump = Pump(self.edition, self.log, Projector(self.edition.streams, self.edition.views, work, embed), work, embed)

    def close(self) -> None:
        self.log.close()
        self.derived.close()
        self.index.close()

    @property
    def space(self) -> Space:
        return Space("stub:words", DIMENSIONS)

    def upload(self, text: str, actor: Actor = PROJECT, *, name: str = "a.txt", expires_after_s: int | None = None) -> str:
        self.clock.advance(1)
        path = self.folder / f"spool-{self.random.getrandbits(64):x}"
        path.write_text(text)
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        command = uploaded_files.Upload(name, "assistants", path, len(text), sha256, "text/plain", expires_after_s)
        return uploaded_files.upload(self.edition, actor, command).id

    def store(self, actor: Actor = PROJECT, **fields: Any) -> str:
        self.clock.advance(1)
        return vector_stores.create(self.edition, actor, CreateStore(**fields)).id

    def attach(self, store: str, file: str, actor: Actor = PROJECT, **attributes: Any) -> StoreFileView:
        self.clock.advance(1)
        return store_files.attach(self.edition, actor, store, AttachFile(file, attributes, AUTO))

    def batch(self, store: str, files: Sequence[str], actor: Actor = PROJECT, *, skip: bool = False, **attributes: Any) -> BatchView:
        self.clock.advance(1)
        listed = [Listed(file, attributes) for file in files]
        return file_batches.create(self.edition, actor, store, listed, "file_ids", skip_duplicates=skip)

    def find(self, store: str, query: str, actor: Actor = PROJECT, **fields: Any) -> list[str]:
        """Files that a search finds, best first."""
        found = search.search(self.edition, actor, store, search.Search((query,), **{"limit": 50, **fields}))
        return [result.file for result in found]

    def status(self, store: str, file: str, actor: Actor = PROJECT) -> str:
        return store_files.get(self.edition, actor, store, file).state.status


def keyed(key: str, body: str, actor: Actor = PROJECT, route: str = "POST /x") -> Actor:
    """The same caller with an Idempotency-Key."""
    return Actor(actor.caller, actor.request, route, idempotency_key(actor.caller, route, key, body.encode()))


def _no_sleep(_: float) -> None:
    pass
