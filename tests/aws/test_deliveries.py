"""Stream records that arrive late, twice and in other orders, at the real projector on DynamoDB's adapters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

import pytest

from local_aws.payloads import Json
from local_aws.servers import Servers
from tests.support import dynamodb_local
from tests.support.aws_bench import AwsBench
from tests.support.bench import DAY_MS
from tests.support.lived import before_the_work, disordered, lasting, live
from vectorlog.operations import folded_log
from vectorlog.operations.verify import differences
from vectorlog.runtime.aws import once, tables
from vectorlog.views.table import Key, Row

pytestmark = pytest.mark.aws

ORDERS = 3
TIMES = 2
"""The least number of deliveries of each record."""


def deliver(bench: AwsBench, draw: Random | None) -> set[str]:
    """Projects all records into an empty table; returns the messages that this sends."""
    pump = bench.pump
    order = list(pump.records)
    if draw is not None:
        order = [record for _ in range(TIMES) for record in disordered(pump.records, draw, _stream)]
    while order:
        size = draw.choice((1, 3, 10, 100)) if draw else 100
        page, order = order[:size], order[size:]
        pump.deliver(page)
        if draw and draw.random() < 0.3:  # the answer was lost: the shard delivers the batch again
            pump.deliver(page)
    return {json.dumps(json.loads(body), sort_keys=True) for body in (*pump.work.bodies(), *pump.embed.bodies())}


def _stream(record: Json) -> str:
    return str(record["dynamodb"]["Keys"]["pk"]["S"])


@pytest.fixture
def bench(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsBench]:
    made = AwsBench(servers, tmp_path / "bench", monkeypatch)
    yield made
    made.close()


def test_any_order(bench: AwsBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """However late, however often and in whatever order of streams the records of a stream arrive, rows, counts and
    messages are those of plain delivery. Doing all messages once more appends nothing, removes nothing, leaves all rows
    as they are after plain delivery, and leaves no difference.
    """
    live(bench)
    commits = sorted(bench.log.scan(), key=lambda commit: (commit.stream, commit.version))
    blobs, history = sorted(bench.blobs.list("")), folded_log.read(bench.deployment)
    plain: list[tuple[Mapping[Key, Row], set[str], Mapping[Key, Row]]] = []
    assert len(bench.pump.records) == len(commits)
    for seed in range(-1, ORDERS):
        with dynamodb_local.table(tables.views) as views:
            monkeypatch.setenv("VECTORLOG_VIEWS_TABLE", views)
            once.forget()
            sent = deliver(bench, Random(seed) if seed >= 0 else None)
            projected = before_the_work(lasting(bench.deployment.views.table, history), history)
            for _ in range(2):
                bench.pump.settle()
                bench.clock.advance(DAY_MS)
            plain.append((projected, sent, lasting(bench.deployment.views.table, history)))
            assert plain[-1] == plain[0], f"seed {seed}"
            assert plain[-1][2].keys() >= {key for key, row in history.rows.items() if row.version >= 0}
            assert sorted(differences(bench.deployment, history)) == [], f"seed {seed}"
            assert sorted(bench.log.scan(), key=lambda commit: (commit.stream, commit.version)) == commits, (
                f"seed {seed}"
            )
            assert sorted(bench.blobs.list("")) == blobs, f"seed {seed}"
            assert bench.pump.work.depth() == bench.pump.embed.depth() == 0
