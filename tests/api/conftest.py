"""A real edition on SQLite and folders, without workers, and a client that talks to it over ASGI."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from tests.api.client import Client, Clock, OneVector
from vectorlog.api import auth
from vectorlog.api.app import App
from vectorlog.defaults import LOCAL_UPLOADS
from vectorlog.deployment import Deployment
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.event_log.streams import Streams
from vectorlog.files.folder import FolderBlobs
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.runtime.local.http import asgi_app
from vectorlog.runtime.local.request_log import RequestLine
from vectorlog.runtime.local.server import send_blob
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
        upload_limits=LOCAL_UPLOADS._replace(file=1 << 20),
    )
    index.close()
    views.close()
    log.close()


@pytest.fixture
def client(deployment: Deployment, tmp_path: Path) -> Iterator[Client]:
    with ThreadPoolExecutor(4) as threads:
        app = App(deployment, auth.open_until_first_key(deployment), send_blob)
        lines: list[RequestLine] = []
        asgi = asgi_app(
            app.admit,
            threads,
            tmp_path / "spool",
            body_limit=1 << 20,
            on_request=lines.append,
        )
        yield Client(asgi, lines)
