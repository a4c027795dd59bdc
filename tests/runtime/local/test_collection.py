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
from vectorlog.runtime.local import checkpoint, engine, uptime
from vectorlog.runtime.local.checkpoint import Checkpoint
from vectorlog.runtime.local.engine import Engine, Ingesters, Queues
from vectorlog.runtime.local.uptime import Uptime
from vectorlog.work.sqlite import SQLiteQueue


def test_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A running server deletes bytes that no commit needs and that are older than a day, and no other ones."""
    monkeypatch.setattr(engine, "FIRST_COLLECTION_S", 0.0)
    bench = Bench(tmp_path, index=DictIndex())
    bench.clock.now = time.time_ns() // 1_000_000
    for schema in (*checkpoint.SCHEMA, *uptime.SCHEMA):
        bench.derived.write(lambda connection, each=schema: connection.execute(each).rowcount)  # type: ignore[misc]  # the loop's value
    kept = bench.upload("alpha")
    bench.blobs.put([("files/file-lost/0", b"lost")])
    long_ago = time.time() - leftovers.SAFE_AGE_MS / 1000 - 60
    for key in bench.blobs.list(""):
        os.utime(tmp_path / "blobs" / key, (long_ago, long_ago))
    ingester = Ingester(bench.deployment, StubReader(), Inline())
    running = Engine(
        bench.deployment,
        feed=bench.log,
        checkpoint=Checkpoint(bench.derived, "projector"),
        uptime=Uptime(bench.derived, bench.clock),
        queues=Queues(bench.pump.work, bench.pump.embed, SQLiteQueue(bench.derived, "slow", bench.clock)),
        ingesters=Ingesters(ingester, ingester, ingester),
    )
    running.start()
    until(lambda: bench.blobs.size("files/file-lost/0") is None or None, "the bytes are deleted")
    assert running.stop(5.0)
    assert [key.split("/")[1] for key in bench.blobs.list("")] == [kept]
    bench.close()
