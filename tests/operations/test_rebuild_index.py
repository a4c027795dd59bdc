"""An index that is filled from the artefacts while files are deleted."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.operations.transfer.answers import unwatched
from tests.support.bench import PROJECT, Bench, DictIndex
from vectorlog.domain.location import Location
from vectorlog.domain.vectors import Space
from vectorlog.files import artefact
from vectorlog.index.chunk_index import FileChunks, Query
from vectorlog.ingest import job
from vectorlog.operations import progress
from vectorlog.operations.index_page import PageFill
from vectorlog.operations.parallel import SideBySide
from vectorlog.operations.rebuild_index import Crew, Refill
from vectorlog.use_cases import store_files, vector_stores


@pytest.mark.parametrize("whole_store", [False, True])
def test_gone_before_it_is_in(bench: Bench, whole_store: bool) -> None:
    """A file that is deleted and purged just before its chunks are added is taken out again: no purge would follow."""
    store, kept = bench.store(), bench.store()
    file = bench.upload("alpha")
    for each in (store, kept):
        bench.attach(each, file)
    bench.pump.settle()

    class Slow(DictIndex):
        def add(self, space: Space, files: Sequence[FileChunks]) -> None:
            if whole_store:
                vector_stores.delete(bench.deployment, PROJECT, store)
            else:
                store_files.detach(bench.deployment, PROJECT, store, file)
            bench.pump.settle()
            super().add(space, files)

    slow = Slow()
    bench.clock.advance(1)
    Refill(bench.deployment.streams, bench.blobs, slow).fill(unwatched)
    assert slow.count(bench.space, store) == {}
    assert slow.count(bench.space, kept) == {(file, 1): 1}


def test_locations(bench: Bench) -> None:
    """The chunks of the new index say where they are, unless the artefact is of a version that did not."""
    store = bench.store()
    new, old = bench.upload("alpha one\nalpha two"), bench.upload("alpha three")
    for file in (new, old):
        bench.attach(store, file)
    bench.pump.settle()
    vectors = next(artefact.read_parts(bench.blobs, store, old, 1))[0].vectors
    bench.blobs.put([artefact.part_item(store, old, 1, 0, [(0, 11)], [vectors])])
    into = DictIndex()
    Refill(bench.deployment.streams, bench.blobs, into).fill(unwatched)
    [found] = into.search(bench.space, [Query(store, None, "alpha", 5)])
    assert {(hit.text, hit.location) for hit in found.by_vector} == {
        ("alpha one\n", Location(0, 10)),
        ("alpha two", Location(10, 19)),
        ("alpha three", None),
    }


def test_other_spaces(bench: Bench) -> None:
    """A store with another model than the index is left out."""
    store = bench.store()
    bench.attach(store, bench.upload("alpha"))
    bench.pump.settle()
    into = DictIndex()
    refill = Refill(bench.deployment.streams, bench.blobs, into, lambda space: space != bench.space)
    refill.fill(unwatched)
    assert (into.count(bench.space, store), refill.files, refill.chunks) == ({}, 0, 0)


def test_artefact_gone(bench: Bench) -> None:
    """A file that serves and has no artefact at all is named: the new index cannot hold it."""
    store, file, kept = bench.store(), bench.upload("alpha"), bench.upload("beta")
    bench.attach(store, file)
    bench.attach(store, kept)
    bench.pump.settle()
    artefact.delete(bench.blobs, store, file, 1)
    refill = Refill(bench.deployment.streams, bench.blobs, DictIndex())
    refill.fill(unwatched)
    assert (refill.files, refill.incomplete) == (1, [artefact.folder(store, file, 1)])


class Stopped(Exception):
    """The process dies."""


def test_several_threads(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and artefacts that are read at once give the same index as one after the other, and large artefacts too,
    whose parts are read at once.
    """
    monkeypatch.setattr(progress, "PAGE", 3)
    monkeypatch.setattr(job, "ROUND", 1)
    store = bench.store()
    texts = [f"alpha {number}" for number in range(10)] + ["\n".join(f"alpha {line}" for line in range(9))]
    for text in texts:
        bench.attach(store, bench.upload(text))
    bench.pump.settle()
    alone, crewed = DictIndex(), DictIndex()
    refill = Refill(bench.deployment.streams, bench.blobs, alone)
    refill.fill(unwatched)
    with ThreadPoolExecutor(3) as pool, ThreadPoolExecutor(3) as readers:
        page = PageFill(bench.deployment.streams, bench.blobs, crewed, lambda _: True, SideBySide(readers, 6))
        crew = Crew(SideBySide(pool, 6), page, lambda *_: [], 1)
        other = Refill(bench.deployment.streams, bench.blobs, crewed, crew=crew)
        other.fill(unwatched)
    assert (other.files, other.chunks, other.incomplete) == (refill.files, refill.chunks, []) == (11, 19, [])
    assert crewed.count(bench.space, store) == alone.count(bench.space, store) == bench.index.count(bench.space, store)


@pytest.mark.parametrize("died", range(1, 5))
def test_goes_on(bench: Bench, monkeypatch: pytest.MonkeyPatch, died: int) -> None:
    """A run that goes on after the last artefact that the one before has passed adds the others, and only those, and
    still names a file without an artefact.
    """
    monkeypatch.setattr(progress, "PAGE", 2)
    store = bench.store()
    files = [bench.upload(f"alpha {number}") for number in range(9)]
    for file in files:
        bench.attach(store, file)
    bench.pump.settle()
    artefact.delete(bench.blobs, store, files[0], 1)
    into, marks = DictIndex(), list[str]()

    def note(folder: str) -> None:
        marks.append(folder)
        if len(marks) == died:
            raise Stopped

    with pytest.raises(Stopped):
        Refill(bench.deployment.streams, bench.blobs, into).fill(unwatched, passed=note)
    assert len(into.count(bench.space, store)) == 2 * died
    rest = Refill(bench.deployment.streams, bench.blobs, into)
    rest.fill(unwatched, after=marks[-1])
    assert (rest.files, rest.incomplete) == (8 - 2 * died, [artefact.folder(store, files[0], 1)])
    assert into.count(bench.space, store) == {(file, 1): 1 for file in files[1:]}


def test_a_file_that_was_ingested_twice(bench: Bench) -> None:
    """Generations that are retired, whose artefacts are gone, are not named as missing."""
    store, file = bench.store(), bench.upload("alpha")
    for kind in ("old", "new"):
        bench.attach(store, file, kind=kind)
        bench.pump.settle()
    kept, gone = bench.upload("beta"), bench.store()
    bench.attach(gone, kept)
    bench.pump.settle()
    vector_stores.delete(bench.deployment, PROJECT, gone)
    bench.pump.settle()
    refill = Refill(bench.deployment.streams, bench.blobs, DictIndex())
    refill.fill(unwatched)
    assert (refill.files, refill.incomplete) == (1, [])
