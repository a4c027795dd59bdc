"""Which rows are prepared for many writers, and when that ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.support.bench import PROJECT, Bench
from tests.support.spread_table import Service, process
from vectorlog.domain import file_batch
from vectorlog.event_log.codec import FILE_BATCH
from vectorlog.event_log.decision import AnyDecision
from vectorlog.use_cases import vector_stores
from vectorlog.views import busy_rows, keys, usage_keys
from vectorlog.views.dynamodb import DynamoDBTable
from vectorlog.views.memory import MemoryTable
from vectorlog.views.table import Key, Row
from vectorlog.views.views import Views

MANY = 4


class Told(MemoryTable):
    """Rows in memory, with what the table was told."""

    def __init__(self) -> None:
        super().__init__()
        self.spreads: list[Key] = []
        self.gathered: list[tuple[Key, bool]] = []

    def spread(self, keys: Sequence[Key]) -> None:
        self.spreads += keys

    def gather(self, key: Key, quiet: Callable[[Row], bool]) -> None:
        self.gathered.append((key, quiet(self.get([key])[key])))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(busy_rows, "MANY", MANY)
    with closing(Bench(tmp_path, inline_files=0)) as made:
        yield made


def make_batch(bench: Bench, store: str, count: int) -> str:
    return bench.batch(store, [bench.upload(f"text {number} of {count}") for number in range(count)]).id


def end(bench: Bench, batch: str) -> None:
    """Has all files ingested, and records that the batch has ended."""
    bench.pump.settle()
    ended = partial(file_batch.end, at=bench.clock(), completed=MANY, failed=0, cancelled=0)
    bench.deployment.streams.decide(FILE_BATCH, batch, ended)


def decisions(bench: Bench) -> list[AnyDecision]:
    return [bench.deployment.streams.decode(commit) for commit in bench.log.scan()]


def test_large_batch(bench: Bench) -> None:
    """The rows to which the files of a large batch will add are prepared: the batch's, its store's, and the usage of
    the store's owner. A small batch prepares none.
    """
    store, table = bench.store(), Told()
    make_batch(bench, store, MANY - 1)
    large = make_batch(bench, store, MANY)
    views = Views(table)
    views.apply(decisions(bench))
    views.prepare(decisions(bench))
    own, shared, *usage = table.spreads
    assert (own, shared) == (keys.batch(large), keys.store(store))
    assert [usage_keys.is_usage(key) for key in usage] == [True]
    bench.pump.settle()
    views.apply(decisions(bench))
    assert usage[0] in table.get(usage)


def test_before_its_store(bench: Bench) -> None:
    """A batch that is projected before its store prepares its own row alone."""
    store, table = bench.store(), Told()
    large = make_batch(bench, store, MANY)
    views, alone = Views(table), [each for each in decisions(bench) if each.stream == large]
    views.apply(alone)
    views.prepare(alone)
    assert table.spreads == [keys.batch(large)]


def test_quiet(bench: Bench) -> None:
    """After a batch has ended, and after a commit of the store itself, the store's row is gathered once nothing in the
    store is in progress.
    """
    store, table = bench.store(), Told()
    large = make_batch(bench, store, MANY)
    vector_stores.modify(bench.deployment, PROJECT, store, lambda _: ("new", {}, None))
    views = Views(table)
    views.apply(decisions(bench))
    views.prepare(decisions(bench))
    assert table.gathered == [(keys.store(store), False)]
    end(bench, large)
    table.gathered.clear()
    views.apply(decisions(bench))
    views.prepare(decisions(bench))
    assert table.gathered == [(keys.store(store), True)]


def test_whole_life(bench: Bench) -> None:
    """Over DynamoDB's rules, a large batch's counts are right before, during and after, and no counter is left."""
    service = Service()
    table: DynamoDBTable = process(service)
    views, store = Views(table), bench.store()
    large, seen = make_batch(bench, store, MANY), 0
    for _ in range(2):
        for decision in decisions(bench)[seen:]:
            views.apply([decision])
            views.prepare([decision])
            assert views.store_counts(store).total in (0, MANY)
        seen = len(decisions(bench))
        end(bench, large)
    assert any(pk.startswith("COUNTERS#VS#") for pk, _ in service.added)
    assert (views.store_counts(store).completed, views.batch_counts(large, MANY).completed) == (MANY, MANY)
    assert [pk for pk in service.partitions("views") if pk.startswith(("COUNTERS#VS#", "COUNTERS#VSFB#"))] == []
    table.close()
