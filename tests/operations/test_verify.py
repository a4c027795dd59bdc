"""The report of `verify` about a deployment with and without damage."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.bench import PROJECT, Bench
from tests.support.parts import begun, done, part
from vectorlog.files import artefact
from vectorlog.index.chunk_index import FileChunks
from vectorlog.operations.readers import Readers
from vectorlog.operations.verify import Report, UnderWay, verify
from vectorlog.use_cases import store_files
from vectorlog.use_cases.upload_parts import DIRECT, part_key
from vectorlog.views import keys
from vectorlog.views.table import NO_ROW, Add, Put, Remove

Damage = Callable[[Bench, str, str], None]


def report(bench: Bench, *, commits: int = 0, messages: int = 0) -> Report:
    """The report, which is the same however many threads read."""
    said = verify(bench.deployment, lambda: UnderWay(commits, messages), lambda: None)
    with ThreadPoolExecutor(3) as pool:
        assert verify(bench.deployment, lambda: UnderWay(commits, messages), lambda: None, Readers(pool, 3)) == said
    return said


@pytest.fixture
def filled(bench: Bench) -> tuple[Bench, str, str]:
    """A deployment at rest, a store in it, and a file in that."""
    store, file = bench.store(), bench.upload("alpha\nbeta")
    bench.attach(store, file)
    bench.pump.settle()
    return bench, store, file


def row_missing(bench: Bench, store: str, file: str) -> None:
    placement = store_files.get(bench.deployment, PROJECT, store, file).state.placement
    assert placement is not None
    bench.deployment.views.table.write([Remove(keys.store_file(store, file, placement))])


def attachment_left_over(bench: Bench, store: str, file: str) -> None:
    bench.deployment.views.table.write([Put(keys.attachment(file, "vs_gone"), 0, NO_ROW)])


def wrong_count(bench: Bench, store: str, file: str) -> None:
    bench.deployment.views.table.write([Add(keys.store(store), {"completed": 1})])


def chunk_left_over(bench: Bench, store: str, file: str) -> None:
    [chunks] = artefact.read_parts(bench.blobs, store, file, 1)
    bench.index.add(bench.space, [FileChunks(store, file, 7, "row", 0, {}, chunks)])


def chunks_missing(bench: Bench, store: str, file: str) -> None:
    bench.index.remove(bench.space, store, file)


def artefact_missing(bench: Bench, store: str, file: str) -> None:
    artefact.delete(bench.blobs, store, file, 1)


def artefact_left_over(bench: Bench, store: str, file: str) -> None:
    bench.blobs.put([artefact.text_item(store, file, 7, "old")])


def blob_missing(bench: Bench, store: str, file: str) -> None:
    bench.blobs.delete(list(bench.blobs.list(f"files/{file}/")))


def blob_left_over(bench: Bench, store: str, file: str) -> None:
    bench.blobs.put([("files/file-nobody/0", b"x")])


DAMAGE = [
    (row_missing, "row", "is missing"),
    (attachment_left_over, "row", "is left over"),
    (wrong_count, "counts", "the log says {'completed': 1"),
    (chunk_left_over, "chunks", "2 are left over"),
    (chunks_missing, "chunks", "are 0, and the log says 2"),
    (artefact_missing, "artefact", "missing"),
    (artefact_left_over, "artefact", "is left over"),
    (blob_missing, "blob", "is missing"),
    (blob_left_over, "blob", "is left over"),
]


def test_clean(filled: tuple[Bench, str, str]) -> None:
    """A deployment at rest has no difference, and every stream was checked."""
    found = report(filled[0])
    assert (found.differing, found.pending, found.streams) == ((), (), 3)


@pytest.mark.parametrize(("damage", "kind", "what"), DAMAGE)
def test_damage_is_told(filled: tuple[Bench, str, str], damage: Damage, kind: str, what: str) -> None:
    """Each kind of damage is reported, by its kind and its details, and nothing else is."""
    damage(*filled)
    found = report(filled[0])
    assert [each.kind for each in found.differing] == [kind]
    assert what in found.differing[0].what
    assert found.pending == ()


@pytest.mark.parametrize(("damage", "kind", "what"), DAMAGE)
def test_pending(filled: tuple[Bench, str, str], damage: Damage, kind: str, what: str) -> None:
    """While commits are not projected, every difference is pending; while messages wait, all but those of the views
    are.
    """
    damage(*filled)
    assert not report(filled[0], commits=1).differing
    assert bool(report(filled[0], messages=1).differing) is (kind in ("row", "counts"))


def test_settles_between_looks(filled: tuple[Bench, str, str]) -> None:
    """A difference that disappears between two checks is not reported."""
    bench, store, file = filled
    blob_left_over(bench, store, file)
    found = verify(bench.deployment, lambda: UnderWay(0, 0), lambda: bench.blobs.delete(["files/file-nobody/0"]))
    assert found.differing == found.pending == ()


class TestUploads:
    def test_pending(self, bench: Bench) -> None:
        """A missing part of a pending upload is reported. One that went straight to the storage is not left over."""
        id = begun(bench, 4, direct_part_size=4)
        first = part(bench, id, b"ab")
        bench.blobs.put([(part_key(id, "part_1", DIRECT), b"abcd")])
        bench.pump.settle()
        assert report(bench).differing == ()
        [key] = bench.blobs.list(f"uploads/{id}/{first}/")
        bench.blobs.delete([key])
        assert [(each.kind, each.where, each.what) for each in report(bench).differing] == [("blob", key, "is missing")]

    def test_ended(self, bench: Bench) -> None:
        """What an ended upload has left is reported, until its work is done; and a row that lacks its deadline."""
        id = begun(bench, 2)
        done(bench, id, [part(bench, id, b"ab")])
        assert {each.what for each in report(bench, messages=1).pending} == {"is left over"}
        bench.pump.settle()
        assert report(bench) == Report((), (), 3, UnderWay(0, 0))
        other = begun(bench, 2)
        bench.deployment.views.table.write([Remove(keys.upload(other))])
        assert [each.what for each in report(bench).differing] == ["is missing"]
