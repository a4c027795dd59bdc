"""Large stores of the embedded index: in sealed segments, whose files are derived, checked and bounded."""

from __future__ import annotations

import logging
import os
import random
import signal
import sqlite3
import subprocess
import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.index.embedded.naive import SPACE, Naive, compare, some_file, vector
from vectorlog.domain.filters import Comparison
from vectorlog.domain.vectors import Chunk, Space
from vectorlog.index.chunk_index import FileChunks, Query
from vectorlog.index.embedded import compaction, sealed, tending
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.index.embedded.tending import Sizes

SMALL = Sizes(exact=0, full=8)


def files_of(folder: Path) -> list[Path]:
    """The files of sealed segments."""
    return sorted((folder / "sealed").iterdir())


def query(sql: str, folder: Path) -> list[tuple[object, ...]]:
    """What the database of an index answers."""
    with sqlite3.connect(folder / "chunks.db") as connection:
        found = connection.execute(sql).fetchall()
    connection.close()
    return found


def filled(folder: Path, count: int = 12, memory: int = 1 << 30) -> tuple[LocalIndex, Naive, random.Random]:
    """An index with files of three chunks in sealed segments, and the same in its simplest form."""
    index, naive, source = LocalIndex(folder, memory, sizes=SMALL), Naive(), random.Random(count)
    for number in range(count):
        made = some_file(source, f"f{number:02}")
        index.add(SPACE, [made])
        naive.add(made)
    index.settle()
    return index, naive, source


@pytest.mark.parametrize("seed", range(4))
def test_random_histories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """After any adds, replacements, removals, seals, compactions and restarts, hits and scores are as defined."""
    monkeypatch.setattr(compaction, "_DEAD", 3)
    source, naive, index = random.Random(seed), Naive(), LocalIndex(tmp_path, sizes=SMALL)
    for step in range(90):
        kind = source.random()
        if kind < 0.6:
            files = [some_file(source, f"f{source.randrange(25)}") for _ in range(source.randint(1, 3))]
            index.add(SPACE, files)
            for file in files:
                naive.add(file)
        elif kind < 0.98:
            name = f"f{source.randrange(25)}"
            index.remove(SPACE, "s", name)
            naive.remove(name)
        else:
            index.expunge(SPACE, "s")
        if source.random() < 0.3:
            index.settle()
        if source.random() < 0.1:
            index.close()
            index = LocalIndex(tmp_path, sizes=SMALL)
        if step % 3 == 0:
            compare(index, naive, source)
    index.settle()
    compare(index, naive, source)
    assert index.count(SPACE, "s") == Counter((name, 0) for name, _ in naive.chunks)
    assert query("select file from segment where file is not null order by file", tmp_path) == [
        (path.name,) for path in sorted(files_of(tmp_path), key=lambda path: path.name)
    ]
    index.close()


def test_the_best_words_of_many_rows(tmp_path: Path) -> None:
    """Few hits are the right ones too, although most rows are never scored for the common words of a query."""
    index, naive, source = filled(tmp_path, 150)
    for _ in range(5):
        compare(index, naive, source)
    index.close()


def test_few_are_compared_and_the_right_ones_found(tmp_path: Path) -> None:
    """Of the ten nearest chunks of 12,000, at least .99 are found although about one in ten is compared, also with a
    filter that keeps 1 %.
    """
    made, space = np.random.default_rng(1), Space("test:model", 384)
    centres = made.standard_normal((100, 64)) @ made.standard_normal((64, 384)) + 18
    every = centres[made.integers(100, size=12_000)] + 4 * made.standard_normal((12_000, 96)) @ made.standard_normal(
        (96, 384)
    ) / np.sqrt(96)
    every /= np.linalg.norm(every, axis=1, keepdims=True)
    every = every.astype(np.float16).astype(np.float32)
    index = LocalIndex(tmp_path, sizes=Sizes(exact=0, full=4_000))
    for first in range(0, len(every), 1_000):
        chunks = [Chunk(n, "", (array("f", every[n].tobytes()),)) for n in range(first, first + 1_000)]
        index.add(space, [FileChunks("s", f"{c.n:05}", 0, "", 0, {"part": c.n % 100}, (c,)) for c in chunks])
    index.settle()
    assert len(files_of(tmp_path)) == 3
    for step, condition in ((1, None), (100, Comparison("eq", "part", 0))):
        found = 0
        for wanted in every[made.integers(len(every), size=40)]:
            [result] = index.search(space, [Query("s", array("f", wanted.tobytes()), None, 10, condition)])
            right = step * np.argsort(-(every[::step] @ wanted), kind="stable")[:10]
            found += len({f"{n:05}" for n in right} & {hit.file for hit in result.by_vector})
            assert result.by_vector[0].cosine == pytest.approx(float((every[::step] @ wanted).max()), abs=1e-4)
        assert found >= 0.99 * 400
    index.close()


