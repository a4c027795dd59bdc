"""An export that several threads read, and an import by several threads, as on AWS."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.operations.transfer.answers import answers, history, unwatched
from tests.operations.transfer.moves import assert_clean, in_order_of_streams
from tests.support.bench import Bench
from vectorlog.operations import progress
from vectorlog.operations.readers import Readers
from vectorlog.operations.transfer import archive, objects
from vectorlog.operations.transfer.contents import OBJECTS
from vectorlog.operations.transfer.export import export
from vectorlog.operations.transfer.importing import Target, import_into

THREADS = 3


@pytest.mark.parametrize("name", ["export", "export.tar"])
def test_same_answers(make: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A deployment that threads moved answers as before; a repeated import changes nothing."""
    monkeypatch.setattr(progress, "PAGE", 4)
    monkeypatch.setattr(objects, "TOGETHER", 4)
    bench, target = make("source"), make("target")
    made = history(bench)
    expected = answers(bench.deployment, made)
    target.clock.now = bench.clock.now
    in_order_of_streams(target, monkeypatch)
    with ThreadPoolExecutor(THREADS) as pool:
        readers = Readers(pool, THREADS)
        with archive.writing(tmp_path / name) as sink:
            contents = export(bench.deployment, sink, unwatched, readers)
        assert (contents.commits, contents.missing) == (len(list(bench.log.scan())), ())
        for indexed in (3, 0):
            into = Target(target.deployment, target.pump.projector, workers_running=True, readers=readers)
            with archive.reading(tmp_path / name) as source:
                _, report = import_into(source, into, unwatched)
            assert (report.indexed, report.again, report.lost) == (indexed, 0, [])
            assert answers(target.deployment, made) == expected
            assert_clean(target)
    assert {commit.id for commit in target.log.scan()} == {commit.id for commit in bench.log.scan()}


def test_objects_are_fetched_at_once(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An export waits for several objects at a time."""
    for number in range(THREADS):
        bench.upload(f"alpha {number}")
    meet, local = threading.Barrier(THREADS), bench.blobs.local

    @contextmanager
    def together(key: str) -> Iterator[Path]:
        meet.wait(10)  # breaks unless all are asked for at once
        with local(key) as path:
            yield path

    opened: Callable[[str], AbstractContextManager[Path]] = together
    monkeypatch.setattr(bench.blobs, "local", opened)
    with ThreadPoolExecutor(THREADS) as pool, archive.writing(tmp_path / "export") as sink:
        assert export(bench.deployment, sink, unwatched, Readers(pool, THREADS)).objects == THREADS
    copies = [path for path in (tmp_path / "export" / OBJECTS).rglob("*") if path.is_file()]
    assert sorted(path.read_bytes() for path in copies) == [f"alpha {number}".encode() for number in range(THREADS)]
