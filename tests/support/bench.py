"""A deployment for tests: the real log, views, queues and blobs, with a clock that tests advance and a pump instead of
threads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, cast

from tests.support.faults import Faults, Fragile, Lost
from tests.support.pump import Clock, Pump
from tests.support.stubs import DIMENSIONS, DictIndex, StubEmbedder
from tests.support.waits import no_waits
from vectorlog.defaults import DAY_MS
from vectorlog.deployment import Deployment, nothing_left
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.tenancy import Caller
from vectorlog.domain.vectors import Space
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.event_log.streams import Streams
from vectorlog.files.folder import FolderBlobs
from vectorlog.index.chunk_index import ChunkIndex
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.reactions.projector import Projector
from vectorlog.runtime.local.scrub import scrubbing
from vectorlog.sqlite.database import Database
from vectorlog.use_cases import file_batches, search, store_files, uploaded_files, vector_stores
from vectorlog.use_cases.actor import Actor, idempotency_key
from vectorlog.use_cases.file_batches import BatchView
from vectorlog.use_cases.store_files import AttachFile, StoreFileView
from vectorlog.use_cases.vector_stores import CreateStore
from vectorlog.views import sqlite as sqlite_views
from vectorlog.views.sqlite import SQLiteTable
from vectorlog.views.views import Views
from vectorlog.work import sqlite as sqlite_work
from vectorlog.work.sqlite import SQLiteQueue

__all__ = ["DAY_MS", "PROJECT", "Bench", "DictIndex", "Lost", "StubEmbedder", "keyed"]

PROJECT = Actor(Caller("acme"), "req_1")


class Bench:
    """A deployment with its pump, and short forms of one caller's requests."""

    def __init__(self, folder: Path, *, index: ChunkIndex | None = None, seed: int = 0, **rules: Any) -> None:
        self.folder = folder
        self.clock = Clock()
        self.faults = Faults()
        self.random = Random(seed)
        self.log = SQLiteEventLog(folder / "log.db")
        self.derived = Database(
            folder / "derived.db", (*sqlite_views.SCHEMA, *sqlite_work.SCHEMA), synchronous="NORMAL"
        )
        self.blobs = FolderBlobs(folder / "blobs", folder / "staging")
        self.index: ChunkIndex = index or LocalIndex(folder / "index")
        StubEmbedder.throttled = False
        log = Fragile(self.log, {"append", "erase"}, self.faults)
        table = Fragile(SQLiteTable(self.derived), {"write"}, self.faults)
        work = cast(
            SQLiteQueue, Fragile(SQLiteQueue(self.derived, "work", self.clock), {"send", "acknowledge"}, self.faults)
        )
        embed = cast(
            SQLiteQueue, Fragile(SQLiteQueue(self.derived, "embed", self.clock), {"send", "acknowledge"}, self.faults)
        )
        self.deployment = Deployment(
            streams=Streams(cast(Any, log), self.clock, self.random, no_waits(self.random.uniform)),
            views=Views(cast(Any, table), no_waits(self.random.uniform)),
            blobs=cast(Any, Fragile(self.blobs, {"put", "join", "delete"}, self.faults)),
            index=cast(Any, Fragile(self.index, {"add", "retag", "remove", "remove_store"}, self.faults)),
            clock=self.clock,
            random=self.random,
            scrub=scrubbing(self.index, self.log, self.derived) if isinstance(self.index, LocalIndex) else nothing_left,
            **{"inline_files": 100, "inline_tags": True, "models": stub_models(), **rules},
        )
        self.pump = Pump(
            self.deployment,
            self.log,
            Projector(self.deployment.streams, self.deployment.views, work, embed, self.deployment.telemetry),
            work,
            embed,
        )

    def close(self) -> None:
        self.log.close()
        self.derived.close()
        self.index.close()

    @property
    def space(self) -> Space:
        return Space("stub:words", DIMENSIONS)

    def upload(
        self, text: str, actor: Actor = PROJECT, *, name: str = "a.txt", expires_after_s: int | None = None
    ) -> str:
        self.clock.advance(1)
        path = self.folder / f"spool-{self.random.getrandbits(64):x}"
        path.write_text(text)
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        command = uploaded_files.Upload(name, "assistants", path, len(text), sha256, "text/plain", expires_after_s)
        return uploaded_files.upload(self.deployment, actor, command).id

    def store(self, actor: Actor = PROJECT, **fields: Any) -> str:
        self.clock.advance(1)
        return vector_stores.create(self.deployment, actor, CreateStore(**fields)).id

    def attach(self, store: str, file: str, actor: Actor = PROJECT, **attributes: Any) -> StoreFileView:
        self.clock.advance(1)
        return store_files.attach(self.deployment, actor, store, AttachFile(file, attributes, AUTO))

    def batch(
        self, store: str, files: Sequence[str], actor: Actor = PROJECT, *, skip: bool = False, **attributes: Any
    ) -> BatchView:
        self.clock.advance(1)
        listed = [BatchItem(file, attributes) for file in files]
        return file_batches.create(self.deployment, actor, store, listed, "file_ids", skip_duplicates=skip)

    def find(self, store: str, query: str, actor: Actor = PROJECT, **fields: Any) -> list[str]:
        """Files that a search finds, best first."""
        asked = search.Search((query,), **{"limit": 50, **fields})
        found = search.search(self.deployment, actor, store, asked).results
        return [result.file for result in found]

    def status(self, store: str, file: str, actor: Actor = PROJECT) -> str:
        return store_files.get(self.deployment, actor, store, file).state.status


def stub_models() -> Models:
    return Models([Offer("stub", "words", DIMENSIONS, False, StubEmbedder)])


def keyed(key: str, body: str, actor: Actor = PROJECT, route: str = "POST /x") -> Actor:
    """The same caller with an Idempotency-Key."""
    return Actor(actor.caller, actor.request, route, idempotency_key(actor.caller, route, key, body.encode()))
