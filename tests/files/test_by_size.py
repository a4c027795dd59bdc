"""Small blobs are rows, large ones files, and a key is in one of the two."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vectorlog.defaults import SMALL_FILE_BYTES
from vectorlog.files.blobs import StoredBlob
from vectorlog.files.by_size import BlobsBySize
from vectorlog.files.folder import FolderBlobs

SMALL, LARGE = b"s" * SMALL_FILE_BYTES, b"l" * (SMALL_FILE_BYTES + 1)


@pytest.fixture
def blobs(tmp_path: Path) -> Iterator[BlobsBySize]:
    made = BlobsBySize(tmp_path / "blobs", tmp_path / "staging", tmp_path / "blobs.db")
    yield made
    made.rows.close()


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in (folder / "blobs").rglob("*") if path.is_file())


@pytest.mark.parametrize("as_file", [False, True])
def test_by_size(blobs: BlobsBySize, tmp_path: Path, as_file: bool) -> None:
    """Up to 64 KB a blob makes no file, however it was given; what was given as a file is gone afterwards."""
    given: dict[str, bytes | Path] = {"a/small": SMALL, "a/large": LARGE}
    if as_file:
        for key, content in [("a/small", SMALL), ("a/large", LARGE)]:
            path = tmp_path / key.replace("/", "-")
            path.write_bytes(content)
            given[key] = path
    blobs.put(list(given.items()))
    assert files(tmp_path) == ["blobs/a/large"]
    assert (blobs.read("a/small"), blobs.read("a/large")) == (SMALL, LARGE)
    assert not [path for path in given.values() if isinstance(path, Path) and path.exists()]


@pytest.mark.parametrize(("before", "after"), [(SMALL, LARGE), (LARGE, SMALL), (LARGE, LARGE), (SMALL, b"")])
def test_replaced(blobs: BlobsBySize, before: bytes, after: bytes) -> None:
    """A blob that replaces one of another size is the only one of its key, and its deletion leaves none."""
    blobs.put([("a/b", before)])
    blobs.put([("a/b", after)])
    assert (blobs.read("a/b"), blobs.size("a/b"), list(blobs.list(""))) == (after, len(after), ["a/b"])
    assert [(each.key, each.size) for each in blobs.page("", 10)] == [("a/b", len(after))]
    blobs.delete(["a/b"])
    assert list(blobs.list("")) == []
    assert blobs.size("a/b") is None


def test_joined(blobs: BlobsBySize) -> None:
    """Small and large parts are joined in their order, also over a small blob of the same key."""
    blobs.put([("p/1", b"one"), ("p/2", LARGE), ("p/3", b"three"), ("whole", b"old")])
    seen = bytearray()
    blobs.join([("p/1", 3), ("p/2", len(LARGE)), ("p/3", 5)], "p/", seen.extend, lambda: "whole")
    assert blobs.read("whole") == bytes(seen) == b"one" + LARGE + b"three"


def test_files_of_earlier_versions(tmp_path: Path) -> None:
    """Small blobs that an earlier version stored as files are found, listed once, replaced and deleted."""
    FolderBlobs(tmp_path / "blobs", tmp_path / "staging").put([("a/1", b"1"), ("a/2", b"2")])
    blobs = BlobsBySize(tmp_path / "blobs", tmp_path / "staging", tmp_path / "blobs.db")
    blobs.put([("a/2", b"new"), ("a/3", b"3")])
    assert [blobs.read(key) for key in sorted(blobs.list("a/"))] == [b"1", b"new", b"3"]
    assert files(tmp_path) == ["blobs/a/1"]
    blobs.delete(["a/1", "a/2", "a/3"])
    assert (list(blobs.list("")), files(tmp_path)) == ([], [])
    blobs.rows.close()


def test_crash_while_replacing(blobs: BlobsBySize, tmp_path: Path) -> None:
    """If a crash left a key in both places, it is listed once, and a deletion removes both."""
    blobs.put([("a", SMALL)])
    FolderBlobs(tmp_path / "blobs", tmp_path / "staging").put([("a", LARGE)])
    assert [each.key for each in blobs.page("", 10)] == list(blobs.list("")) == ["a"]
    blobs.delete(["a"])
    assert list(blobs.list("")) == []


def test_local_copy(blobs: BlobsBySize, tmp_path: Path) -> None:
    """The file of a small blob is private, has the time of its storing, and is gone after its use."""
    blobs.put([("a", SMALL)])
    [stored] = blobs.page("", 1)
    with blobs.local("a") as path:
        assert path.read_bytes() == SMALL
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.stat().st_mtime_ns == stored.stored_at * 1_000_000
    assert list((tmp_path / "staging").iterdir()) == []


def test_pages(blobs: BlobsBySize) -> None:
    """Pages go through rows and files together, in the order of the keys."""
    keys = [f"{number:03d}" for number in range(2500)]
    blobs.put([(key, LARGE if number % 500 == 0 else b"x") for number, key in enumerate(keys)])
    found: list[StoredBlob] = []
    while page := blobs.page(found[-1].key if found else "", 700):
        found += page
    assert [each.key for each in found] == sorted(keys)


def test_puts_share_syncs(blobs: BlobsBySize, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts make no sync of a file, and no file or folder: the database syncs for all that wait."""
    monkeypatch.setattr(os, "fsync", None)
    monkeypatch.setattr(os, "mkdir", None)
    with ThreadPoolExecutor(8) as threads:
        for _ in threads.map(lambda number: blobs.put([(f"f/{number}", b"x")]), range(64)):
            pass
    assert len(list(blobs.list("f/"))) == 64


def test_listed_in_order(blobs: BlobsBySize) -> None:
    """The keys come in order, whichever of them are small, so that those of a folder are adjacent."""
    keys = [f"a/{part}/{name}" for part in range(3) for name in ("x", "y", "z")]
    blobs.put([(key, LARGE if number % 2 else SMALL) for number, key in enumerate(reversed(keys))])
    assert list(blobs.list("")) == list(blobs.list("a/")) == keys
    assert list(blobs.list("a/1/")) == keys[3:6]


def test_a_listing_reads_what_it_lists(blobs: BlobsBySize) -> None:
    """Listing a prefix costs the same however many keys come before it."""
    blobs.put([(f"a/{number:06}", b"") for number in range(20_000)])
    blobs.put([("z/1", b"one"), ("z/2", b"two")])
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    blobs.rows._database.read().set_progress_handler(count, 100)  # counts what SQLite does
    assert list(blobs.list("z/")) == ["z/1", "z/2"]
    assert list(blobs.list("y/")) == []
    assert steps < 10


def test_deleted_blobs_give_their_disk_back(blobs: BlobsBySize, tmp_path: Path) -> None:
    """What small blobs took is free for others again once most of them are deleted."""
    keys = [f"a/{number}" for number in range(200)]
    blobs.put([(key, SMALL) for key in keys])
    blobs.delete(keys)
    blobs.rows.scrub()
    assert (tmp_path / "blobs.db").stat().st_size < 50 * len(SMALL)
