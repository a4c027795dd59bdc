"""Commits of many stores that are projected side by side: rows, conflicts, closed stores and failures."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.support.bench import Bench, DictIndex
from tests.support.lived import before_the_work, disordered, lasting, live
from vectorlog.domain import store_file, vector_store
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.store_file import Ingested
from vectorlog.event_log.codec import STORE_FILE, VECTOR_STORE
from vectorlog.event_log.decision import AnyDecision
from vectorlog.operations import folded_log
from vectorlog.views.memory import MemoryTable
from vectorlog.views.table import Key, Row, RowConflict, Write
from vectorlog.views.views import Views

STORES = 12
SIZE = 9
ORDERS = 10


class Counted(MemoryTable):
    """Rows in memory, one call at a time, with the transactions that were made. `failing` refuses writes that hold one
    of its keys with an error; `rivals` transactions find that another writer was first.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self.reads: list[Sequence[Key]] = []
        self.transactions: list[Sequence[Write]] = []
        self.failing: set[Key] = set()
        self.rivals = 0

    def get(self, keys: Sequence[Key]) -> dict[Key, Row]:
        with self._lock:
            self.reads.append(keys)
            return super().get(keys)

    def write(self, writes: Sequence[Write]) -> None:
        with self._lock:
            if self.failing & {write.key for write in writes}:
                raise OSError("stub: this row cannot be written")
            if self.rivals:
                self.rivals -= 1
                raise RowConflict("somebody else was first")
            super().write(writes)
            self.transactions.append(writes)


class Ended:
    """Files of several stores of one project that have just been ingested: everything else is projected."""

    def __init__(self, bench: Bench, table: Counted) -> None:
        self.bench, self.table = bench, table
        self.stores = [bench.store() for _ in range(STORES)]
        self.files = [bench.upload(f"text {number}") for number in range(STORES)]
        for store, file in zip(self.stores, self.files, strict=True):
            bench.attach(store, file)
        Views(table).apply(self.decisions())
        ingested = Ingested(bench.clock(), generation=1, chunks=1, usage_bytes=SIZE, pages=0, revision=1)
        self.ended: list[AnyDecision] = []
        for store, file in zip(self.stores, self.files, strict=True):
            decide = lambda state: store_file.ingested(state, ingested)  # noqa: E731
            decision = bench.deployment.streams.decide(STORE_FILE, store_file_stream(store, file), decide).decision
            assert decision is not None
            self.ended.append(decision)
        self.table.reads.clear()
        self.table.transactions.clear()

    def decisions(self) -> list[AnyDecision]:
        return [self.bench.deployment.streams.decode(commit) for commit in self.bench.log.scan()]

    def usage(self) -> int:
        """The bytes that the rows of usage count."""
        rows = (row for row in self.table.scan() if row.key.pk.startswith("USAGE#") and row.key.sk.startswith("stores"))
        return sum(sum(row.counts.values()) for row in rows)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as made:
        yield made


@pytest.fixture
def ended(tmp_path: Path) -> Iterator[Ended]:
    bench = Bench(tmp_path, index=DictIndex())
    yield Ended(bench, Counted())
    bench.close()


def test_few_transactions(ended: Ended, pool: ThreadPoolExecutor) -> None:
    """All rows are read at once. Stores that share a row of usage share a transaction, and no two transactions have a
    row in common, so that none can refuse another.
    """
    views = Views(ended.table, pool=pool)
    views.apply(ended.ended)
    assert len(ended.table.reads) == 1
    written = [key for writes in ended.table.transactions for key in {write.key for write in writes}]
    assert len(written) == len(set(written))
    assert len(ended.table.transactions) <= 8
    assert [views.store_counts(store).completed for store in ended.stores] == [1] * STORES
    assert ended.usage() == STORES * SIZE
    views.apply(ended.ended)
    assert len(ended.table.reads) == 2 + STORES  # of the counts
    assert ended.usage() == STORES * SIZE


