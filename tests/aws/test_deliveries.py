"""Stream records that arrive late, twice and in other orders, at the real projector on DynamoDB's adapters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from local_aws.payloads import Json
from local_aws.servers import Servers
from tests.support import dynamodb_local
from tests.support.aws_bench import AwsBench, in_any_order
from tests.support.bench import DAY_MS, PROJECT, keyed
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.manifest import BatchItem
from vectorlog.operations import folded_log
from vectorlog.operations.verify import differences
from vectorlog.runtime.aws import once, tables
from vectorlog.use_cases import file_batches, store_files, uploaded_files, vector_stores
from vectorlog.use_cases.store_files import AttachFile
from vectorlog.use_cases.vector_stores import CreateStore
from vectorlog.views.table import Key, Row

pytestmark = pytest.mark.aws

ORDERS = 3
TIMES = 2
"""The least number of deliveries of each record."""


def lived(bench: AwsBench) -> None:
    """A deployment in which everything has happened once, including the work between requests; all of it is in the
    log.
    """
    deployment, pump, clock = bench.deployment, bench.pump, bench.clock
    texts = ("alpha beta\ngamma", "alpha", "damaged", "gamma\nalpha", "beta")
    files = [bench.upload(text, keyed(f"u{place}", ""), name=f"{place}.txt") for place, text in enumerate(texts)]
    every = [BatchItem(file) for file in files]
    store = vector_stores.create(deployment, PROJECT, CreateStore(files=tuple(every[:3]))).id
    other, third = bench.store(), bench.store()
    bench.attach(store, files[3], n=1)
    bench.batch(other, files)
    pump.settle()
    clock.advance(61_000)
    store_files.change_attributes(deployment, PROJECT, store, files[1], {"n": 2})
    store_files.attach(deployment, PROJECT, store, AttachFile(files[0], {"n": 3}, AUTO))
    again = bench.batch(store, files, n=4)
    pump.project()
    file_batches.cancel(deployment, PROJECT, store, again.id)
    bench.batch(third, files[:4])
    pump.settle()
    clock.advance(1)
    store_files.detach(deployment, PROJECT, store, files[3])
    uploaded_files.delete(deployment, PROJECT, files[1])
    vector_stores.delete(deployment, PROJECT, third)
    pump.settle()
    bench.attach(store, files[3], n=5)
    for _ in range(2):
        pump.settle()
        clock.advance(DAY_MS)
    assert pump.work.depth() == pump.embed.depth() == 0


def rows(bench: AwsBench) -> Mapping[Key, Row]:
    """The rows that stay: leftovers of a deleted store and of batches that reached all their files go with the
    messages.
    """
    staying = folded_log.read(bench.deployment).rows
    found = (
        replace(row, counts={name: n for name, n in row.counts.items() if n})
        for row in bench.deployment.views.table.scan()
    )
    return {row.key: row for row in found if row.key in staying}


def deliver(bench: AwsBench, draw: Random | None) -> tuple[Mapping[Key, Row], set[str]]:
    """Projects all records into an empty table, and takes the messages; returns the rows and the messages."""
    records, pump = bench.pump.records, bench.pump
    order = list(records)
    if draw is not None:
        order = []
        for _ in range(TIMES):
            late = draw.sample(sorted({_stream(record) for record in records}), 3)
            order += in_any_order([record for record in records if _stream(record) not in late], draw, _stream)
            order += in_any_order([record for record in records if _stream(record) in late], draw, _stream)
    while order:
        size = draw.choice((1, 3, 10, 100)) if draw else 100
        page, order = order[:size], order[size:]
        pump.deliver(page)
        if draw and draw.random() < 0.3:  # the answer was lost: the shard delivers the batch again
            pump.deliver(page)
    sent = {json.dumps(json.loads(body), sort_keys=True) for body in (*pump.work.bodies(), *pump.embed.bodies())}
    return rows(bench), sent


def _stream(record: Json) -> str:
    return str(record["dynamodb"]["Keys"]["pk"]["S"])


@pytest.fixture
def bench(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsBench]:
    made = AwsBench(servers, tmp_path / "bench", monkeypatch)
    yield made
    made.close()


def test_any_order(bench: AwsBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """However late, however often and in whatever order of streams the records of a stream arrive, rows, counts and
    messages are those of plain delivery. Doing all messages once more appends nothing, removes nothing, and leaves no
    difference.
    """
    lived(bench)
    commits = sorted(bench.log.scan(), key=lambda commit: (commit.stream, commit.version))
    blobs, plain = sorted(bench.blobs.list("")), None
    assert len(bench.pump.records) == len(commits)
    for seed in range(-1, ORDERS):
        with dynamodb_local.table(tables.views) as views:
            monkeypatch.setenv("VECTORLOG_VIEWS_TABLE", views)
            once.forget()
            found = deliver(bench, Random(seed) if seed >= 0 else None)
            plain = plain or found
            assert found == plain, f"seed {seed}"
            for _ in range(2):
                bench.pump.settle()
                bench.clock.advance(DAY_MS)
            assert sorted(differences(bench.deployment, folded_log.read(bench.deployment))) == [], f"seed {seed}"
            assert sorted(bench.log.scan(), key=lambda commit: (commit.stream, commit.version)) == commits, (
                f"seed {seed}"
            )
            assert sorted(bench.blobs.list("")) == blobs, f"seed {seed}"
            assert bench.pump.work.depth() == bench.pump.embed.depth() == 0
