"""The pass that deletes blobs which no commit needs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.bench import DAY_MS, PROJECT, Bench, DictIndex, Lost, keyed
from tests.support.parts import begun, done, part
from tests.support.told import Tallied, Told
from vectorlog.domain import manifest
from vectorlog.files import artefact
from vectorlog.operations import folded_log
from vectorlog.operations.verify import differences
from vectorlog.reactions import leftovers
from vectorlog.telemetry.telemetry import Telemetry
from vectorlog.use_cases import uploaded_files, vector_stores
from vectorlog.use_cases.actor import Actor
from vectorlog.work.messages import COLLECTION, Collect

NOBODY = "file-nobody"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A deployment whose clock shows the time of the file system, with small pages."""
    made = Bench(tmp_path, index=DictIndex())
    made.clock.now = time.time_ns() // 1_000_000
    return made


def kept(bench: Bench) -> list[str]:
    return sorted(bench.blobs.list(""))


def collect(bench: Bench) -> None:
    bench.pump.projector.send([(COLLECTION, Collect())])
    bench.pump.settle()


def age(bench: Bench, *keys: str) -> None:
    """Makes blobs, or all, older than the safe age."""
    for key in keys or kept(bench):
        path = bench.folder / "blobs" / key
        long_ago = path.stat().st_mtime - leftovers.SAFE_AGE_MS / 1000 - 60
        os.utime(path, (long_ago, long_ago))


def died_in_an_upload(bench: Bench) -> str:
    """Uploads a file; the process dies between its bytes and its commit. Returns the key of the bytes."""
    before = kept(bench)
    with pytest.raises(Lost), bench.faults.dying(1, after=True):
        bench.upload("lost" * 100)
    [key] = set(kept(bench)) - set(before)
    return key


def test_upload_that_died(bench: Bench, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that a crash left without a commit are deleted after a day, told and counted; nothing else is deleted."""
    monkeypatch.setattr(leftovers, "PAGE", 2)
    monkeypatch.setattr(manifest, "INLINE_BYTES", 0)
    tallied = Tallied()
    object.__setattr__(bench.deployment, "telemetry", Telemetry(tallied))
    store = bench.store()
    bench.batch(store, [bench.upload(f"alpha {number}") for number in range(3)])
    bench.pump.settle()
    expected, lost = kept(bench), died_in_an_upload(bench)
    collect(bench)
    assert kept(bench) == sorted([*expected, lost]), "it is too young"
    age(bench)
    collect(bench)
    assert kept(bench) == expected
    assert [(line["blob"], line["bytes"]) for line in told.lines("leftover_deleted")] == [(lost, 400)]
    assert tallied.numbers["leftovers", "files"] == 1
    assert tallied.numbers["leftover_bytes", "files"] == 400


def test_everything_that_nothing_needs(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes of a deleted file, other bytes under its id, artefacts of a retired generation or of a store that is gone,
    manifests without their batch, and parts of an upload that has ended are deleted; a key of unknown form, and parts
    of an upload that has not ended, are not.
    """
    monkeypatch.setattr(manifest, "INLINE_BYTES", 0)
    store, gone = bench.store(), bench.store()
    file, deleted = bench.upload("alpha"), bench.upload("beta")
    batch = bench.batch(store, [file])
    bench.attach(gone, file)
    bench.pump.settle()
    pending, completed = begun(bench, 2), begun(bench, 2)
    part(bench, pending, b"ab")
    done(bench, completed, [part(bench, completed, b"ab")])
    bench.pump.settle()
    uploaded_files.delete(bench.deployment, PROJECT, deleted)
    vector_stores.delete(bench.deployment, PROJECT, gone)
    bench.pump.settle()
    expected = [*kept(bench), "unknown/kind"]
    left = [
        f"files/{deleted}/0",
        f"files/{file}/0",
        f"files/{NOBODY}/0",
        f"uploads/{completed}/part_1/0",
        f"uploads/{completed}/joined/0/0",
        "uploads/upload_nobody/part_1/direct",
        f"manifests/{store}/{batch.id}/0",
        f"manifests/{store}/vsfb_nobody/0",
        f"manifests/{gone}/vsfb_nobody/0",
        artefact.text_item(store, file, 7, "")[0],
        artefact.text_item(gone, file, 1, "")[0],
        artefact.text_item("vs_nobody", file, 1, "")[0],
    ]
    bench.blobs.put([(key, b"x") for key in (*left, "unknown/kind")])
    age(bench)
    collect(bench)
    assert kept(bench) == sorted(expected)


def test_what_is_about_to_be_needed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first manifest of a store whose batch is not appended yet, and the artefact of an ingest under way, stay."""
    monkeypatch.setattr(manifest, "INLINE_BYTES", 0)
    file = bench.upload("alpha")
    store = bench.store()
    bench.attach(store, file)
    bench.blobs.put([artefact.text_item(store, file, 1, "alpha")])
    deployment = bench.deployment
    created = vector_stores.CreateStore(files=(manifest.BatchItem(file),))
    append = bench.log.append
    monkeypatch.setattr(
        bench.log, "append", lambda commits: append([each for each in commits if each.stream[:3] == "vs_"])
    )
    with suppress(ValueError):  # the batch's commit is not answered
        vector_stores.create(deployment, PROJECT, created)
    monkeypatch.undo()
    expected = kept(bench)
    age(bench)
    assert leftovers.collect(deployment, "") is None
    assert kept(bench) == expected
    bench.pump.settle()
    assert sorted(differences(deployment, folded_log.read(deployment))) == []


def test_repeated_upload(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is repeated after a day, while a pass looks at the bytes of its first try, loses nothing."""
    actor: Actor = keyed("u", "")
    with pytest.raises(Lost), bench.faults.dying(1, after=True):
        bench.upload("alpha", actor)
    age(bench)
    deleting: Callable[..., bool] = bench.blobs.delete_unreplaced

    def repeat_first(blob: object) -> bool:
        bench.upload("alpha", actor)
        return deleting(blob)

    monkeypatch.setattr(bench.blobs, "delete_unreplaced", repeat_first)
    assert leftovers.collect(bench.deployment, "") is None
    [key] = kept(bench)
    assert bench.blobs.read(key) == b"alpha"


def test_once_a_day() -> None:
    """A schedule of once a minute begins one pass a day."""
    begins = [minute for minute in range(2 * 1440) if leftovers.starts_at(1_700_000_000_000 + minute * 60_000)]
    assert len(begins) == 2
    assert begins[1] - begins[0] == DAY_MS / 60_000
