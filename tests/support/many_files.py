"""A deployment's log and artefacts with many completed files, made without requests."""

from __future__ import annotations

import hashlib
import tempfile
from array import array
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

from tests.support.pump import START_MS, Clock
from vectorlog.domain import store_file, uploaded_file, vector_store
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.ids import make, store_file_stream
from vectorlog.domain.location import Location
from vectorlog.domain.store_file import SINGLE, Attach, Ingested, Placement
from vectorlog.domain.tenancy import Owner
from vectorlog.event_log.codec import STORE_FILE, UPLOADED_FILE, VECTOR_STORE
from vectorlog.event_log.event_log import EventLog
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.event_log.streams import Plan, Streams
from vectorlog.files import artefact
from vectorlog.files.artefact import Details
from vectorlog.files.blobs import Blobs

MODEL, DIMENSIONS = "stub:words", 16
TEXT = b"alpha beta gamma"
OWNER = Owner("acme")
_TOGETHER = 500


def fill(log: EventLog, blobs: Blobs, files: int, stores: int, *, uploads: bool = True) -> list[tuple[str, str]]:
    """Writes completed files of one chunk, spread over stores, with their uploads' bytes if `uploads`; returns the
    stores and files.
    """
    draw = Random(0)
    ids = [make("vs", draw.randbytes(16)) for _ in range(stores)]
    made = [(ids[number % stores], make("file", draw.randbytes(16))) for number in range(files)]
    with tempfile.TemporaryDirectory() as folder, closing(SQLiteEventLog(Path(folder) / "log.db")) as own:
        _decide(Streams(own, Clock(), draw), ids, made)
        commits = list(own.scan())
    for start in range(0, len(commits), _TOGETHER):
        log.append(commits[start : start + _TOGETHER])
    for start in range(0, files, _TOGETHER):
        page = made[start : start + _TOGETHER]
        blobs.put([item for store, file in page for item in _artefact(store, file)])
        if uploads:
            blobs.put([(f"files/{file}/{_sha256()}", TEXT) for _, file in page])
    return made


def _decide(streams: Streams, stores: Sequence[str], files: Sequence[tuple[str, str]]) -> None:
    at, size = START_MS, len(TEXT)
    uploaded = uploaded_file.FileUploaded(at, OWNER, "handbook.txt", "assistants", size, _sha256(), "text/plain")
    created = vector_store.VectorStoreCreated(at, OWNER, MODEL, DIMENSIONS)
    ingested = Ingested(at, generation=1, chunks=1, usage_bytes=size, pages=0, revision=1)

    def attach(number: int) -> Attach:
        return Attach(at, at, SINGLE, Placement(at + number), "handbook.txt", _sha256(), {}, AUTO)

    in_store = [store_file_stream(store, file) for store, file in files]
    attached = [attach(number) for number in range(len(files))]
    stages: list[list[Plan[Any, Any]]] = [
        [Plan(VECTOR_STORE, store, lambda state: vector_store.create(state, created)) for store in stores],
        [Plan(UPLOADED_FILE, file, lambda state: uploaded_file.upload(state, uploaded)) for _, file in files],
        [
            Plan(STORE_FILE, stream, lambda state, each=each: store_file.attach(state, each))  # type: ignore[misc]
            for stream, each in zip(in_store, attached, strict=True)
        ],
        [Plan(STORE_FILE, stream, lambda state: store_file.chunked(state, 1, 1)) for stream in in_store],
        [Plan(STORE_FILE, stream, lambda state: store_file.ingested(state, ingested)) for stream in in_store],
    ]
    for stage in stages:
        for start in range(0, len(stage), _TOGETHER):
            streams.decide_all(stage[start : start + _TOGETHER])


def _artefact(store: str, file: str) -> list[tuple[str, bytes]]:
    size = len(TEXT)
    vector = array("f", [1.0] + [0.0] * (DIMENSIONS - 1))
    details = Details([3], [Location(0, size)], (0, size))
    return [
        artefact.text_item(store, file, 1, TEXT.decode()),
        artefact.part_item(store, file, 1, 0, [(0, size)], [(vector,)], details),
    ]


def _sha256() -> str:
    return hashlib.sha256(TEXT).hexdigest()
