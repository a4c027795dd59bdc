"""The steps of a fan-out and of a cancel, at the boundaries between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.support.bench import PROJECT, Bench, DictIndex
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.store_file import FileAttached
from vectorlog.event_log.codec import STORE_FILE
from vectorlog.event_log.event_log import Commit, EventLog
from vectorlog.use_cases import fan_out, file_batches, open_batches, store_files, uploaded_files
from vectorlog.use_cases.fan_out import STEP
from vectorlog.use_cases.pages import PageRequest
from vectorlog.views.counts import Counts

SIZES = (1, STEP, STEP + 1, 2 * STEP + 1)


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Bench]:
    """A deployment that leaves every fan-out to workers."""
    made = Bench(tmp_path, index=DictIndex(), inline_files=0)
    yield made
    made.close()


def steps(size: int) -> list[int | None]:
    """Where each step of a batch of this size says that the next one begins."""
    return [*range(STEP, size, STEP), None]


def attached(bench: Bench, store: str, files: list[str]) -> list[str]:
    """Those of the files whose own streams say that they are in the store."""
    loaded = bench.deployment.streams.load_many(STORE_FILE, [store_file_stream(store, file) for file in files])
    return [file for file in files if loaded[store_file_stream(store, file)].state.attached]


class Loads:
    """A log that notes the streams that are loaded."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.streams: list[str] = []

    def load(self, stream: str) -> Commit | None:
        self.streams.append(stream)
        return self._log.load(stream)

    def load_many(self, streams: Sequence[str]) -> dict[str, Commit]:
        self.streams += streams
        return self._log.load_many(streams)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


@pytest.mark.parametrize("with_store", [False, True])
def test_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, with_store: bool) -> None:
    """A request whose batch is fanned out before its answer loads the batch's stream once, and each file's once."""
    bench = Bench(tmp_path, index=DictIndex())
    files, store = [bench.upload(f"alpha {number}") for number in range(3)], bench.store()
    loads = Loads(bench.deployment.streams.log)
    monkeypatch.setattr(bench.deployment.streams, "log", loads)
    if with_store:
        store = bench.store(files=tuple(map(BatchItem, files)))
    else:
        bench.batch(store, files)
    [batch] = {stream for stream in loads.streams if stream.startswith("vsfb_")}
    assert loads.streams.count(batch) == 1
    assert [loads.streams.count(store_file_stream(store, file)) for file in files] == [1] * 3
    assert attached(bench, store, files) == files
    bench.close()


@pytest.mark.parametrize("size", SIZES)
def test_every_file_is_attached(slow: Bench, size: int) -> None:
    """Each step attaches the next hundred files, whatever their number, and the last one says that it is the last.
    Between two steps every file can be got and counts, and the batch closes when all of them are attached.
    """
    store, files = slow.store(), [slow.upload(f"alpha {number}") for number in range(size)]
    batch, cursor = slow.batch(store, files), 0
    for following in steps(size):
        assert fan_out.attach_step(slow.deployment, store, batch.id, cursor) == following
        assert attached(slow, store, files) == files[: following or size]
        for file in {files[0], files[-1], files[min(following or 0, size - 1)], files[min(cursor, size - 1)]}:
            assert slow.status(store, file) == "in_progress"
        counts = file_batches.get(slow.deployment, PROJECT, store, batch.id).counts
        assert (counts.total, counts.unreached) == (size, size - (following or size))
        assert fan_out.close_if_reached(slow.deployment, store, batch.id) == (following is None)
        cursor = following or 0
    assert slow.deployment.views.open_batches(store) == {}


