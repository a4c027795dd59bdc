"""What happens between the commits and the objects of an export beside a running server, and what an import makes of
it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.operations.transfer.moves import Counting, assert_clean, brought, written
from tests.support.bench import PROJECT, Bench
from vectorlog.domain import manifest
from vectorlog.domain.errors import NotFound
from vectorlog.files import artefact
from vectorlog.operations.transfer import objects
from vectorlog.reactions import leftovers
from vectorlog.reactions.leftovers import SAFE_AGE_MS
from vectorlog.use_cases import store_files, uploaded_files, vector_stores

Make = Callable[..., Bench]


@pytest.fixture
def source(make: Make) -> tuple[Bench, str, str]:
    """A deployment at rest, a store in it with two files, and one of them."""
    bench = make("source")
    store, file = bench.store(), bench.upload("alpha one\nalpha two")
    bench.attach(store, file)
    bench.attach(store, bench.upload("alpha three"))
    bench.pump.settle()
    bench.clock.advance(1)
    return bench, store, file


def attached_again(bench: Bench, store: str, file: str) -> None:
    bench.attach(store, file, kind="again")
    bench.pump.settle()


def detached(bench: Bench, store: str, file: str) -> None:
    store_files.detach(bench.deployment, PROJECT, store, file)
    bench.pump.settle()


def part_of_the_artefact(bench: Bench, store: str, file: str) -> None:
    bench.blobs.delete([key for key in bench.blobs.list(artefact.folder(store, file, 1)) if "text" not in key])


def text_of_the_artefact(bench: Bench, store: str, file: str) -> None:
    bench.blobs.delete([artefact.folder(store, file, 1) + artefact.TEXT])


@pytest.mark.parametrize("meanwhile", [attached_again, detached, part_of_the_artefact, text_of_the_artefact])
@pytest.mark.parametrize("workers_running", [False, True])
@pytest.mark.parametrize("name", ["export", "export.tar"])
def test_artefact_gone(
    source: tuple[Bench, str, str],
    make: Make,
    tmp_path: Path,
    meanwhile: Callable[[Bench, str, str], None],
    workers_running: bool,
    name: str,
) -> None:
    """If a file's artefact is gone before it is copied, the export says so, and the import ingests the file from its
    bytes: it is found, and only then completed.
    """
    bench, store, file = source
    target = make("target")
    said = written(bench, tmp_path / name, lambda: meanwhile(bench, store, file))
    assert said.missing == (artefact.folder(store, file, 1),)
    target.clock.now = bench.clock.now
    report = brought(tmp_path / name, target, workers_running=workers_running)
    assert (report.indexed, report.repaired, report.lost) == (1, 1, [])
    if not workers_running:
        assert target.status(store, file) == "in_progress"
    target.pump.settle()
    assert target.status(store, file) == "completed"
    assert len(target.find(store, "alpha")) == 3
    assert_clean(target)
    texts = Counting.texts
    again = brought(tmp_path / name, target)
    assert (again.indexed, again.repaired, again.lost) == (0, 0, [])
    target.pump.settle()
    assert Counting.texts == texts


def test_bytes_gone_too(source: tuple[Bench, str, str], make: Make, tmp_path: Path) -> None:
    """A file that has neither an artefact nor bytes in the export fails with a sentence, and is counted apart."""
    bench, store, file = source
    target = make("target")
    [key] = bench.blobs.list(f"files/{file}/")
    bench.blobs.delete([key, *bench.blobs.list(artefact.folder(store, file, 1))])
    assert written(bench, tmp_path / "export").missing == (artefact.folder(store, file, 1), key)
    report = brought(tmp_path / "export", target)
    assert (report.indexed, report.repaired, report.lost) == (1, 0, [f"{store}/{file}"])
    target.pump.settle()
    state = store_files.get(target.deployment, PROJECT, store, file).state
    assert state.status == "failed"
    assert state.failure is not None
    assert "bytes are missing. Upload it again" in state.failure.message
    assert len(target.find(store, "alpha")) == 1


@pytest.mark.parametrize("expired", [False, True])
@pytest.mark.parametrize("of", ["file", "store"])
def test_deleted_meanwhile(make: Make, tmp_path: Path, of: str, expired: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file or store that is deleted or expires while the objects are copied is so in the export too: nothing is
    missing, and the import neither ingests nor shows it.
    """
    monkeypatch.setattr(manifest, "INLINE_BYTES", 0)
    bench, target = make("source"), make("target")
    file = bench.upload("alpha", expires_after_s=86_400)
    store, other = bench.store(expires_after_days=1), bench.store()
    bench.batch(store, [file, bench.upload("alpha two")])
    bench.attach(other, file)
    bench.pump.settle()
    bench.attach(other, unended := bench.upload("alpha three"))
    bench.batch(store, [unended])

    def delete() -> None:
        if expired:
            bench.clock.advance(86_400_001)
            bench.pump.sweep()
        elif of == "file":
            uploaded_files.delete(bench.deployment, PROJECT, file)
        else:
            vector_stores.delete(bench.deployment, PROJECT, store)
        bench.pump.settle()

    said = written(bench, tmp_path / "export", delete)
    assert said.missing == ()
    assert said.deletions >= 1
    target.clock.now = bench.clock.now
    report = brought(tmp_path / "export", target)
    assert (report.repaired, report.lost, report.unlisted) == (0, [], [])
    target.pump.settle()
    for gone in [file] if expired or of == "file" else []:
        with pytest.raises(NotFound):
            uploaded_files.get(target.deployment, PROJECT, gone)
        with pytest.raises(NotFound):
            store_files.get(target.deployment, PROJECT, other, gone)
    if of == "store" and not expired:
        with pytest.raises(NotFound):
            vector_stores.get(target.deployment, PROJECT, store)
    assert target.status(other, unended) == ("failed" if expired else "completed")
    assert_clean(target)