def steps(index: LocalIndex, action: Callable[[], object]) -> int:
    """The steps that SQLite takes for an action, in tens."""
    taken = 0

    def step() -> int:
        nonlocal taken
        taken += 1
        return 0

    if index._tender:
        index._tender.close()  # its steps do not count
    index._database._writer.set_progress_handler(step, 10)
    action()
    index._database._writer.set_progress_handler(None, 10)
    return taken


def test_an_add_leaves_other_segments_alone(tmp_path: Path) -> None:
    """What an add or a removal costs does not depend on the size of the store: it makes nothing of sealed segments
    anew, and the database takes as many steps as for a small store.
    """
    small, _, source = filled(tmp_path / "small", 6)
    index, _, _ = filled(tmp_path / "large", 120)
    new = some_file(source, "new")
    for action in (
        lambda index: index.add(SPACE, [new]),
        lambda index: index.retag(SPACE, replace(new, chunks=(), revision=1)),
        lambda index: index.remove(SPACE, "s", "f02"),
    ):
        assert steps(index, partial(action, index)) <= 1.2 * steps(small, partial(action, small)) + 3
    small.close()
    before = index._newest((SPACE, "s")).segments
    index.add(SPACE, [some_file(source, "newer")])
    after = index._newest((SPACE, "s")).segments
    sealed_before = [segment for segment in before if segment.sealed]
    assert len(sealed_before) > 15
    assert all(one is other for one, other in zip(sealed_before, after, strict=False))
    index.close()


