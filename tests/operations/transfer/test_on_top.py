"""The same export imported twice, and a newer one on top of an older one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.operations.transfer.moves import Counting, assert_clean, brought, in_order_of_streams, written
from tests.support.bench import DAY_MS, PROJECT, Bench
from vectorlog.domain.store_file import SEEN_KEPT
from vectorlog.operations.transfer.commits import Diverged
from vectorlog.operations.transfer.report import ImportReport
from vectorlog.use_cases import erasure, file_batches, store_files, uploaded_files, vector_stores

Make = Callable[..., Bench]


def source_with_old_batches(make: Make) -> tuple[Bench, str, list[str]]:
    """A store with two batches that its files have forgotten by now: a finished one, and one that was cancelled."""
    bench = make("source")
    store, files = bench.store(), [bench.upload(f"alpha {number}") for number in range(3)]
    bench.batch(store, files, kind="old")
    bench.pump.settle()
    cancelled = bench.batch(store, files, kind="cancelled")
    file_batches.cancel(bench.deployment, PROJECT, store, cancelled.id)
    bench.pump.settle()
    bench.clock.advance(9 * DAY_MS)
    for number in range(SEEN_KEPT):
        bench.batch(store, files, kind="new", number=number)
    bench.pump.settle()
    bench.clock.advance(1)
    return bench, store, files


def commits(bench: Bench) -> set[str]:
    return {commit.id for commit in bench.log.scan()}


@pytest.mark.long
@pytest.mark.parametrize("workers_running", [False, True])
def test_old_batches(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, workers_running: bool) -> None:
    """A batch that has reached its files is not fanned out again, however long ago that was: nothing is embedded again,
    and the log is the same. So a second import changes nothing.
    """
    bench, store, files = source_with_old_batches(make)
    target = make("target")
    if workers_running:
        in_order_of_streams(target, monkeypatch)
    written(bench, tmp_path / "export")
    target.clock.now, texts = bench.clock.now, Counting.texts
    assert brought(tmp_path / "export", target, workers_running=workers_running) == ImportReport(indexed=3)
    target.pump.settle()
    assert commits(target) == commits(bench)
    assert brought(tmp_path / "export", target, workers_running=workers_running) == ImportReport()
    target.pump.settle()
    assert (commits(target), Counting.texts) == (commits(bench), texts)
    assert sorted(target.find(store, "alpha")) == sorted(files)
    assert_clean(target)


@pytest.mark.long
@pytest.mark.parametrize("workers_running", [False, True])
def test_newer_on_top(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, workers_running: bool) -> None:
    """A newer export is imported on top of an older one: what was added is found, what was deleted is gone with its
    chunks and bytes, and nothing is embedded.
    """
    bench, store, files = source_with_old_batches(make)
    target, gone = make("target"), bench.store()
    bench.attach(gone, files[0])
    bench.pump.settle()
    if workers_running:
        in_order_of_streams(target, monkeypatch)
    written(bench, tmp_path / "one")
    target.clock.now = bench.clock.now
    brought(tmp_path / "one", target, workers_running=workers_running)
    target.pump.settle()
    bench.clock.advance(1)
    bench.attach(store, files[0], kind="newest")
    store_files.detach(bench.deployment, PROJECT, store, files[1])
    uploaded_files.delete(bench.deployment, PROJECT, files[2])
    vector_stores.delete(bench.deployment, PROJECT, gone)
    bench.batch(store, [late := bench.upload("alpha late")])
    bench.pump.settle()
    written(bench, tmp_path / "two")
    target.clock.now, texts = bench.clock.now, Counting.texts
    report = brought(tmp_path / "two", target, workers_running=workers_running)
    target.pump.settle()
    assert (report.indexed, report.repaired, Counting.texts) == (2, 0, texts)
    assert commits(target) == commits(bench)
    assert sorted(target.find(store, "alpha")) == sorted([files[0], late])
    serving = store_files.get(bench.deployment, PROJECT, store, files[0]).state.generation
    assert target.index.count(target.space, store) == {(files[0], serving): 1, (late, 1): 1}
    assert_clean(target)


def test_not_on_top_of_own_changes(make: Make, tmp_path: Path) -> None:
    """A newer export does not fit once the target has changed the same things itself. Nothing is imported, and the
    message says where and why.
    """
    bench, store, files = source_with_old_batches(make)
    target = make("target")
    bench.attach(store, files[0], kind="open")
    bench.attach(store, files[1], kind="open")
    written(bench, tmp_path / "one")
    target.clock.now = bench.clock.now
    brought(tmp_path / "one", target)
    target.pump.settle()
    bench.pump.settle()
    written(bench, tmp_path / "two")
    standing = commits(target)
    with pytest.raises(Diverged, match=r"vs_.*/file-.* and 1 other streams differ.* Import into an empty deployment"):
        brought(tmp_path / "two", target)
    assert commits(target) == standing


def test_own_changes_elsewhere(make: Make, tmp_path: Path) -> None:
    """Changes of the target in other streams do not keep a newer export out, and stay."""
    bench, store, files = source_with_old_batches(make)
    target = make("target")
    written(bench, tmp_path / "one")
    target.clock.now = bench.clock.now + 1
    brought(tmp_path / "one", target)
    own = target.store()
    target.attach(own, files[0])
    store_files.change_attributes(target.deployment, PROJECT, store, files[0], {"kind": "own"})
    target.pump.settle()
    bench.clock.advance(DAY_MS)
    bench.attach(store, late := bench.upload("alpha late"))
    bench.pump.settle()
    written(bench, tmp_path / "two")
    target.clock.now = bench.clock.now
    brought(tmp_path / "two", target)
    target.pump.settle()
    assert sorted(target.find(store, "alpha")) == sorted([*files, late])
    assert target.find(own, "alpha") == [files[0]]
    assert store_files.get(target.deployment, PROJECT, store, files[0]).state.attributes == {"kind": "own"}
    assert_clean(target)


@pytest.mark.parametrize("workers_running", [False, True])
def test_erased_since(make: Make, tmp_path: Path, *, workers_running: bool) -> None:
    """What was erased at the source is erased at a target that has it from an earlier import; a new target never gets
    it.
    """
    bench, target, new = make("source"), make("target"), make("new")
    stores, files = [bench.store(name="Ottilie"), bench.store()], [bench.upload("alpha"), bench.upload("beta")]
    for store in stores:
        bench.batch(store, files, of="wolpertinger")
    bench.pump.settle()
    written(bench, tmp_path / "before")
    brought(tmp_path / "before", target, workers_running=workers_running)
    target.pump.settle()
    erasure.erase_store(bench.deployment, PROJECT, stores[0])
    erasure.erase_file(bench.deployment, PROJECT, files[0])
    bench.pump.settle()
    written(bench, tmp_path / "after")
    for other in (target, new):
        other.clock.now = bench.clock.now
        brought(tmp_path / "after", other, workers_running=workers_running)
        assert_clean(other)
        assert {(each.stream, each.version) for each in other.log.scan()} == {
            (each.stream, each.version) for each in bench.log.scan()
        }
        assert not [each for each in other.log.scan() if "Ottilie" in each.events + each.state]
        assert other.find(stores[1], "beta") == [files[1]]
