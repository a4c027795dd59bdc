"""An export of a store that is moving to another space, or has moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.operations.transfer.moves import brought, written
from tests.support.bench import PROJECT
from tests.support.moving import OTHER, WORDS, MovingBench, OtherEmbedder
from vectorlog.domain.store_file import Serving
from vectorlog.files import artefact
from vectorlog.use_cases import store_files


@pytest.mark.parametrize("lost", [False, True])
def test_in_the_middle(tmp_path: Path, *, lost: bool) -> None:
    """The target goes on with the move, and embeds only what was not embedded for it yet; also if the export lacks the
    new vectors of a file, which is then ingested again.
    """
    for name in ("source", "target"):
        (tmp_path / name).mkdir()
    source = MovingBench(tmp_path / "source")
    store, files = source.store(), [source.upload(f"alpha{number}") for number in range(3)]
    for file in files:
        source.attach(store, file)
    source.pump.settle()
    assert source.begin(store)
    source.pump.project()
    source.pump.work_one()
    source.pump.project()
    source.pump.ingest_some(1)
    done = [file for file in files if (state := _serving(source, store, file)) is not None and state.move == 1]
    assert len(done) == 1
    if lost:
        keys = [key for key in source.blobs.list(f"artefacts/{store}/{done[0]}/") if artefact.BESIDE in key]
        source.blobs.delete(keys)
    written(source, tmp_path / "export")
    target = MovingBench(tmp_path / "target", seed=1)
    target.clock.now = source.clock.now
    assert not brought(tmp_path / "export", target).lost
    assert set(target.by_meaning(store, "alpha0")) >= set(files) - set(done)
    target.pump.settle()
    assert target.space_of(store) == OTHER
    for number, file in enumerate(files):
        assert target.by_meaning(store, f"alpha{number}")[file] > 0.98
    assert (f"alpha{files.index(done[0])}" in OtherEmbedder.embedded) is lost
    assert target.differences() == []
    assert target.index.count(WORDS, store) == {}
    source.close()
    target.close()


def test_moved(tmp_path: Path) -> None:
    """The target serves the new vectors, without embedding anything."""
    for name in ("source", "target"):
        (tmp_path / name).mkdir()
    source = MovingBench(tmp_path / "source")
    store, file = source.store(), source.upload("alpha")
    source.attach(store, file)
    source.pump.settle()
    assert source.begin(store)
    source.pump.settle()
    written(source, tmp_path / "export")
    target = MovingBench(tmp_path / "target", seed=1)
    target.clock.now = source.clock.now
    report = brought(tmp_path / "export", target)
    assert (report.indexed, report.again) == (1, 0)
    assert target.by_meaning(store, "alpha")[file] > 0.98
    assert OtherEmbedder.embedded == []
    assert target.differences() == []
    source.close()
    target.close()


def _serving(bench: MovingBench, store: str, file: str) -> Serving | None:
    return store_files.load(bench.deployment, PROJECT, store, file)[1].serving
