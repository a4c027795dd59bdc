"""An index that is filled from the artefacts while files are deleted."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.operations.transfer.answers import unwatched
from tests.support.bench import PROJECT, Bench, DictIndex
from vectorlog.domain.location import Location
from vectorlog.domain.vectors import Space
from vectorlog.files import artefact
from vectorlog.index.chunk_index import FileChunks, Query
from vectorlog.operations.rebuild_index import Refill
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