class TestFiles:
    def test_what_is_damaged_is_made_anew(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """A file that is missing, cut off, or has other content is made anew from the database, which is logged with
        the store, and what is found is as before.
        """

        def cut(path: Path) -> None:
            os.truncate(path, path.stat().st_size - 100)

        def swap(path: Path) -> None:
            other = next(each for each in files_of(tmp_path) if each != path)
            path.write_bytes(other.read_bytes())

        def flip(path: Path) -> None:
            content = bytearray(path.read_bytes())
            content[4_096 + 7] ^= 1
            path.write_bytes(content)

        index, naive, source = filled(tmp_path)
        index.remove(SPACE, "s", "f03")
        naive.remove("f03")
        for damage in (Path.unlink, cut, swap, flip):
            index.close()
            caplog.clear()
            damage(files_of(tmp_path)[1])
            index = LocalIndex(tmp_path, sizes=SMALL)
            compare(index, naive, source)
            assert "Store s:" in caplog.text
            assert "made anew" in caplog.text
            caplog.clear()
            index.close()
            index = LocalIndex(tmp_path, sizes=SMALL)
            compare(index, naive, source)
            assert caplog.text == ""
        index.close()

    def test_a_reader_writes_nothing(self, tmp_path: Path) -> None:
        """A process that only reads finds everything without a damaged file, and leaves the folder as it is."""
        index, naive, source = filled(tmp_path)
        index.close()
        files_of(tmp_path)[0].unlink()
        left = files_of(tmp_path)
        reader = LocalIndex(tmp_path, read_only=True, sizes=SMALL)
        compare(reader, naive, source)
        reader.close()
        assert files_of(tmp_path) == left

    def test_they_are_on_disk_before_they_are_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The content of a file and its name are synced, in this order, before the database has the name."""
        order = list[str]()
        index, _, source = filled(tmp_path, 2)
        (sync, name, seal) = (os.fsync, Path.replace, sealed.read)

        def synced(file: int) -> None:
            order.append("folder" if os.path.isdir(f"/proc/self/fd/{file}") else "file")
            sync(file)

        def named(path: Path, target: Path) -> Path:
            order.append("name")
            return name(path, target)

        def read(*arguments: object) -> object:
            order.append("read")
            return seal(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(os, "fsync", synced)
        monkeypatch.setattr(Path, "replace", named)
        monkeypatch.setattr(sealed, "read", read)
        index.add(SPACE, [some_file(source, f"more{i}") for i in range(3)])
        index.settle()
        assert order == ["file", "name", "folder", "read"]
        index.close()

    def test_leftovers_go(self, tmp_path: Path) -> None:
        """What a crash left of a file that nothing names is deleted at the next start."""
        index, naive, source = filled(tmp_path)
        kept = files_of(tmp_path)
        index.close()
        (tmp_path / "sealed" / "1-0-00000000").write_bytes(b"left")
        (tmp_path / "sealed" / "1-0-00000001.new").write_bytes(b"left")
        index = LocalIndex(tmp_path, sizes=SMALL)
        assert files_of(tmp_path) == kept
        compare(index, naive, source)
        index.close()

    def test_a_removed_store_has_none(self, tmp_path: Path) -> None:
        """A store that is removed leaves no file and no row of any table, and another of its name is empty."""
        index, _, source = filled(tmp_path)
        index.remove_store(SPACE, "s")
        assert files_of(tmp_path) == []
        for table in ("store", "segment", "file", "block", "postings", "text"):
            assert query(f"select count(*) from {table}", tmp_path) == [(0,)]
        [found] = index.search(SPACE, [Query("s", vector(source), "ba0 ke0", 9)])
        assert (found.by_vector, found.by_text) == ((), ())
        index.close()

    def test_an_expunged_file_is_in_none(self, tmp_path: Path) -> None:
        """After a removed file was expunged, no file holds its vectors, and the rest is found as before."""
        index, naive, source = filled(tmp_path)
        gone = some_file(source, "gone")
        index.add(SPACE, [gone])
        for number in range(20, 26):
            made = some_file(source, f"f{number}")
            index.add(SPACE, [made])
            naive.add(made)
        index.settle()
        pattern = np.asarray(gone.chunks[-1].vectors[-1], np.float32).astype(np.float16).tobytes()
        assert any(pattern in path.read_bytes() for path in files_of(tmp_path))
        index.remove(SPACE, "s", "gone")
        index.expunge(SPACE, "s")
        index.settle()
        assert not any(pattern in path.read_bytes() for path in files_of(tmp_path))
        compare(index, naive, source)
        index.close()

    def test_a_full_disk(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """If the file of a segment cannot be written, the segment stays in memory, which is logged with the store;
        everything is found, and the next change tries again.
        """

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            index, naive, source = filled(tmp_path)
            compare(index, naive, source)
        assert "Store s could not be tended" in caplog.text
        assert files_of(tmp_path) == []
        made = some_file(source, "more")
        index.add(SPACE, [made])
        naive.add(made)
        index.settle()
        assert files_of(tmp_path)
        compare(index, naive, source)
        index.close()


def test_dead_rows_of_files_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of segments whose chunks were mostly removed are joined and made smaller, and numbers are used again."""
    monkeypatch.setattr(compaction, "_DEAD", 3)
    index, naive, source = filled(tmp_path, 40)
    before = len(files_of(tmp_path))
    for number in range(39):
        if number % 6:
            index.remove(SPACE, "s", f"f{number:02}")
            naive.remove(f"f{number:02}")
    index.settle()
    assert len(files_of(tmp_path)) < before * 0.7
    compare(index, naive, source)
    for number in range(40, 70):
        made = some_file(source, f"f{number}")
        index.add(SPACE, [made])
        naive.add(made)
    assert query("select max(number) < 50 from file", tmp_path) == [(1,)]
    index.close()
    index = LocalIndex(tmp_path, sizes=SMALL)
    compare(index, naive, source)
    index.close()


def test_a_store_above_the_memory_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A store that needs more than `--index-memory-mb` works, and what that costs is logged once."""
    with caplog.at_level(logging.WARNING):
        index, naive, source = filled(tmp_path, memory=1_000)
    compare(index, naive, source)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert "Store s needs" in told[0]
    assert "drops all other stores" in told[0]
    index.close()


def test_a_database_of_an_earlier_version(tmp_path: Path) -> None:
    """A store that was made before there were segments is served, and sealed when it is next added to."""
    index, naive, source = LocalIndex(tmp_path), Naive(), random.Random(3)
    made = [some_file(source, f"f{number}") for number in range(6)]
    for each in made[:5]:
        index.add(SPACE, [each])
        naive.add(each)
    index.close()
    with sqlite3.connect(tmp_path / "chunks.db") as connection:
        for statement in (
            "drop table segment",
            "drop index text_chunk",
            "alter table text drop column n",
            "alter table postings drop column segment",
            "alter table store drop column centre",
        ):
            connection.execute(statement)
    connection.close()
    index = LocalIndex(tmp_path, sizes=SMALL)
    compare(index, naive, source)
    changed = replace(made[1], chunks=some_file(source, "f1").chunks)
    for each in (changed, made[5]):
        index.add(SPACE, [each])
        naive.add(each)
    index.settle()
    assert files_of(tmp_path)
    compare(index, naive, source)
    index.close()


WRITER = """
import sys
from array import array
from pathlib import Path
from vectorlog.domain.vectors import Chunk, Space
from vectorlog.index.chunk_index import FileChunks
from vectorlog.index.embedded import compaction
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.index.embedded.tending import Sizes

compaction._DEAD = 2
index, space, first = LocalIndex(Path(sys.argv[1]), sizes=Sizes(0, 8)), Space("test:model", 16), int(sys.argv[2])
for i in range(first, first + 100_000):
    vector = array("f", [float(i >> bit & 1) for bit in range(16)])
    chunks = tuple(Chunk(n, f"word{i} number {n}", (vector,)) for n in range(2))
    index.add(space, [FileChunks("s", f"f{i}", 0, "row", 0, {"i": i}, chunks)])
    if i % 5 > 1:
        index.remove(space, "s", f"f{i - 9}")
    print(i, flush=True)
"""


def acknowledged(done: int) -> Iterator[int]:
    """The files that are left after so many steps of the writer."""
    return (i for i in range(done + 1) if not (i + 9 <= done and (i + 9) % 5 > 1))


def test_kill_loses_nothing(tmp_path: Path) -> None:
    """A process killed at any moment, while segments are sealed and compacted, keeps every acknowledged add and
    removal.
    """
    done = -1
    for round_ in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(done + 1)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(30 + 7 * round_):
            done = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        done = max([done, *(int(line) for line in writer.stdout.read().splitlines())])
        writer.wait()
        writer.stdout.close()
        index = LocalIndex(tmp_path, sizes=tending.Sizes(0, 8))
        count = index.count(SPACE, "s")
        unsaid = {f"f{done + 1}", f"f{done - 8}"}
        assert {name for name, _ in count} ^ {f"f{i}" for i in acknowledged(done)} <= unsaid
        assert set(count.values()) == {2}
        for i in [*acknowledged(done)][::7]:
            [found] = index.search(SPACE, [Query("s", None, f"word{i}", 5, Comparison("eq", "i", i))])
            hits = sorted((hit.file, hit.text) for hit in found.by_text)
            assert hits == [(f"f{i}", f"word{i} number {n}") for n in range(2)] or f"f{i}" in unsaid
        index.close()
    assert files_of(tmp_path)
