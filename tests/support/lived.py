"""A deployment in which everything has happened once, and its commits in other orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import TypeVar

from tests.support.aws_bench import in_any_order
from tests.support.bench import DAY_MS, PROJECT, Bench, keyed
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.manifest import BatchItem
from vectorlog.operations.folded_log import History
from vectorlog.use_cases import file_batches, store_files, uploaded_files, vector_stores
from vectorlog.use_cases.store_files import AttachFile
from vectorlog.use_cases.vector_stores import CreateStore
from vectorlog.views import past_keys, usage_rows
from vectorlog.views.table import Key, Row, Table

T = TypeVar("T")

LATE = 3
"""How many streams arrive after all others."""


def live(bench: Bench) -> None:
    """Makes everything happen once, including the work between requests; all of it is in the log."""
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


def disordered(items: Sequence[T], draw: Random, stream: Callable[[T], str]) -> list[T]:
    """A random order that keeps the order within each stream; `LATE` streams come after all others."""
    late = draw.sample(sorted({stream(item) for item in items}), LATE)
    first = in_any_order([item for item in items if stream(item) not in late], draw, stream)
    return first + in_any_order([item for item in items if stream(item) in late], draw, stream)


def lasting(table: Table, history: History) -> Mapping[Key, Row]:
    """The rows that last once all work is done, as the table has them now, without counts that are 0.

    The changes that waited for a store's owner are left out: they are counted in the usage's rows once the store's row
    is written, and stay in its counts as a trace of the order (`usage_rows.PENDING`, `verify._counts`).
    """
    found = (
        replace(row, counts={name: n for name, n in row.counts.items() if n and not _waited(name)})
        for row in table.scan()
    )
    return {row.key: row for row in found if row.key in history.rows and (row.version >= 0 or row.counts)}


def before_the_work(rows: Mapping[Key, Row], history: History) -> Mapping[Key, Row]:
    """Those of the rows that do not depend on the work: what a deleted store had is listed by its purge, and for
    commits that arrive after the delete by their projection (`views/past.py`).
    """
    purged = {past_keys.past(store) for store, state in history.stores.items() if state.deleted}
    return {key: row for key, row in rows.items() if key.pk not in purged}


def _waited(count: str) -> bool:
    return count.partition(":")[0] == usage_rows.PENDING
