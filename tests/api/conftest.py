"""A real edition on SQLite and folders, without workers, and a client that talks to it through the front."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from aws_lambda_powertools.event_handler import HttpResolverLocal

from vectorlog.api import app, auth
from vectorlog.api.transport import BehindFront
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.event_log.streams import Streams
from vectorlog.files.folder import FolderBlobs
from vectorlog.index.chunk_index import Space, Vector
from vectorlog.index.local import LocalIndex
from vectorlog.runtime.front import Front, RequestLine
from vectorlog.sqlite.database import Database
from vectorlog.use_cases.edition import Edition
from vectorlog.views import sqlite as sqlite_views
from vectorlog.views.views import Views

STARTED_AT = 1_700_000_000_000


@dataclass
class Clock:
    """Time that tests move."""

    now: int = STARTED_AT

    def __call__(self) -> int:
        self.now += 1
        return self.now


@dataclass(frozen=True)
class OneVector:
    """An embedder to which everything means the same."""

    space: Space

    def query(self, text: str) -> Vector:
        return array("f", [1.0] + [0.0] * (self.space.dimensions - 1))

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        return [(self.query(text),) for text in texts]

    def close(self) -> None:
        pass


@dataclass
class Client:
    """Sends requests to the app, one at a time, and keeps the lines that the front logs."""

    asgi: Callable[..., Any]
    lines: list[RequestLine] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(self, method: str, path: str, **content: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.asgi)
            async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=self.headers) as client:
                return await client.request(method, path, **content)

        return asyncio.run(send())

    def get(self, path: str, **content: Any) -> httpx.Response:
        return self("GET", path, **content)

    def post(self, path: str, body: Any = None, **content: Any) -> httpx.Response:
        return self("POST", path, json=body, **content)

    def upload(self, text: str = "hello", name: str = "a.txt", purpose: str = "assistants", **content: Any) -> Any:
        answer = self("POST", "/v1/files", files={"file": (name, text.encode())}, data={"purpose": purpose}, **content)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def edition(tmp_path: Path, clock: Clock) -> Iterator[Edition]:
    log, views = SQLiteEventLog(tmp_path / "log.db"), Database(tmp_path / "views.db", sqlite_views.SCHEMA, "NORMAL")
    index = LocalIndex(tmp_path / "index.db", 1 << 20)
    random = Random(7)
    yield Edition(
        streams=Streams(log, clock, random),
        views=Views(sqlite_views.SQLiteTable(views), random),
        blobs=FolderBlobs(tmp_path / "blobs", tmp_path / "staging"),
        index=index,
        models=Models([Offer("local", "stub", 8, False, OneVector)]),
        clock=clock,
        random=random,
        inline_files=100,
    )
    index.close()
    views.close()
    log.close()


@pytest.fixture
def client(edition: Edition, tmp_path: Path) -> Iterator[Client]:
    with ThreadPoolExecutor(4) as threads:

        async def run(serve: Callable[[], Any]) -> Any:
            return await asyncio.get_running_loop().run_in_executor(threads, serve)

        resolver = app.build(
            HttpResolverLocal(), edition, authenticate=auth.open_until_first_key(edition), transport=BehindFront(), run=run
        )
        client = Client(resolver)
        client.asgi = Front(resolver, tmp_path / "spool", upload_limit=1 << 20, body_limit=1 << 20, on_request=client.lines.append)
        yield client
