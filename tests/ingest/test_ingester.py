"""What an ingest does to a file that has moved on since its message was sent."""

from __future__ import annotations

import pytest

from tests.support.bench import PROJECT, Bench
from vectorlog.domain.chunking import Chunking
from vectorlog.files import artefact
from vectorlog.index.chunk_index import FileChunks
from vectorlog.use_cases import store_files
from vectorlog.use_cases.store_files import AttachFile
from vectorlog.work.messages import Ingest, outgoing


def test_late_message_of_what_serves(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a file is ingested again with other settings, a late delivery of the earlier message leaves the chunks that
    serve as they are.
    """
    store, file = bench.store(), bench.upload("alpha beta\ngamma")
    bench.attach(store, file)
    bench.pump.settle()
    before = [chunk for part in artefact.read_parts(bench.blobs, store, file, 1) for chunk in part]
    again = AttachFile(file, {"n": 1}, Chunking("static", 100, 0))
    store_files.attach(bench.deployment, PROJECT, store, again)
    added: list[FileChunks] = []
    monkeypatch.setattr(bench.index, "add", lambda _, files: added.extend(files))
    bench.pump.embed.send([outgoing(Ingest(store, file, 1), store)])
    assert bench.pump.ingest_some()
    assert added == []
    assert [chunk for part in artefact.read_parts(bench.blobs, store, file, 1) for chunk in part] == before
