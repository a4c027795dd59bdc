"""The index of a data folder, made anew beside a server, and taken by the next one."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from tests.edition import PROJECT, Bench, Lost
from tests.rebuild.meanwhile import CHANGES, at, changes
from tests.transfer.answers import Made, answers, history, unwatched
from vectorlog.files import artefact
from vectorlog.index.chunk_index import FileChunks
from vectorlog.index.local import LocalIndex
from vectorlog.ingest import job
from vectorlog.rebuild import refill
from vectorlog.runtime import local_rebuild
from vectorlog.runtime.data_folder import DataFolder
from vectorlog.runtime.ledger import Ledger
from vectorlog.transfer import history as transferred
from vectorlog.use_cases import store_files
from vectorlog.use_cases.pages import PageRequest
from vectorlog.verify.verify import UnderWay, verify


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many steps, so that much can happen between them."""
    monkeypatch.setattr(transferred, "PAGE", 2)
    monkeypatch.setattr(refill, "CHUNKS", 3)


@pytest.fixture
def filled(bench: Bench) -> tuple[Bench, Made]:
    """An edition at rest with the real index, and what there is to ask about."""
    return bench, history(bench)


def restarted(bench: Bench) -> None:
    """The server ends, and the next one takes the index that is ready."""
    bench.index.close()
    folder = DataFolder(bench.folder)
    with folder.lock(), closing(Ledger(folder)) as ledger:
        assert local_rebuild.adopt_index(folder, ledger, bench.blobs)
    bench.index = LocalIndex(folder.index)
    object.__setattr__(bench.edition, "index", bench.index)


def clean(bench: Bench) -> None:
    bench.pump.restart()
    bench.pump.settle()
    report = verify(bench.edition, lambda: UnderWay(0, 0), lambda: None)
    assert report.differing == report.pending == ()


def damage(bench: Bench, made: Made) -> None:
    """Chunks that are missing, and chunks that are nobody's."""
    listed = store_files.list_page(bench.edition, PROJECT, made.store, PageRequest(limit=100), None).items
    serving = [(view.file, view.state.serving) for view in listed if view.state.serving]
    (lost, _), (kept, generation) = serving[0], serving[1]
    [chunks, *_] = artefact.read_parts(bench.blobs, made.store, kept, generation.generation)
    bench.index.remove(bench.space, made.store, lost)
    bench.index.add(bench.space, [FileChunks(made.store, kept, 77, "row", 0, {}, chunks)])


def test_damage_is_gone(filled: tuple[Bench, Made]) -> None:
    """An index that lost chunks, or holds others', is right afterwards, and every answer is the one from before the damage."""
    bench, made = filled
    expected = answers(bench.edition, made)
    damage(bench, made)
    made_anew = local_rebuild.index(DataFolder(bench.folder), unwatched)
    assert (made_anew.files, made_anew.chunks, made_anew.incomplete) == (3, 6, [])
    restarted(bench)
    assert answers(bench.edition, made) == expected
    clean(bench)


def test_folder_that_is_lost(filled: tuple[Bench, Made]) -> None:
    """The whole index may be lost: it is made again without reading or embedding a file."""
    bench, made = filled
    expected = answers(bench.edition, made)
    bench.index.close()
    shutil.rmtree(bench.folder / "index")
    local_rebuild.index(DataFolder(bench.folder), unwatched)
    restarted(bench)
    assert answers(bench.edition, made) == expected


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("place", [2, None])
def test_beside_changes(filled: tuple[Bench, Made], change: str, place: int | None) -> None:
    """Whatever changes while an index is made anew, or after that, is in it when it serves, and what was deleted is not."""
    bench, made = filled
    step = changes(bench, made)[change]
    local_rebuild.index(DataFolder(bench.folder), unwatched if place is None else at(place, step))
    if place is None:
        step()
    expected = answers(bench.edition, made) if change != "delete_store" else None
    restarted(bench)
    if expected is not None:
        assert answers(bench.edition, made) == expected
    clean(bench)


def test_file_that_is_ingested_all_the_while(filled: tuple[Bench, Made], monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose rounds are embedded before, during and after a rebuild and the restart behind it is found by each of its chunks."""
    monkeypatch.setattr(job, "ROUND", 1)
    bench, made = filled
    file = bench.upload("delta 1\ndelta 2\ndelta 3\ndelta 4")
    bench.attach(made.store, file)

    def ingest(chunks: int) -> None:
        folder = f"artefacts/{made.store}/{file}/"  # the text is an object in it too
        bench.pump.time_left = lambda: len(list(bench.blobs.list(folder))) <= chunks
        bench.pump.ingest_some()
        bench.pump.time_left = lambda: True

    bench.pump.project()
    ingest(1)
    bench.pump.project()
    local_rebuild.index(DataFolder(bench.folder), unwatched)
    ingest(3)
    restarted(bench)
    clean(bench)


def test_cut_off(filled: tuple[Bench, Made]) -> None:
    """One that dies is not taken, wherever that was; the same command begins again."""
    bench, made = filled
    expected = answers(bench.edition, made)

    def die() -> None:
        raise Lost("here")

    folder = DataFolder(bench.folder)
    for place in range(3):
        with pytest.raises(Lost):
            local_rebuild.index(folder, at(place, die))
        with closing(Ledger(folder)) as ledger:
            assert not local_rebuild.adopt_index(folder, ledger, bench.blobs)
    assert answers(bench.edition, made) == expected
    local_rebuild.index(folder, unwatched)
    restarted(bench)
    assert answers(bench.edition, made) == expected
    clean(bench)


@pytest.mark.parametrize("renames", [0, 1])
def test_switch_cut_off(filled: tuple[Bench, Made], monkeypatch: pytest.MonkeyPatch, renames: int) -> None:
    """A server that dies while it takes the new index leaves it to the next one."""
    bench, made = filled
    expected = answers(bench.edition, made)
    folder = DataFolder(bench.folder)
    local_rebuild.index(folder, unwatched)
    bench.attach(made.store, bench.upload("alpha between"))
    bench.pump.settle()
    bench.index.close()
    left, rename = iter(range(renames)), Path.rename

    def dying(path: Path, target: Path) -> Path:
        if next(left, None) is None:
            raise Lost(f"before {path} is {target}")
        return rename(path, target)

    with monkeypatch.context() as patch, closing(Ledger(folder)) as ledger:
        patch.setattr(Path, "rename", dying)
        with pytest.raises(Lost):
            local_rebuild.adopt_index(folder, ledger, bench.blobs)
    restarted(bench)
    assert answers(bench.edition, made) != expected
    assert not (bench.folder / "index.old").exists()
    assert not (bench.folder / "index.next").exists()
    clean(bench)


def test_incomplete_artefacts_are_told(filled: tuple[Bench, Made]) -> None:
    """An artefact that lost chunks is named: its file has to be attached again."""
    bench, _ = filled
    part = next(key for key in sorted(bench.blobs.list("artefacts/")) if key.endswith("/00000000"))
    bench.blobs.delete([part])
    assert local_rebuild.index(DataFolder(bench.folder), unwatched).incomplete == [part.rpartition("/")[0] + "/"]