def test_open_at_the_export(make: Make, tmp_path: Path) -> None:
    """An ingest that was under way goes on at the target, although it ended at the source before its objects were
    copied, and the generation that served meanwhile was purged.
    """
    bench, target = make("source"), make("target")
    store, file = bench.store(), bench.upload("alpha one\nalpha two")
    bench.attach(store, file)
    bench.pump.settle()
    bench.clock.advance(1)
    bench.attach(store, file, kind="new")
    batch = bench.batch(store, [file], kind="newer")
    written(bench, tmp_path / "export", bench.pump.settle)
    target.clock.now = bench.clock.now
    brought(tmp_path / "export", target)
    target.pump.settle()
    assert target.status(store, file) == "completed"
    assert len(target.find(store, "alpha")) == 2
    assert target.deployment.views.batch_counts(batch.id, 1).completed == 1
    assert store_files.get(target.deployment, PROJECT, store, file).state.attributes == {"kind": "newer"}
    assert_clean(target)


def test_list_of_a_batch_gone(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch whose list of files is lost does not stop the import: it is named, and everything else is imported."""
    monkeypatch.setattr(manifest, "INLINE_BYTES", 0)
    bench, target = make("source"), make("target")
    store, file = bench.store(), bench.upload("alpha")
    bench.attach(store, file)
    bench.pump.settle()
    object.__setattr__(bench.deployment, "inline_files", 0)
    batch = bench.batch(store, [bench.upload("beta")]).id
    [key] = bench.blobs.list(f"manifests/{store}/")
    bench.blobs.delete([key])
    assert key in written(bench, tmp_path / "export").missing
    assert brought(tmp_path / "export", target).unlisted == [batch]
    assert target.find(store, "alpha") == [file]


@pytest.mark.parametrize("again", [False, True])
def test_long_import(
    source: tuple[Bench, str, str], make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, again: bool
) -> None:
    """Objects that a pass over the blobs deletes, because their commits came only after a day, are stored again: the
    import took so long, or an earlier attempt had stored them.
    """
    bench, store, file = source
    target, put = make("target"), objects.put
    written(bench, tmp_path / "export")
    if again:
        target.blobs.put([(key, bench.blobs.read(key)) for key in bench.blobs.list(f"files/{file}/")])

    def put_slowly(*given: object) -> tuple[int, int]:
        number = put(*given)  # type: ignore[arg-type]
        if not list(target.log.scan()):
            if not again:
                target.clock.advance(SAFE_AGE_MS)
            monkeypatch.setattr(leftovers, "SAFE_AGE_MS", -10 * SAFE_AGE_MS * 1000)  # blobs have the time of today
            assert leftovers.collect(target.deployment, "") is None
            assert not list(target.blobs.list(""))
        return number

    monkeypatch.setattr(objects, "put", put_slowly)
    report = brought(tmp_path / "export", target, workers_running=again)
    assert (report.indexed, report.repaired, report.lost) == (2, 0, [])
    assert len(target.find(store, "alpha")) == 3
    assert_clean(target)
