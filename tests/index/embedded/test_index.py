"""The embedded index's promises beyond those of the port: exact results, durability, limited memory."""

from __future__ import annotations

import math
import random
import signal
import sqlite3
import subprocess
import sys
from array import array
from collections import Counter
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from tests.index.embedded.naive import SPACE, WORDS, Naive, compare, some_file, text, vector
from vectorlog.domain.filters import Comparison
from vectorlog.domain.location import Location
from vectorlog.domain.vectors import Chunk
from vectorlog.index.chunk_index import FileChunks, Query
from vectorlog.index.embedded import compaction
from vectorlog.index.embedded import store as local_store
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.index.embedded.rows import ROW
from vectorlog.index.embedded.schema import SCHEMA, FolderInUse
from vectorlog.index.embedded.search import IndexDamaged


def windows(folder: Path) -> int:
    """The number of vectors on the disk."""
    with sqlite3.connect(folder / "chunks.db") as connection:
        (size,) = connection.execute("select sum(length(vectors)) from block").fetchone()
    connection.close()
    return int(size) // (2 * SPACE.dimensions)


def test_shared_windows_are_kept_once(tmp_path: Path) -> None:
    """Chunks that overlap by half take no more vectors than their file has windows, also after a compaction."""
    source = random.Random(1)
    row = [vector(source) for _ in range(42)]
    chunks = tuple(Chunk(n, f"ba{n}", tuple(row[2 * n : 2 * n + 4])) for n in range(20))
    index = LocalIndex(tmp_path)
    index.add(SPACE, [FileChunks("s", "f", 0, "row", 0, {}, chunks)])
    assert windows(tmp_path) == 42
    index.add(SPACE, [FileChunks("s", "f", 0, "row", 0, {}, (Chunk(10, "other", (row[0],)),))])
    index.expunge(SPACE, "s")
    assert windows(tmp_path) == 43  # nothing is lost: the windows of chunk 10 are in its neighbours too
    for restarted in (False, True):
        if restarted:
            index.close()
            index = LocalIndex(tmp_path)
        for number, wanted in enumerate(row):
            [found] = index.search(SPACE, [Query("s", wanted, None, 2)])
            having = sorted(chunk.n for chunk in chunks if wanted in chunk.vectors and chunk.n != 10)
            assert found.by_vector[0].n in (having or [10]), number
            assert found.by_vector[0].cosine == pytest.approx(1, abs=1e-3)
    index.close()


def test_rows_of_an_earlier_version(tmp_path: Path) -> None:
    """Rows that did not say how many windows they have are found with all of them, beside new ones."""
    source, naive, index = random.Random(1), Naive(), LocalIndex(tmp_path)
    made = [some_file(source, f"f{number}") for number in range(6)]
    for each in made[:3]:
        chunks = tuple(Chunk(n, text(source), tuple(vector(source) for _ in range(n + 1))) for n in range(3))
        file = replace(each, chunks=chunks)
        index.add(SPACE, [file])
        naive.add(file)
    index.close()
    with sqlite3.connect(tmp_path / "chunks.db") as connection:
        for first, rows in connection.execute("select first, rows from block").fetchall():
            new = np.frombuffer(rows, ROW)
            old = np.empty(len(new), np.dtype([(name, ROW[name]) for name in ROW.names or () if name != "windows"]))
            for name in old.dtype.names or ():
                old[name] = new[name]
            connection.execute("update block set rows = ? where first = ?", (old.tobytes(), first))
        connection.execute("alter table block drop column format")
    connection.close()
    for _ in range(2):
        index = LocalIndex(tmp_path)
        for each in made[3:]:
            index.add(SPACE, [each])
            naive.add(each)
        compare(index, naive, source)
        index.close()