@pytest.mark.parametrize("rivals", [1, 3, 20])
def test_another_writer_was_first(ended: Ended, pool: ThreadPoolExecutor, rivals: int) -> None:
    """Stores whose transaction was refused are projected alone, and each is counted once."""
    views = Views(ended.table, pool=pool)
    ended.table.rivals = rivals
    views.apply(ended.ended)
    assert [views.store_counts(store).completed for store in ended.stores] == [1] * STORES
    assert ended.usage() == STORES * SIZE


def test_a_store_was_deleted(ended: Ended, pool: ThreadPoolExecutor) -> None:
    """A deleted store among the others does not keep them from being counted, and counts nothing itself."""
    streams, views = ended.bench.deployment.streams, Views(ended.table, pool=pool)
    store = ended.stores[4]
    now = ended.bench.clock()
    deleted = streams.decide(VECTOR_STORE, store, lambda state: vector_store.delete(state, now)).decision
    assert deleted is not None
    views.apply([deleted])
    views.apply(ended.ended)
    others = [each for each in ended.stores if each != store]
    assert [views.store_counts(each).completed for each in others] == [1] * len(others)
    assert views.store_counts(store).completed == 0
    assert ended.usage() == len(others) * SIZE


def test_one_fails(ended: Ended, pool: ThreadPoolExecutor) -> None:
    """If a store cannot be projected, those that share no row with it are, and the error is raised when all have
    ended.
    """
    views = Views(ended.table, pool=pool)

    broken = next(
        row.key for row in ended.table.scan() if ended.stores[0] in row.key.pk and row.counts.get("in_progress")
    )
    ended.table.failing = {broken}
    with pytest.raises(OSError, match="cannot be written"):
        views.apply(ended.ended)
    done = [views.store_counts(store).completed for store in ended.stores]
    assert done[0] == 0
    assert sum(done) >= 1
    ended.table.failing = set()
    views.apply(ended.ended)
    assert [views.store_counts(store).completed for store in ended.stores] == [1] * STORES
    assert ended.usage() == STORES * SIZE


def test_any_order(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    """Side by side, commits give the rows of plain projection, in whatever order their streams arrive, twice each."""
    bench = Bench(tmp_path, inline_files=0)
    with closing(bench):
        live(bench)
        history = folded_log.read(bench.deployment)
        decisions = [bench.deployment.streams.decode(commit) for commit in bench.log.scan()]
    plain = Counted()
    Views(plain).apply(decisions)
    expected = before_the_work(lasting(plain, history), history)
    for seed in range(ORDERS):
        draw, table = Random(seed), Counted()
        views = Views(table, pool=pool)
        order = [each for _ in range(2) for each in disordered(decisions, draw, lambda each: each.stream)]
        while order:
            size = draw.choice((1, 3, 10, 100))
            views.apply(order[:size])
            order = order[size:]
        assert before_the_work(lasting(table, history), history) == expected, f"seed {seed}"


@pytest.mark.long
def test_a_hot_store(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    """Many files of one store take as few transactions as fit them, one after the other, and no read in between."""
    bench, table = Bench(tmp_path, index=DictIndex()), Counted()
    with closing(bench):
        store = bench.store()
        for number in range(120):
            bench.attach(store, bench.upload(f"text {number}"))
        Views(table).apply([bench.deployment.streams.decode(commit) for commit in bench.log.scan()])
        ingested = Ingested(bench.clock(), generation=1, chunks=1, usage_bytes=SIZE, pages=0, revision=1)
        streams = [commit.stream for commit in bench.log.scan() if "/" in commit.stream]
        decide = lambda state: store_file.ingested(state, ingested)  # noqa: E731
        decisions = [bench.deployment.streams.decide(STORE_FILE, stream, decide).decision for stream in streams]
    table.reads.clear()
    table.transactions.clear()
    views = Views(table, pool=pool)
    views.apply([decision for decision in decisions if decision])
    assert len(table.reads) == 1
    assert len(table.transactions) == 2
    assert views.store_counts(store).completed == 120
