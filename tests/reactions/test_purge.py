"""The purge of a deleted or expired store: it may die anywhere, and each of its messages does a bounded amount."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.bench import DAY_MS, PROJECT, Bench, DictIndex, Lost
from vectorlog.domain import manifest
from vectorlog.operations import folded_log
from vectorlog.operations.verify import differences
from vectorlog.reactions import purge
from vectorlog.use_cases import store_files, vector_stores
from vectorlog.views import keys, past_keys
from vectorlog.views.table import NO_ROW, Put, Write

FILES = 6


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes many places to die between, and every manifest an object."""
    monkeypatch.setattr(manifest, "INLINE_BYTES", 0)
    monkeypatch.setattr(purge, "STEP", 3)
    monkeypatch.setattr(purge, "WRITE_LIMIT", 2)


def filled(folder: Path) -> tuple[Bench, str]:
    """A store that expires a day after its last use, with files from two batches, of which one was detached."""
    folder.mkdir()
    bench = Bench(folder, index=DictIndex())
    store, other = bench.store(expires_after_days=1), bench.store()
    files = [bench.upload(f"alpha {number}\nbeta") for number in range(FILES)]
    bench.batch(store, files[:4])
    bench.batch(store, files[2:], note="x")
    bench.attach(other, files[0])
    bench.pump.settle()
    store_files.detach(bench.deployment, PROJECT, store, files[3])
    bench.pump.settle()
    return bench, store


def finish(bench: Bench) -> None:
    """Does all work, the purge that is repeated after a day included."""
    bench.pump.restart()
    bench.pump.settle()
    bench.clock.advance(DAY_MS)
    bench.pump.settle()


def step(bench: Bench) -> None:
    while bench.pump.work_one():
        pass


@pytest.mark.usefixtures("small_steps")
def test_cut_anywhere(tmp_path: Path) -> None:
    """Wherever the purge of a deleted store dies, nothing of the store is left once it was delivered again."""
    calls, call = 1, 0
    while call < calls:
        bench, store = filled(tmp_path / str(call))
        vector_stores.delete(bench.deployment, PROJECT, store)
        bench.pump.project()
        try:
            with bench.faults.dying(call, after=True):
                step(bench)
        except Lost:
            pass
        else:
            assert call == 0
            calls = bench.faults.calls
        finish(bench)
        assert sorted(differences(bench.deployment, folded_log.read(bench.deployment))) == [], f"died at call {call}"
        rows = bench.derived.read().execute("SELECT pk, sk FROM views WHERE NOT gone").fetchall()
        assert [
            row for row in rows if (store in row[0] or store in row[1]) and row[0] != past_keys.past(store)
        ] == [], f"died at call {call}"
        assert not [key for key in bench.blobs.list("") if store in key]
        bench.close()
        call += 1
    assert calls > 20


@pytest.mark.usefixtures("small_steps")
def test_expired(tmp_path: Path) -> None:
    """A store that expires loses its chunks and artefacts, wherever the purge dies, and keeps its rows and manifests;
    once it is deleted too, nothing is left.
    """
    for call in range(1, 12):
        bench, store = filled(tmp_path / str(call))
        bench.clock.advance(DAY_MS)
        assert bench.pump.sweep() == 1
        bench.pump.project()
        with suppress(Lost), bench.faults.dying(call, after=True):
            step(bench)
        finish(bench)
        assert bench.index.count(bench.space, store) == {}
        assert not list(bench.blobs.list(f"artefacts/{store}/"))
        assert len(list(bench.blobs.list(f"manifests/{store}/"))) == 2
        rows = bench.deployment.views.table.query(keys.store(store).pk, prefix=keys.FILES)
        assert len(rows) == FILES - 1
        vector_stores.delete(bench.deployment, PROJECT, store)
        finish(bench)
        assert not [key for key in bench.blobs.list("") if store in key]
        bench.close()


def test_bounded(tmp_path: Path) -> None:
    """Each message of the purge of a store with thousands of files makes a bounded number of calls, so that no purge is
    too long for a function; together they remove everything.
    """
    (tmp_path / "b").mkdir()
    bench = Bench(tmp_path / "b", index=DictIndex())
    store, text = bench.store(), "alpha"
    file = bench.upload(text)
    bench.attach(store, file)
    bench.pump.settle()
    _multiply(bench, store, file, 5_000)
    vector_stores.delete(bench.deployment, PROJECT, store)
    bench.pump.project()
    counted: list[int] = []
    more = True
    while more:
        bench.faults.calls, bench.faults.everywhere = 0, True
        more = bench.pump.work_one()
        counted.append(bench.faults.calls)
    bench.faults.everywhere = False
    assert max(counted) < 60, counted
    assert len(counted) > 5_000 / purge.STEP
    rows = bench.derived.read().execute("SELECT pk, sk FROM views WHERE NOT gone").fetchall()
    assert [row for row in rows if (store in row[0] or store in row[1]) and row[0] != past_keys.past(store)] == []
    assert not [key for key in bench.blobs.list("") if store in key]
    bench.close()


def _multiply(bench: Bench, store: str, file: str, times: int) -> None:
    """Copies a file's rows, its batch entry and an object of its artefact, as if there were many such files."""
    table = bench.deployment.views.table
    [row] = table.query(keys.store(store).pk, prefix=keys.FILES)
    puts: list[Write] = [Put(keys.every_batch(store, "vsfb_1"), 0, NO_ROW)]
    for number in range(times):
        copy = f"{file}{number}"
        puts += [
            Put(keys.store_file_row(store, f"{row.key.sk.split('#')[1]}#{number:05d}#{copy}"), 0, NO_ROW),
            Put(keys.attachment(copy, store), 0, NO_ROW),
            Put(keys.content(store, "0" * 64, copy), 0, NO_ROW),
            Put(keys.entry("vsfb_1", copy), 0, NO_ROW),
        ]
    for start in range(0, len(puts), 100):
        table.write(puts[start : start + 100])
    folder = bench.folder / "blobs" / "artefacts" / store
    for number in range(times // 2):
        (folder / f"{file}{number}" / "00000001").mkdir(parents=True)
        (folder / f"{file}{number}" / "00000001" / "text").write_bytes(b"")
