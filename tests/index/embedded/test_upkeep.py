"""Large stores of the embedded index: those of earlier versions are split, and small neighbours become one."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from tests.index.embedded.naive import SPACE, Naive, compare, some_file
from vectorlog.index.embedded import postings, splitting
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.index.embedded.segment import Segment
from vectorlog.index.embedded.snapshot import Snapshot
from vectorlog.index.embedded.tending import Sizes

SMALL = Sizes(exact=0, full=24)


def as_before_segments(folder: Path) -> None:
    """Makes the database of an index that of a version without segments."""
    with sqlite3.connect(folder / "chunks.db") as connection:
        connection.execute("drop table segment")
        connection.execute("alter table postings drop column segment")
        connection.execute("alter table store drop column centre")
    connection.close()


def snapshot(index: LocalIndex) -> Snapshot:
    return index._newest((SPACE, "s"))


@pytest.mark.parametrize("seed", range(4))
def test_a_store_of_one_large_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """A store of an earlier version, of any size, is sealed in segments of the usual size, a step at a time; after
    every step, searches find what they should, also after a restart, and what is removed or added meanwhile counts.
    """
    monkeypatch.setattr(postings, "_LARGEST", 200)
    source, naive = random.Random(seed), Naive()
    index = LocalIndex(tmp_path, sizes=Sizes(exact=10_000, full=10_000))
    for number in range(90):
        made = some_file(source, f"f{number:02}")
        index.add(SPACE, [made])
        naive.add(made)
    for number in source.sample(range(90), 15):
        index.remove(SPACE, "s", f"f{number:02}")
        naive.remove(f"f{number:02}")
    index.close()
    as_before_segments(tmp_path)
    index = LocalIndex(tmp_path, sizes=SMALL)
    assert index._tender is not None
    monkeypatch.setattr(index._tender, "wake", lambda _: None)  # so that each step is seen
    sizes = [len(segment.rows) for segment in snapshot(index).segments]
    assert len(sizes) == 1
    for step in range(200):
        if source.random() < 0.2:
            gone = f"f{source.randrange(90):02}"
            index.remove(SPACE, "s", gone)
            naive.remove(gone)
        if source.random() < 0.2:
            made = some_file(source, f"late{step}")
            index.add(SPACE, [made])
            naive.add(made)
        if source.random() < 0.2:
            index.close()
            index = LocalIndex(tmp_path, sizes=SMALL)
            assert index._tender is not None
            monkeypatch.setattr(index._tender, "wake", lambda _: None)
        if step % 4 == 0:
            compare(index, naive, source)
        if not index._upkeep.tend((SPACE, "s")):
            break
    compare(index, naive, source)
    of_files = [len(segment.rows) for segment in snapshot(index).segments if segment.sealed is not None]
    assert len(of_files) > 3
    assert max(of_files) < 2 * SMALL.full
    index.close()
    shutil.rmtree(tmp_path / "sealed")  # the database has all that the files have
    index = LocalIndex(tmp_path, sizes=SMALL)
    compare(index, naive, source)
    assert index.count(SPACE, "s") == Counter((name, 0) for name, _ in naive.chunks)
    index.close()


def test_a_step_takes_few_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No step writes more than a full segment, or two, however large the store is."""
    monkeypatch.setattr(postings, "_LARGEST", 200)
    index, source = LocalIndex(tmp_path, sizes=Sizes(exact=10_000, full=10_000)), random.Random(5)
    for number in range(120):
        index.add(SPACE, [some_file(source, f"f{number:03}")])
    index.close()
    as_before_segments(tmp_path)
    taken = list[int]()

    def newest_rows(segment: Segment, cut: splitting.Cut) -> Segment:
        taken.append(len(segment.rows) - cut.row)
        return splitting.newest_rows(segment, cut)

    monkeypatch.setattr("vectorlog.index.embedded.upkeep.newest_rows", newest_rows)
    index = LocalIndex(tmp_path, sizes=SMALL)
    index.count(SPACE, "s")
    index.settle()
    assert len(taken) > 5
    assert max(taken) <= 2 * SMALL.full
    assert all(segment.sealed is not None for segment in snapshot(index).segments[:-1])
    index.close()


def test_small_neighbours_become_one(tmp_path: Path) -> None:
    """After erasures have left little of each of many segments, they are not kept apart for ever."""
    index, naive, source = LocalIndex(tmp_path, sizes=SMALL), Naive(), random.Random(6)
    for number in range(80):
        made = some_file(source, f"f{number:02}")
        index.add(SPACE, [made])
        naive.add(made)
    index.settle()
    before = len(snapshot(index).segments)
    for number in range(80):
        if number % 8:
            index.remove(SPACE, "s", f"f{number:02}")
            naive.remove(f"f{number:02}")
            index.expunge(SPACE, "s")
    index.settle()
    after = [len(segment.rows) for segment in snapshot(index).segments]
    assert before >= 9
    assert len(after) <= 4, after
    compare(index, naive, source)
    index.close()
