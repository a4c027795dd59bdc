"""A local deployment exported as files, and imported."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.operations.transfer.answers import Made, answers, history
from tests.operations.transfer.moves import (
    OTHER,
    Counting,
    assert_clean,
    brought,
    in_order_of_streams,
    written,
)
from tests.support.bench import PROJECT, Bench, Lost
from tests.support.stubs import DIMENSIONS
from vectorlog.operations import progress
from vectorlog.operations.transfer import objects
from vectorlog.operations.transfer.commits import Diverged
from vectorlog.operations.transfer.contents import COMMITS, CONTENTS, ModelInUse, NotAnExport
from vectorlog.operations.transfer.report import ImportReport
from vectorlog.operations.verify import UnderWay, verify
from vectorlog.use_cases import uploaded_files, vector_stores


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large count of steps, so that there are many places to die between."""
    for module, name in ((progress, "PAGE"), (objects, "TOGETHER")):
        monkeypatch.setattr(module, name, 4)


@pytest.fixture
def source(make: Callable[..., Bench]) -> tuple[Bench, Made]:
    """A deployment with a history, and ids to ask about."""
    bench = make("source")
    return bench, history(bench)


class TestBackAndForth:
    @pytest.mark.parametrize("name", ["export", "export.tar"])
    @pytest.mark.parametrize("workers_running", [False, True])
    def test_same_answers(
        self,
        source: tuple[Bench, Made],
        make: Callable[..., Bench],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
        workers_running: bool,
    ) -> None:
        """A moved deployment answers as before, immediately and after its workers ran, and nothing is embedded
        again.
        """
        bench, made = source
        target, expected = make("target"), answers(bench.deployment, made)
        said, texts = written(bench, tmp_path / name), Counting.texts
        target.clock.now = bench.clock.now
        if workers_running:
            in_order_of_streams(target, monkeypatch)
        settled = brought(tmp_path / name, target, workers_running=workers_running)
        assert said.models == (ModelInUse("stub:words", DIMENSIONS, 1),)
        assert (settled.indexed, settled.again, dict(settled.unoffered)) == (3, 0, {})
        assert verify(target.deployment, lambda: UnderWay(0, 0), lambda: None).differing == ()
        assert answers(target.deployment, made) == expected
        target.pump.settle()
        assert answers(target.deployment, made) == expected
        assert {commit.id for commit in target.log.scan()} == {commit.id for commit in bench.log.scan()}, (
            "old work was done again"
        )
        assert Counting.texts == texts
        assert_clean(target)

    def test_repeated(self, source: tuple[Bench, Made], make: Callable[..., Bench], tmp_path: Path) -> None:
        """Repeating the import changes nothing."""
        target = make("target")
        written(source[0], tmp_path / "export")
        brought(tmp_path / "export", target)
        commits, blobs = target.log.after(0, 10_000), sorted(target.blobs.list(""))
        assert brought(tmp_path / "export", target) == ImportReport()
        assert (target.log.after(0, 10_000), sorted(target.blobs.list(""))) == (commits, blobs)

    @pytest.mark.long
    @pytest.mark.usefixtures("small_steps")
    @pytest.mark.parametrize("workers_running", [False, True])
    def test_cut_off_and_resumed(
        self,
        source: tuple[Bench, Made],
        make: Callable[..., Bench],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        workers_running: bool,
    ) -> None:
        """Wherever an import dies, the same command continues, and it ends as if nothing had happened."""
        bench, made = source
        expected, call, died = answers(bench.deployment, made), 0, True
        written(bench, tmp_path / "export")
        while died:
            call += 23 if workers_running else 7  # each is a separate import
            target = make(f"target-{call}")
            target.clock.now, died = bench.clock.now, False
            if workers_running:
                in_order_of_streams(target, monkeypatch)
            with target.faults.dying(call, after=False):
                try:
                    brought(tmp_path / "export", target, workers_running=workers_running)
                except Lost:
                    died = True
            brought(tmp_path / "export", target, workers_running=workers_running)
            target.pump.restart()
            target.pump.settle()
            assert answers(target.deployment, made) == expected, f"died at call {call}"
            assert_clean(target)
        assert call > 5, "it never died"

    def test_work_goes_on(self, make: Callable[..., Bench], tmp_path: Path) -> None:
        """Work that was accepted but not finished when the export was made is finished at the target."""
        bench, target = make("source"), make("target")
        files = [bench.upload(f"alpha {number}") for number in range(3)]
        store = bench.store()
        bench.attach(store, files[0])
        batch = bench.batch(store, files[1:])
        written(bench, tmp_path / "export")
        brought(tmp_path / "export", target)
        target.pump.settle()
        assert sorted(target.find(store, "alpha")) == sorted(files)
        assert target.deployment.views.batch_counts(batch.id, 2).completed == 2
        assert_clean(target)


