"""What `put` has returned for survives a power cut: its bytes, its name, and every folder on the way to it."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from vectorlog.files.folder import FolderBlobs


@dataclass(frozen=True, slots=True)
class Sync:
    """A sync that has returned: of which file or folder, how long it was, and which keys had their names then."""

    inode: int
    size: int
    named: frozenset[str]


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs", tmp_path / "staging")


@pytest.fixture
def syncs(blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch) -> list[Sync]:
    """The syncs of this process."""
    done: list[Sync] = []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        named = frozenset(blobs.list(""))
        fsync(descriptor)
        status = os.fstat(descriptor)
        done.append(Sync(status.st_ino, 0 if stat.S_ISDIR(status.st_mode) else status.st_size, named))

    monkeypatch.setattr(os, "fsync", record)
    return done


@pytest.mark.parametrize("key", ["a", "files/file-1/abc", "artefacts/vs_1/file-1/00000001/text"])
@pytest.mark.parametrize("given", ["bytes", "file"])
def test_put(blobs: FolderBlobs, tmp_path: Path, syncs: list[Sync], key: str, given: str) -> None:
    """All bytes are synced before the blob gets its name, and the name, in every folder down to it, before `put`
    returns.
    """
    source, content = tmp_path / "upload", b"some bytes" * 10_000
    source.write_bytes(content)
    blobs.put([(key, source if given == "file" else content)])
    blob = tmp_path / "blobs" / key
    assert [(sync.size, key in sync.named) for sync in syncs if sync.inode == blob.stat().st_ino] == [
        (len(content), False)
    ]
    names_synced = {sync.inode for sync in syncs if key in sync.named}
    folders = [folder for folder in blob.parents if folder.is_relative_to(tmp_path / "blobs")]
    assert {folder.stat().st_ino for folder in folders} <= names_synced


def test_several(blobs: FolderBlobs, tmp_path: Path, syncs: list[Sync]) -> None:
    """Blobs that are put together are synced alike, each of them."""
    keys = [f"{letter}/{number}" for letter in "ab" for number in range(3)]
    blobs.put([(key, key.encode()) for key in keys])
    before_any_name = {sync.inode for sync in syncs if not sync.named}
    assert {(tmp_path / "blobs" / key).stat().st_ino for key in keys} <= before_any_name
    after_all_names = {sync.inode for sync in syncs if sync.named == frozenset(keys)}
    assert {(tmp_path / "blobs" / folder).stat().st_ino for folder in ("", "a", "b")} <= after_all_names


def test_replaced(blobs: FolderBlobs, tmp_path: Path, syncs: list[Sync]) -> None:
    """A blob that replaces another is synced before it takes the name, so that one of the two is always whole."""
    blobs.put([("a/b", b"old")])
    del syncs[:]
    blobs.put([("a/b", b"newer")])
    inode = (tmp_path / "blobs" / "a" / "b").stat().st_ino
    assert [sync.size for sync in syncs if sync.inode == inode] == [5]
    assert syncs[0].inode == inode


def test_join(blobs: FolderBlobs, tmp_path: Path, syncs: list[Sync]) -> None:
    """A blob that others are joined to is synced like one that is put."""
    blobs.put([("uploads/1", b"ab"), ("uploads/2", b"c")])
    del syncs[:]
    blobs.join([("uploads/1", 2), ("uploads/2", 1)], "", lambda _: None, lambda: "files/file-1/x")
    blob = tmp_path / "blobs" / "files" / "file-1" / "x"
    assert [(sync.size, "files/file-1/x" in sync.named) for sync in syncs if sync.inode == blob.stat().st_ino] == [
        (3, False)
    ]
    names_synced = {sync.inode for sync in syncs if "files/file-1/x" in sync.named}
    assert {blob.parent.stat().st_ino, blob.parents[1].stat().st_ino} <= names_synced
    assert stat.S_IMODE(blob.stat().st_mode) == 0o600


def test_join_without_the_kernel(blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel copies no ranges, or only a part of one, the bytes are written."""
    blobs.put([("uploads/1", b"ab" * 5000), ("uploads/2", b"c")])

    def refuses(*_: object) -> int:
        raise OSError(errno.EXDEV, "on another disk")

    def copies_some(source: int, into: int, length: int, start: int, end: int) -> int:
        return os.pwrite(into, os.pread(source, length // 2, start), end)

    for number, copy in enumerate((refuses, copies_some)):
        monkeypatch.setattr(os, "copy_file_range", copy, raising=False)
        blobs.join([("uploads/1", 10_000), ("uploads/2", 1)], "", lambda _: None, partial("files/{}".format, number))
        assert blobs.read(f"files/{number}") == b"ab" * 5000 + b"c"
