"""The local engine's pass over the blobs."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.live.live_server import until
from tests.support.bench import Bench, DictIndex
from tests.support.stubs import Inline, StubReader
from vectorlog.ingest.ingester import Ingester
from vectorlog.reactions import leftovers
from vectorlog.runtime.local import checkpoint, engine
from vectorlog.runtime.local.checkpoint import Checkpoint
from vectorlog.runtime.local.engine import Engine


def test_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A running server deletes bytes that no commit needs and that are older than a day, and no other ones."""
    monkeypatch.setattr(engine, "FIRST_COLLECTION_S", 0.0)
    bench = Bench(tmp_path, index=DictIndex())
    bench.clock.now = time.time_ns() // 1_000_000
    [schema] = checkpoint.SCHEMA
    bench.derived.write(lambda connection: connection.execute(schema).rowcount)
    kept = bench.upload("alpha")
    bench.blobs.put([("files/file-lost/0", b"lost")])
    long_ago = time.time() - leftovers.SAFE_AGE_MS / 1000 - 60
    for key in bench.blobs.list(""):
        os.utime(tmp_path / "blobs" / key, (long_ago, long_ago))
    running = Engine(
        bench.deployment,
        feed=bench.log,
        checkpoint=Checkpoint(bench.derived, "projector"),
        work=bench.pump.work,
        embed=bench.pump.embed,
        ingest=Ingester(bench.deployment, StubReader(), Inline()),
    )
    running.start()
    until(lambda: bench.blobs.size("files/file-lost/0") is None or None, "the bytes are deleted")
    assert running.stop(5.0)
    assert [key.split("/")[1] for key in bench.blobs.list("")] == [kept]
    bench.close()
