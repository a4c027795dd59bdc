"""A real edition on SQLite and folders, without workers, and a client that talks to it through the front."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import HttpResolverLocal

from tests.api.client import Client, Clock, OneVector
from vectorlog.api import app, auth
from vectorlog.api.transport import BehindFront
from vectorlog.deployment import Deployment
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.event_log.streams import Streams
from vectorlog.files.folder import FolderBlobs
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.runtime.local.front import Front
from vectorlog.sqlite.database import Database
from vectorlog.views import sqlite as sqlite_views
from vectorlog.views.views import Views


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def deployment(tmp_path: Path, clock: Clock) -> Iterator[Deployment]:
    log, views = SQLiteEventLog(tmp_path / "log.db"), Database(tmp_path / "views.db", sqlite_views.SCHEMA, "NORMAL")
    index = LocalIndex(tmp_path / "index.db", 1 << 20)
    random = Random(7)
    yield Deployment(
        streams=Streams(log, clock, random),
        views=Views(sqlite_views.SQLiteTable(views)),
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
def client(deployment: Deployment, tmp_path: Path) -> Iterator[Client]:
    with ThreadPoolExecutor(4) as threads:

        async def run(serve: Callable[[], Any]) -> Any:
            return await asyncio.get_running_loop().run_in_executor(threads, serve)

        resolver = app.build(
            HttpResolverLocal(),
            deployment,
            authenticate=auth.open_until_first_key(deployment),
            transport=BehindFront(),
            run=run,
        )
        client = Client(resolver)
        client.asgi = Front(
            resolver, tmp_path / "spool", upload_limit=1 << 20, body_limit=1 << 20, on_request=client.lines.append
        )
        yield client
