"""What `put` has returned for survives a power cut: its bytes, its name, and every folder on the way to it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
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
