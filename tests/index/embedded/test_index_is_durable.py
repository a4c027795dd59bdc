"""What the embedded index has said to have is on disk, and memory is never ahead of the disk."""

from __future__ import annotations

import sqlite3
from array import array
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.commits_on_disk import SYNCED, commits
from vectorlog.domain.vectors import Chunk, Space
from vectorlog.index.chunk_index import FileChunks, Query
from vectorlog.index.embedded.index import LocalIndex

SPACE = Space("test:model", 2)
STORES = ("s", "t")


def chunk(n: int, text: str) -> Chunk:
    return Chunk(n, text, (array("f", [1, 0]),))


def file(store: str, name: str, text: str) -> FileChunks:
    return FileChunks(store, name, 1, f"row of {name}", 0, {"name": name}, (chunk(0, text),))


def found(index: LocalIndex) -> list[list[tuple[str, str]]]:
    """Files and texts of each store, by vector and by text."""
    queries = [Query(store, array("f", [1, 0]), "word", 10) for store in STORES]
    results = index.search(SPACE, queries)
    return [[(hit.file, hit.text) for hit in (*each.by_vector, *each.by_text)] for each in results]


@pytest.fixture
def refusing(tmp_path: Path) -> LocalIndex:
    """An index whose database refuses texts with the word `poison`, as a full disk refuses any."""
    index = LocalIndex(tmp_path)
    index.add(SPACE, [file(store, "first", f"word in {store}") for store in STORES])
    with sqlite3.connect(tmp_path / "chunks.db") as other:
        other.execute(
            "create trigger refuse before insert on text when new.body like '%poison%'"
            " begin select raise(abort, 'disk is full'); end"
        )
        other.execute(
            "create trigger keep before delete on file when old.name = 'stuck'"
            " begin select raise(abort, 'disk is full'); end"
        )
    other.close()
    return index


def test_on_disk(tmp_path: Path) -> None:
    """Adds and removals that have returned are on disk."""
    with commits() as synced:
        index = LocalIndex(tmp_path)
        index.add(SPACE, [file("s", "f", "a word")])
        index.remove(SPACE, "s", "f")
        index.remove_store(SPACE, "s")
        index.close()
    assert synced["chunks.db"] == {SYNCED}


def test_failed_add(refusing: LocalIndex, tmp_path: Path) -> None:
    """If the disk refuses an add to two stores, neither has any of it: not now, not after the next add, and not after a
    restart.
    """
    before = found(refusing)
    with pytest.raises(sqlite3.IntegrityError, match="full"):
        refusing.add(SPACE, [file("s", "lost", "lost word"), file("t", "lost", "word of poison")])
    assert found(refusing) == before
    refusing.add(SPACE, [file(store, "next", f"next word in {store}") for store in STORES])
    after = found(refusing)
    assert [sorted({name for name, _ in each}) for each in after] == [["first", "next"]] * 2
    assert refusing.count(SPACE, "s") == {("first", 1): 1, ("next", 1): 1}
    refusing.close()
    again = LocalIndex(tmp_path)
    assert found(again) == after
    again.close()


def test_failed_removal(refusing: LocalIndex, tmp_path: Path) -> None:
    """If the disk refuses a removal, the file is found as before, and once it succeeds the file is gone."""
    refusing.add(SPACE, [file("s", "stuck", "stuck word")])
    before = found(refusing)
    with pytest.raises(sqlite3.IntegrityError, match="full"):
        refusing.remove(SPACE, "s", "stuck")
    assert found(refusing) == before
    with sqlite3.connect(tmp_path / "chunks.db") as other:
        other.execute("drop trigger keep")
    other.close()
    refusing.remove(SPACE, "s", "stuck")
    assert ("stuck", "stuck word") not in found(refusing)[0]
    refusing.close()


def test_removed_stays_removed(tmp_path: Path) -> None:
    """Chunks of a removed file are not found again after a restart, whatever was added and removed since."""
    index = LocalIndex(tmp_path)
    long = replace(file("s", "gone", "first word"), chunks=tuple(chunk(n, f"word {n}") for n in range(5)))
    for name in ("gone", "gone too"):
        index.add(SPACE, [replace(long, file=name)])
        index.remove(SPACE, "s", name)
    index.add(SPACE, [file("s", "kept", "kept word")])
    before = found(index)
    assert index.count(SPACE, "s") == {("kept", 1): 1}
    index.close()
    again = LocalIndex(tmp_path)
    assert again.count(SPACE, "s") == {("kept", 1): 1}
    assert found(again) == before
    again.add(SPACE, [file("s", "next", "next word")])
    assert again.count(SPACE, "s") == {("kept", 1): 1, ("next", 1): 1}
    again.close()