def test_a_database_of_an_earlier_version(tmp_path: Path) -> None:
    """Chunks that were added before locations were kept are found without one, and new ones have theirs."""
    index, source = LocalIndex(tmp_path), random.Random(1)
    index.add(SPACE, [some_file(source, "old", chunks=1)])
    index.close()
    with sqlite3.connect(tmp_path / "chunks.db") as connection:
        connection.execute("alter table text drop column location")
    connection.close()
    with_location = Chunk(0, "ba0", (vector(source),), Location(3, 6, 1, 1))
    for _ in range(2):
        index = LocalIndex(tmp_path)
        index.add(SPACE, [FileChunks("s", "new", 0, "row", 0, {}, (with_location,))])
        [found] = index.search(SPACE, [Query("s", vector(source), None, 5)])
        assert {hit.file: hit.location for hit in found.by_vector} == {"old": None, "new": Location(3, 6, 1, 1)}
        index.close()


class TestExactness:
    @pytest.mark.parametrize("seed", range(4))
    def test_random_histories(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
        """After any adds, replacements, removals, merges, compactions and restarts, hits and scores are as defined."""
        monkeypatch.setattr(compaction, "_DEAD", 6)
        monkeypatch.setattr(compaction, "_BLOCK", 5)
        source, naive, index = random.Random(seed), Naive(), LocalIndex(tmp_path)
        for step in range(90):
            if source.random() < 0.6:
                files = [some_file(source, f"f{source.randrange(25)}") for _ in range(source.randint(1, 3))]
                index.add(SPACE, files)
                for file in files:
                    naive.add(file)
            else:
                name = f"f{source.randrange(25)}"
                index.remove(SPACE, "s", name)
                naive.remove(name)
            if source.random() < 0.1:
                index.close()
                index = LocalIndex(tmp_path)
            if step % 3 == 0:
                compare(index, naive, source)
        assert index.count(SPACE, "s") == Counter((name, 0) for name, _ in naive.chunks)
        index.close()

    def test_equal_chunks_tie(self, tmp_path: Path) -> None:
        """Chunks with the same content have exactly the same scores, and are in order of file and n, whatever else
        there is.
        """
        source, index = random.Random(1), LocalIndex(tmp_path)
        same = (Chunk(0, "ba0 ke1 lo2", (vector(source),)),)
        for i in range(37, 0, -1):
            index.add(SPACE, [some_file(source, f"other{i}"), FileChunks("s", f"same{i:02}", 0, "row", 0, {}, same)])
        (found,) = index.search(
            SPACE, [Query("s", same[0].vectors[0], "lo2 ba0", 20, Comparison("ne", "k", 0), {"same03": None})]
        )
        expected = [f"same{i:02}" for i in range(1, 22) if i != 3]
        assert [hit.file for hit in found.by_vector] == expected
        assert len({hit.cosine for hit in found.by_vector}) == 1
        by_text = [hit for hit in found.by_text if hit.file.startswith("same")]
        assert [hit.file for hit in by_text] == expected[: len(by_text)]
        assert len({hit.bm25 for hit in by_text}) == 1
        index.close()

    def test_both_scores_of_every_hit(self, tmp_path: Path) -> None:
        """A hit by vector also has its BM25, 0.0 if no word matches, and a hit by text its cosine."""
        index = LocalIndex(tmp_path)
        east, north = (array("f", [1.0 if i == place else 0.0 for i in range(16)]) for place in (0, 1))
        chunks = (Chunk(0, "fox", (east,)), Chunk(1, "dog", (north,)))
        index.add(SPACE, [FileChunks("s", "f", 0, "row", 0, {}, chunks)])
        (found,) = index.search(SPACE, [Query("s", east, "dog", 1)])
        assert [(hit.text, hit.cosine, hit.bm25) for hit in found.by_vector] == [("fox", 1.0, 0.0)]
        assert [(hit.text, hit.cosine) for hit in found.by_text] == [("dog", 0.0)]
        index.close()

    def test_words_of_other_stores_do_not_count(self, tmp_path: Path) -> None:
        """How rare a word is, and so every score, depends on the store alone: other stores' contents do not show."""
        source, index = random.Random(5), LocalIndex(tmp_path)
        query = Query("s", None, f"{WORDS[0]} {WORDS[4]}", 50)
        index.add(SPACE, [some_file(source, f"f{i}") for i in range(10)])
        before = index.search(SPACE, [query])
        index.add(SPACE, [some_file(source, f"g{i}", store="t") for i in range(30)])
        assert index.search(SPACE, [query]) == before
        assert before[0].by_text
        index.close()


class TestRetag:
    def test_a_retag_writes_no_chunks(self, tmp_path: Path) -> None:
        """Adding the same chunks with other attributes does not store texts or vectors again."""
        index, file = LocalIndex(tmp_path), some_file(random.Random(1), "f")
        index.add(SPACE, [file])
        with sqlite3.connect(tmp_path / "chunks.db") as reader:
            before = reader.execute("select (select max(id) from text), (select count(*) from block)").fetchone()
            index.add(SPACE, [FileChunks("s", "f", 0, "row", 1, {"k": "new"}, file.chunks)])
            assert (
                reader.execute("select (select max(id) from text), (select count(*) from block)").fetchone() == before
            )
        reader.close()
        assert index.search(SPACE, [Query("s", file.chunks[0].vectors[0], None, 1, Comparison("eq", "k", "new"))])[
            0
        ].by_vector
        index.close()


class TestMemory:
    def test_stores_leave_memory_and_come_back(self, tmp_path: Path) -> None:
        """With memory for a few stores only, a hundred can be searched, even during writes."""
        index, source = LocalIndex(tmp_path, memory=30_000), random.Random(2)
        for i in range(100):
            index.add(SPACE, [some_file(source, f"f{i}", store=f"s{i}")])

        def grow() -> None:
            for i in range(0, 100, 2):
                index.add(SPACE, [some_file(random.Random(i), "more", store=f"s{i}")])

        writer = Thread(target=grow)
        writer.start()
        for i in range(1, 100, 2):
            assert index.count(SPACE, f"s{i}") == {(f"f{i}", 0): 3}
        writer.join()
        assert all(index.count(SPACE, f"s{i}") == {(f"f{i}", 0): 3, ("more", 0): 3} for i in range(0, 100, 2))
        assert index.nbytes <= 30_000
        index.close()

    def test_removing_gives_space_back(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A store whose files are added and removed uses about as much memory and disk as its current content needs."""
        monkeypatch.setattr(compaction, "_DEAD", 10)
        index, source = LocalIndex(tmp_path), random.Random(3)
        for i in range(60):
            index.add(SPACE, [some_file(source, f"f{i}")])
            index.remove(SPACE, "s", f"f{i - 2}")
        index.remove_store(SPACE, "empty")
        with sqlite3.connect(tmp_path / "chunks.db") as reader:
            (texts,) = reader.execute("select count(*) from text").fetchone()
            (rows,) = reader.execute("select sum(length(rows)) / 32 from block").fetchone()
        reader.close()
        assert texts == 6
        assert rows <= 6 + 10 + 3
        index.close()

    def test_cycles_do_not_add_up(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A store of two chunks uses the same memory and numbers after hundreds of files as after a few, and what it
        finds is right, also after a restart.
        """
        monkeypatch.setattr(compaction, "_DEAD", 20)
        index, source = LocalIndex(tmp_path), random.Random(8)
        used = list[int]()
        for i in range(400):
            index.add(SPACE, [some_file(source, f"f{i}", chunks=2)])
            index.remove(SPACE, "s", f"f{i - 1}")
            assert index.count(SPACE, "s") == {(f"f{i}", 0): 2}
            if i % 100 == 99:
                used.append(index.nbytes)
                index.close()
                index = LocalIndex(tmp_path)
                assert index.count(SPACE, "s") == {(f"f{i}", 0): 2}
        assert max(used) < 40_000
        with sqlite3.connect(tmp_path / "chunks.db") as reader:
            assert reader.execute("select max(number) from file").fetchone()[0] < 40
        reader.close()
        index.close()

    def test_a_number_waits_for_its_dead_rows(self, tmp_path: Path) -> None:
        """The chunks of a removed file do not come back as those of the next file, however soon that is added."""
        index, source = LocalIndex(tmp_path), random.Random(9)
        index.add(SPACE, [some_file(source, "first", chunks=5)])
        index.retag(SPACE, FileChunks("s", "empty", 0, "row", 0, {}, ()))
        for name in ("first", "empty"):
            index.remove(SPACE, "s", name)
        index.close()
        index = LocalIndex(tmp_path)
        for name in ("second", "third"):
            index.add(SPACE, [some_file(source, name, chunks=2)])
        for _ in range(2):
            assert index.count(SPACE, "s") == {("second", 0): 2, ("third", 0): 2}
            index.close()
            index = LocalIndex(tmp_path)
        index.close()

    def test_disk_is_given_back(self, tmp_path: Path) -> None:
        """The file shrinks when stores and files are removed, while searches go on; what stays is found."""
        index, source, path = LocalIndex(tmp_path), random.Random(10), tmp_path / "chunks.db"
        long = "word " * 4_000
        for i in range(300):
            chunk = Chunk(0, f"{long}{i}", (vector(source),))
            index.add(SPACE, [FileChunks(store, f"f{i}", 0, "row", 0, {}, (chunk,)) for store in ("s", "t")])
        full = pages(path)
        stop, searches = Event(), 0

        def search() -> None:
            nonlocal searches
            while not stop.is_set():
                (found,) = index.search(SPACE, [Query("s", None, "word", 300)])
                assert {hit.file for hit in found.by_text} >= {f"f{i}" for i in range(250, 300)}
                searches += 1

        searching = Thread(target=search)
        searching.start()
        index.remove_store(SPACE, "t")
        half = pages(path)
        for i in range(250):
            index.remove(SPACE, "s", f"f{i}")
        stop.set()
        searching.join()
        index.close()
        assert searches
        assert half < 0.7 * full
        assert pages(path) < 0.3 * full
        assert path.stat().st_size < 0.3 * full * 4_096

    def test_an_older_file_is_converted(self, tmp_path: Path) -> None:
        """A file of an earlier version, which could not shrink, is converted at a start at which much of it is free,
        and keeps its content.
        """
        with sqlite3.connect(tmp_path / "chunks.db") as old:
            for statement in ("pragma journal_mode=wal", *SCHEMA):
                old.execute(statement)
        old.close()
        source, more = random.Random(11), "word " * 2_000
        index = LocalIndex(tmp_path)
        for i in range(400):
            index.add(SPACE, [FileChunks("s", f"f{i}", 0, "row", 0, {}, (Chunk(0, f"{more}{i}", (vector(source),)),))])
        index.close()
        with sqlite3.connect(tmp_path / "chunks.db", isolation_level=None) as old:
            old.execute("pragma auto_vacuum=none")
            old.execute("vacuum")
            old.execute("pragma foreign_keys=on")
            old.execute("delete from file where number > 3")
        old.close()
        full = pages(tmp_path / "chunks.db")
        index = LocalIndex(tmp_path)
        assert index.count(SPACE, "s") == {(f"f{i}", 0): 1 for i in range(4)}
        assert pages(tmp_path / "chunks.db") < full / 10
        index.close()

    def test_a_removed_store_leaves_nothing(self, tmp_path: Path) -> None:
        """Every table is empty after the only store is removed."""
        index = LocalIndex(tmp_path)
        index.add(SPACE, [some_file(random.Random(4), "f")])
        index.remove_store(SPACE, "s")
        with sqlite3.connect(tmp_path / "chunks.db") as reader:
            for table in ("store", "file", "block", "postings", "text"):
                assert reader.execute(f"select count(*) from {table}").fetchone() == (0,)
        reader.close()
        index.close()


def pages(path: Path) -> int:
    """The number of pages of a database."""
    with sqlite3.connect(path) as reader:
        (found,) = reader.execute("pragma page_count").fetchone()
    reader.close()
    return int(found)


def fail(*_: object) -> None:
    raise OSError("disk full")


class TestFailure:
    def test_a_refused_add_changes_nothing(self, tmp_path: Path) -> None:
        """A vector of another length, or one that is not finite, is a ValueError, and nothing of that call is kept."""
        index, source = LocalIndex(tmp_path), random.Random(5)
        index.add(SPACE, [some_file(source, "good")])
        for bad in ((), (array("f", [1.0]),), (array("f", [math.nan] * 16),)):
            with pytest.raises(ValueError, match="Chunk 7"):
                index.add(
                    SPACE, [some_file(source, "new"), FileChunks("s", "bad", 0, "row", 0, {}, (Chunk(7, "x", bad),))]
                )
        assert index.count(SPACE, "s") == {("good", 0): 3}
        index.close()

    def test_a_failed_commit_changes_nothing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """If an add fails half-way, searches see the state before, and the next add works."""
        index, source = LocalIndex(tmp_path), random.Random(6)
        index.add(SPACE, [some_file(source, "good")])
        with monkeypatch.context() as patch:
            patch.setattr(local_store, "invert", fail)
            with pytest.raises(OSError, match="disk"):
                index.add(SPACE, [some_file(source, "bad"), some_file(source, "good")])
        assert index.count(SPACE, "s") == {("good", 0): 3}
        index.add(SPACE, [some_file(source, "next")])
        assert index.count(SPACE, "s") == {("good", 0): 3, ("next", 0): 3}
        index.close()

    def test_a_missing_text_is_said(self, tmp_path: Path) -> None:
        """A database that lost a text makes the search fail with the store's name; it neither hangs nor drops the
        hit.
        """
        index, file = LocalIndex(tmp_path), some_file(random.Random(7), "f")
        index.add(SPACE, [file])
        with sqlite3.connect(tmp_path / "chunks.db") as writer:
            writer.execute("delete from text")
        writer.close()
        with pytest.raises(IndexDamaged, match="store s "):
            index.search(SPACE, [Query("s", file.chunks[0].vectors[0], None, 5)])
        index.close()

    def test_one_owner(self, tmp_path: Path) -> None:
        """A second index on the same folder is refused until the first is closed."""
        index = LocalIndex(tmp_path)
        with pytest.raises(FolderInUse, match="in use"):
            LocalIndex(tmp_path)
        index.close()
        LocalIndex(tmp_path).close()


WRITER = """
import sys
from array import array
from pathlib import Path
from vectorlog.domain.vectors import Chunk, Space
from vectorlog.index.chunk_index import FileChunks
from vectorlog.index.embedded.index import LocalIndex

index, space, first = LocalIndex(Path(sys.argv[1])), Space("test:model", 16), int(sys.argv[2])
for i in range(first, first + 100_000):
    vector = array("f", [float(i >> bit & 1) for bit in range(16)])
    chunks = tuple(Chunk(n, f"word{i} number {n}", (vector,)) for n in range(2))
    index.add(space, [FileChunks(store, f"f{i}", 0, "row", 0, {"i": i}, chunks) for store in ("s", f"t{i % 3}")])
    if i % 5 == 4:
        index.remove(space, "s", f"f{i - 2}")
    print(i, flush=True)
"""


class TestCrash:
    def test_kill_loses_nothing(self, tmp_path: Path) -> None:
        """A process killed at any moment keeps every acknowledged add and removal completely, and nothing half of the
        next.
        """
        done = -1
        for round_ in range(4):
            writer = subprocess.Popen(
                [sys.executable, "-c", WRITER, str(tmp_path), str(done + 1)], stdout=subprocess.PIPE, text=True
            )
            assert writer.stdout is not None
            for _ in range(20 + 7 * round_):
                done = int(writer.stdout.readline())
            writer.send_signal(signal.SIGKILL)
            done = max([done, *(int(line) for line in writer.stdout.read().splitlines())])
            writer.wait()
            writer.stdout.close()
            index = LocalIndex(tmp_path)
            removed = {i - 2 for i in range(4, done + 1, 5)}
            count = index.count(SPACE, "s")
            unacknowledged = {f"f{done + 1}", f"f{done - 1}"}
            assert {name for name, _ in count} ^ {
                f"f{i}" for i in range(done + 1) if i not in removed
            } <= unacknowledged
            assert set(count.values()) == {2}
            for i in (0, done // 2, done):
                (found,) = index.search(SPACE, [Query(f"t{i % 3}", None, f"word{i}", 5, Comparison("eq", "i", i))])
                assert sorted((hit.file, hit.text) for hit in found.by_text) == [
                    (f"f{i}", f"word{i} number {n}") for n in range(2)
                ]
            for i in range(3):
                expected = {f"f{j}" for j in range(i, done + 1, 3)}
                assert {name for name, _ in index.count(SPACE, f"t{i}")} - {f"f{done + 1}"} == expected
            index.close()