class TestOtherModels:
    def test_told(self, source: tuple[Bench, Made], make: Callable[..., Bench], tmp_path: Path) -> None:
        """Files whose model the target does not offer are counted, and stay as they are until it is offered."""
        target = make("target", OTHER)
        written(source[0], tmp_path / "export")
        assert dict(brought(tmp_path / "export", target).unoffered) == {"stub:words": 3}
        assert brought(tmp_path / "export", target).again == 0

    def test_ingested_again(self, source: tuple[Bench, Made], make: Callable[..., Bench], tmp_path: Path) -> None:
        """With another model named instead, every file is ingested with it as a new generation, once, and serves; so
        are new ones.
        """
        bench, made = source
        target = make("target", OTHER)
        written(bench, tmp_path / "export")
        target.clock.now = bench.clock.now + 1
        found = sorted(bench.find(made.store, "alpha"))
        assert brought(tmp_path / "export", target, instead=OTHER).again == 3
        assert brought(tmp_path / "export", target, instead=OTHER).again == 0
        target.pump.settle()
        assert brought(tmp_path / "export", target, instead=OTHER).again == 0
        target.attach(made.store, late := target.upload("alpha late"))
        target.pump.settle()
        assert sorted(target.find(made.store, "alpha")) == sorted([*found, late])
        assert vector_stores.get(target.deployment, PROJECT, made.store).state.model == OTHER.model
        assert_clean(target)

    def test_cut_off(self, source: tuple[Bench, Made], make: Callable[..., Bench], tmp_path: Path) -> None:
        """An import that dies between a store's new model and its files' new generations continues there."""
        bench, made = source
        written(bench, tmp_path / "export")
        for call in range(1, 40, 4):
            target = make(f"target-{call}", OTHER)
            target.clock.now = bench.clock.now + 1
            with target.faults.dying(call, after=False):
                try:
                    brought(tmp_path / "export", target, instead=OTHER)
                except Lost:
                    brought(tmp_path / "export", target, instead=OTHER)
            target.pump.settle()
            assert len(target.find(made.store, "alpha")) == len(bench.find(made.store, "alpha")), f"died at call {call}"
            assert_clean(target)


class TestRefused:
    def test_another_history(self, source: tuple[Bench, Made], make: Callable[..., Bench], tmp_path: Path) -> None:
        """A stream that diverged is named, and nothing of the other one is overwritten."""
        bench, made = source
        target = make("target")
        written(bench, tmp_path / "one")
        brought(tmp_path / "one", target)
        target.clock.now = bench.clock.now = bench.clock.now + 1
        vector_stores.delete(target.deployment, PROJECT, made.store)
        uploaded_files.delete(bench.deployment, PROJECT, bench.upload("x"))
        vector_stores.delete(bench.deployment, PROJECT, made.store)
        written(bench, tmp_path / "two")
        standing, blobs = target.log.after(0, 10_000), sorted(target.blobs.list(""))
        with pytest.raises(Diverged, match=f"{made.store} has another commit.* Import into an empty deployment"):
            brought(tmp_path / "two", target)
        assert (target.log.after(0, 10_000), sorted(target.blobs.list(""))) == (standing, blobs)

    def test_not_whole(self, source: tuple[Bench, Made], make: Callable[..., Bench], tmp_path: Path) -> None:
        """An export that was interrupted or has lost a part is refused; the message names what is missing."""
        written(source[0], tmp_path / "export")
        target, contents, commits = make("target"), tmp_path / "export" / CONTENTS, tmp_path / "export" / COMMITS
        lines = commits.read_bytes().splitlines(keepends=True)
        commits.write_bytes(b"".join(lines[:-1]))
        with pytest.raises(NotAnExport, match=f"{len(lines)} commits"):
            brought(tmp_path / "export", target)
        contents.unlink()
        with pytest.raises(NotAnExport, match="interrupted"):
            brought(tmp_path / "export", target)
        assert list(target.log.scan()) == []

    @pytest.mark.parametrize("name", ["export", "export.tar"])
    def test_private(self, source: tuple[Bench, Made], tmp_path: Path, name: str) -> None:
        """Only the user who exports may read the export, whatever the umask and also if its folder was there."""
        path = tmp_path / name
        if not path.suffix:
            path.mkdir(mode=0o755)
        before = os.umask(0)
        try:
            written(source[0], path)
        finally:
            os.umask(before)
        assert {str(each) for each in (path, *path.rglob("*")) if each.stat().st_mode & 0o077} == set()

    def test_never_overwrites(self, source: tuple[Bench, Made], tmp_path: Path) -> None:
        """An export replaces nothing that exists."""
        (tmp_path / "notes").mkdir()
        (tmp_path / "notes" / "mine.txt").write_text("mine")
        (tmp_path / "mine.tar").write_text("mine")
        for path in (tmp_path / "notes", tmp_path / "mine.tar"):
            with pytest.raises(NotAnExport, match="already"):
                written(source[0], path)
        assert (tmp_path / "mine.tar").read_text() == "mine"
