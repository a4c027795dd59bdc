"""The index of a data folder, rebuilt while a server runs, and used by the next server."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.operations.meanwhile import CHANGES, at, changes
from tests.operations.transfer.answers import Made, answers, history, unwatched
from tests.support.bench import PROJECT, Bench, Lost
from vectorlog.files import artefact
from vectorlog.index.chunk_index import FileChunks, Query
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.index.embedded.schema import OlderTerms
from vectorlog.ingest import job
from vectorlog.operations import index_page, progress
from vectorlog.operations.verify import UnderWay, verify
from vectorlog.runtime.local import rebuild
from vectorlog.runtime.local.data_folder import DataFolder
from vectorlog.runtime.local.log_and_views import LocalLogAndViews
from vectorlog.use_cases import store_files
from vectorlog.use_cases.pages import PageRequest


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large count of steps, so that much can happen between them."""
    monkeypatch.setattr(progress, "PAGE", 2)
    monkeypatch.setattr(index_page, "CHUNKS", 3)


@pytest.fixture
def filled(bench: Bench) -> tuple[Bench, Made]:
    """A deployment at rest with the real index, and ids to ask about."""
    return bench, history(bench)


def restarted(bench: Bench) -> None:
    """The server ends, and the next one uses the index that is ready."""
    bench.index.close()
    folder = DataFolder(bench.folder)
    with folder.lock(), closing(LocalLogAndViews(folder)) as log_and_views:
        assert rebuild.adopt_index(folder, log_and_views, bench.blobs)
    bench.index = LocalIndex(folder.index)
    object.__setattr__(bench.deployment, "index", bench.index)


def clean(bench: Bench) -> None:
    bench.pump.restart()
    bench.pump.settle()
    report = verify(bench.deployment, lambda: UnderWay(0, 0), lambda: None)
    assert report.differing == report.pending == ()


def damage(bench: Bench, made: Made) -> None:
    """Missing chunks, and orphaned chunks."""
    listed = store_files.list_page(bench.deployment, PROJECT, made.store, PageRequest(limit=100), None).items
    serving = [(view.file, view.state.serving) for view in listed if view.state.serving]
    (lost, _), (kept, generation) = serving[0], serving[1]
    [chunks, *_] = artefact.read_parts(bench.blobs, made.store, kept, generation.generation)
    bench.index.remove(bench.space, made.store, lost)
    bench.index.add(bench.space, [FileChunks(made.store, kept, 77, "row", 0, {}, chunks)])


def test_damage_is_gone(filled: tuple[Bench, Made]) -> None:
    """An index that lost chunks, or holds foreign ones, is right after a rebuild, and every answer is as before the
    damage.
    """
    bench, made = filled
    expected = answers(bench.deployment, made)
    damage(bench, made)
    made_anew = rebuild.index(DataFolder(bench.folder), unwatched)
    assert (made_anew.files, made_anew.chunks, made_anew.incomplete) == (3, 6, [])
    restarted(bench)
    assert answers(bench.deployment, made) == expected
    clean(bench)


def test_folder_that_is_lost(filled: tuple[Bench, Made]) -> None:
    """The whole index may be lost: it is rebuilt without reading or embedding a file."""
    bench, made = filled
    expected = answers(bench.deployment, made)
    bench.index.close()
    shutil.rmtree(bench.folder / "index")
    rebuild.index(DataFolder(bench.folder), unwatched)
    restarted(bench)
    assert answers(bench.deployment, made) == expected


@pytest.mark.long
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("place", [2, None])
def test_beside_changes(filled: tuple[Bench, Made], change: str, place: int | None) -> None:
    """Whatever changes while an index is rebuilt, or after that, is in it when it serves, and what was deleted is
    not.
    """
    bench, made = filled
    step = changes(bench, made)[change]
    rebuild.index(DataFolder(bench.folder), unwatched if place is None else at(place, step))
    if place is None:
        step()
    expected = answers(bench.deployment, made) if change != "delete_store" else None
    restarted(bench)
    if expected is not None:
        assert answers(bench.deployment, made) == expected
    clean(bench)