@pytest.mark.parametrize("size", [STEP, STEP + 1])
def test_every_file_is_cancelled(slow: Bench, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """A cancel of which the request did nothing yet ends every file in steps of a hundred, those included that the
    fan-out had not reached; none is attached any more.
    """
    monkeypatch.setattr(file_batches, "CANCEL_FOR_S", -1.0)
    store, files = slow.store(), [slow.upload(f"alpha {number}") for number in range(size)]
    batch = slow.batch(store, files).id
    fan_out.attach_step(slow.deployment, store, batch, 0)
    file_batches.cancel(slow.deployment, PROJECT, store, batch)
    cursor = 0
    for following in steps(size):
        assert fan_out.attach_step(slow.deployment, store, batch, cursor) is None
        assert fan_out.cancel_step(slow.deployment, store, batch, cursor) == following
        cursor = following or 0
    assert fan_out.close_if_reached(slow.deployment, store, batch)
    counts = file_batches.get(slow.deployment, PROJECT, store, batch).counts
    assert (counts.cancelled, counts.total) == (size, size)
    page = file_batches.list_files(slow.deployment, PROJECT, store, batch, PageRequest(100, "asc"), "cancelled")
    assert [view.file for view in page.items] == files[:100]
    slow.pump.settle()
    assert slow.find(store, "alpha") == []


def test_open_batches_in_order(slow: Bench) -> None:
    """Batches that have yet to reach a file reach it in the order of their requests when something else is asked of the
    file: the file's place in its store is that of the first one, and its settings are those of the last.
    """
    store, file = slow.store(), slow.upload("alpha")
    batches = [slow.batch(store, [file], year=year) for year in (1843, 1952, 2026)]
    slow.clock.advance(5)
    slow.attach(store, file, year=1)
    commits = slow.log.read(store_file_stream(store, file))
    events = [event for each in commits for event in slow.deployment.streams.decode_as(STORE_FILE, each).events]
    assert [event.by for event in events if isinstance(event, FileAttached)] == [
        *(batch.id for batch in batches),
        "single",
    ]
    state = store_files.get(slow.deployment, PROJECT, store, file).state
    assert state.placement is not None
    assert (state.placement.at, state.attributes) == (batches[0].state.created_at, {"year": 1})


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_newest_batch_wins(slow: Bench, order: tuple[int, ...]) -> None:
    """Of batches with different settings for one file, the last request's hold, although the clock goes back before
    each of them, and in whatever order their fan-outs work.
    """
    store, file, years = slow.store(), slow.upload("alpha"), (1843, 1952, 2026)
    batches = []
    for year in years:
        batches.append(slow.batch(store, [file], year=year))
        slow.clock.now -= 5_000
    for number in order:
        fan_out.attach_step(slow.deployment, store, batches[number].id, 0)
        state = store_files.get(slow.deployment, PROJECT, store, file).state
        reached = [each for each in batches if state.has_seen(each.id)]
        assert reached == batches[: len(reached)]
        assert state.attributes == {"year": years[len(reached) - 1]}
    slow.pump.settle()
    assert store_files.get(slow.deployment, PROJECT, store, file).state.attributes == {"year": 2026}


def test_many_open_batches(slow: Bench) -> None:
    """A file is there right after its batch was accepted, however many other batches of the store wait."""
    store, files = slow.store(), [slow.upload(f"alpha {number}") for number in range(120)]
    for file in files:
        slow.batch(store, [file])
    assert {slow.status(store, file) for file in files} == {"in_progress"}
    page = store_files.list_page(slow.deployment, PROJECT, store, PageRequest(100), None)
    assert (len(page.items), page.has_more) == (100, True)


def test_attached_while_its_batch_is_created(slow: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another request attaches between the checks of a batch and the batch's commit is listed once, and has
    ended once for the batch in the end.
    """
    store, file = slow.store(), slow.upload("alpha")
    preceding = open_batches.preceding

    def attach_then(*arguments: Any) -> open_batches.Preceding:
        found = preceding(*arguments)
        slow.attach(store, file)
        slow.clock.advance(1)  # so that the batch has a later place for the file than the attachment has
        return found

    with monkeypatch.context() as patch:
        patch.setattr(open_batches, "preceding", attach_then)
        batch = slow.batch(store, [file]).id
    page = store_files.list_page(slow.deployment, PROJECT, store, PageRequest(100), None)
    assert [view.file for view in page.items] == [file]
    slow.pump.settle()
    assert slow.deployment.views.batch_counts(batch, 1).completed == 1
    assert slow.deployment.views.store_counts(store) == Counts(completed=1, usage_bytes=len("alpha"))


@pytest.mark.parametrize("stores", [100, 101, 201])
def test_a_deleted_file_leaves_every_store(slow: Bench, stores: int) -> None:
    """The steps in which a deleted file leaves its stores miss none of them, whatever their number."""
    file = slow.upload("alpha")
    inside = [slow.store() for _ in range(stores)]
    for store in inside:
        slow.attach(store, file)
    slow.pump.settle()
    uploaded_files.delete(slow.deployment, PROJECT, file)
    slow.pump.settle()
    assert [store for store in inside if attached(slow, store, [file])] == []
    assert slow.deployment.views.leaving("acme") == set()
