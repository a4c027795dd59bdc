"""A second views table, as on AWS: written by all, filled from the log, read, the first one dropped; each while
everything continues.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.support.bench import DAY_MS, PROJECT, Bench, Lost
from tests.support.faults import Fragile
from tests.support.history import History
from tests.support.waits import no_waits
from vectorlog.deployment import one_by_one
from vectorlog.event_log.event_log import Commit
from vectorlog.operations import progress
from vectorlog.operations.lasting_tombstones import lasting
from vectorlog.operations.rebuild_views import Projection
from vectorlog.operations.verify import UnderWay, verify
from vectorlog.sqlite.database import Database
from vectorlog.use_cases import store_files, uploaded_files, vector_stores
from vectorlog.views.sqlite import SCHEMA, SQLiteTable
from vectorlog.views.views import Views


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large count of steps, so that much can happen between them."""
    monkeypatch.setattr(progress, "PAGE", 3)


class Second:
    """The second table of a bench."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.database = Database(bench.folder / "second.db", SCHEMA, synchronous="NORMAL")
        self.table = SQLiteTable(self.database)
        self.views = bench.deployment.views
        self.first = self.views.table
        self.written = cast(Any, Fragile(self.table, {"write"}, bench.faults))

    def write_both(self) -> None:
        self.views.tables = (self.first, self.written)

    def read_second(self) -> None:
        self.views.table = self.written
        self.views.tables = (self.written, self.first)

    def drop_first(self) -> None:
        self.views.tables = (self.written,)

    def fill(self, step: Callable[[], object], dies_after: int | None = None) -> None:
        """Fills the second table as `runtime/aws/rebuild_views.py` does: a scan returns what is in the log when it
        begins, by stream.
        """

        def scanned() -> Iterator[Commit]:
            for place, commit in enumerate(sorted(self.bench.log.scan(), key=lambda each: (each.stream, each.version))):
                if place == dies_after:
                    raise Lost(f"after {place}")
                step()
                yield commit

        fresh = Views(lasting(self.table, self.bench.clock), no_waits())
        projection = Projection(self.bench.deployment.streams, one_by_one)
        projection.take(scanned(), fresh)
        projection.apply_work(fresh)


@pytest.mark.parametrize("seed", range(2000, 2005))
def test_beside_everything(seed: int, tmp_path: Path) -> None:
    """Whatever is requested and whatever dies before, between and after the steps: at every one counts add up, created
    things exist and deleted ones do not; and in the end the second table holds what the log says.
    """
    story = History(tmp_path, seed)
    for _ in range(50):
        story.step()
    second = Second(story.bench)

    def some(number: int = 1) -> None:
        for _ in range(number):
            story.step()
            story.check()

    def now_and_then() -> None:
        if story.draw.random() < 0.3:
            some()

    second.write_both()
    some(8)
    with pytest.raises(Lost):
        second.fill(now_and_then, dies_after=story.draw.randrange(len(story.bench.log.after(0, 10_000))))
    some(3)
    second.fill(now_and_then)
    some(8)
    second.read_second()
    some(8)
    second.drop_first()
    some(8)
    first, story.bench.derived = story.bench.derived, second.database
    story.finish()
    first.close()
    story.bench.close()


def test_work_that_ends_after_the_fill(bench: Bench) -> None:
    """A batch that reaches its files, and a store that is purged, after the second table was filled and before it is
    read, leave nothing behind there either.
    """
    object.__setattr__(bench.deployment, "inline_files", 0)
    store, gone = bench.store(), bench.store()
    files = [bench.upload(f"alpha {number}") for number in range(3)]
    bench.attach(gone, files[0])
    bench.pump.settle()
    bench.batch(store, files)
    second = Second(bench)
    second.write_both()
    second.fill(lambda: None)
    vector_stores.delete(bench.deployment, PROJECT, gone)
    bench.pump.settle()
    second.read_second()
    assert bench.deployment.views.open_batches(store) == {}
    assert verify(bench.deployment, lambda: UnderWay(0, 0), lambda: None).differing == ()
    second.database.close()


@pytest.mark.parametrize("dies_after", [None, *range(1, 18, 4)])
def test_tombstones_that_vanish(bench: Bench, dies_after: int | None) -> None:
    """DynamoDB removes a tombstone as soon as its time is over: nothing that was deleted comes back by that, or counts
    again.
    """
    store, gone = bench.store(), bench.store()
    files = [bench.upload(f"alpha {number}") for number in range(3)]
    bench.batch(store, files)
    bench.attach(gone, files[0])
    bench.pump.settle()
    store_files.detach(bench.deployment, PROJECT, store, files[0])
    uploaded_files.delete(bench.deployment, PROJECT, files[1])
    vector_stores.delete(bench.deployment, PROJECT, gone)
    bench.pump.settle()
    bench.clock.advance(9 * DAY_MS)
    bench.pump.settle()
    second = Second(bench)
    second.write_both()

    def take_away() -> None:
        second.table.due(bench.clock())

    if dies_after is not None:
        with pytest.raises(Lost):
            second.fill(take_away, dies_after)
    second.fill(take_away)
    take_away()
    second.read_second()
    assert verify(bench.deployment, lambda: UnderWay(0, 0), lambda: None).differing == ()
    assert bench.find(store, "alpha") == [files[2]]
    second.database.close()