def test_file_that_is_ingested_all_the_while(filled: tuple[Bench, Made], monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose rounds are embedded before, during and after a rebuild and the following restart is found by each of
    its chunks.
    """
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
    rebuild.index(DataFolder(bench.folder), unwatched)
    ingest(3)
    restarted(bench)
    clean(bench)


def test_cut_off(filled: tuple[Bench, Made]) -> None:
    """A rebuild that dies at any point is not used; the same command starts again."""
    bench, made = filled
    expected = answers(bench.deployment, made)

    def die() -> None:
        raise Lost("here")

    folder = DataFolder(bench.folder)
    for place in range(3):
        with pytest.raises(Lost):
            rebuild.index(folder, at(place, die))
        with closing(LocalLogAndViews(folder)) as log_and_views:
            assert not rebuild.adopt_index(folder, log_and_views, bench.blobs)
    assert answers(bench.deployment, made) == expected
    rebuild.index(folder, unwatched)
    restarted(bench)
    assert answers(bench.deployment, made) == expected
    clean(bench)


@pytest.mark.parametrize("renames", [0, 1])
def test_switch_cut_off(filled: tuple[Bench, Made], monkeypatch: pytest.MonkeyPatch, renames: int) -> None:
    """A server that dies while it switches to the new index leaves it to the next one."""
    bench, made = filled
    expected = answers(bench.deployment, made)
    folder = DataFolder(bench.folder)
    rebuild.index(folder, unwatched)
    bench.attach(made.store, bench.upload("alpha between"))
    bench.pump.settle()
    bench.index.close()
    left, rename = iter(range(renames)), Path.rename

    def dying(path: Path, target: Path) -> Path:
        if next(left, None) is None:
            raise Lost(f"before {path} is {target}")
        return rename(path, target)

    with monkeypatch.context() as patch, closing(LocalLogAndViews(folder)) as log_and_views:
        patch.setattr(Path, "rename", dying)
        with pytest.raises(Lost):
            rebuild.adopt_index(folder, log_and_views, bench.blobs)
    restarted(bench)
    assert answers(bench.deployment, made) != expected
    assert not (bench.folder / "index.old").exists()
    assert not (bench.folder / "index.next").exists()
    clean(bench)


def test_incomplete_artefacts_are_told(filled: tuple[Bench, Made]) -> None:
    """An artefact that lost chunks is named: its file must be attached again."""
    bench, _ = filled
    part = next(key for key in sorted(bench.blobs.list("artefacts/")) if key.endswith("/00000000"))
    bench.blobs.delete([part])
    assert rebuild.index(DataFolder(bench.folder), unwatched).incomplete == [part.rpartition("/")[0] + "/"]


def made_by_an_earlier_version(folder: Path) -> None:
    """Turns an index into one whose terms are not today's: it says so, and has none of them."""
    with closing(sqlite3.connect(folder / "chunks.db")) as connection:
        connection.execute("delete from postings")
        connection.execute("pragma user_version = 0")
        connection.commit()


def test_older_terms_are_made_anew(filled: tuple[Bench, Made], caplog: pytest.LogCaptureFixture) -> None:
    """An index with the terms of an earlier version is never searched for today's: the next server makes it anew from
    the artefacts before it starts, says so, and answers as before. It does that once.
    """
    bench, made = filled
    expected = answers(bench.deployment, made)
    bench.index.close()
    folder = DataFolder(bench.folder)
    made_by_an_earlier_version(folder.index)
    with pytest.raises(OlderTerms, match="rebuild index"):
        LocalIndex(folder.index)
    with closing(LocalIndex(folder.index, read_only=True)) as index:
        assert index.count(bench.space, made.store)
        with pytest.raises(OlderTerms):
            index.search(bench.space, [Query(made.store, None, "word", 5)])
    with folder.lock():
        rebuild.renew_index(folder)
    assert "earlier version made the text index" in caplog.text
    restarted(bench)
    assert answers(bench.deployment, made) == expected
    caplog.clear()
    with folder.lock():
        rebuild.renew_index(folder)
    assert not caplog.messages
    assert not folder.next_index.exists()
    clean(bench)


def test_a_rebuild_by_an_earlier_version_is_not_adopted(filled: tuple[Bench, Made]) -> None:
    """An index that an earlier version rebuilt does not take the place of one with today's terms."""
    bench, made = filled
    expected = answers(bench.deployment, made)
    folder = DataFolder(bench.folder)
    rebuild.index(folder, unwatched)
    made_by_an_earlier_version(folder.next_index)
    bench.index.close()
    with folder.lock(), closing(LocalLogAndViews(folder)) as log_and_views:
        rebuild.renew_index(folder)
        assert not rebuild.adopt_index(folder, log_and_views, bench.blobs)
    bench.index = LocalIndex(folder.index)
    object.__setattr__(bench.deployment, "index", bench.index)
    assert answers(bench.deployment, made) == expected
