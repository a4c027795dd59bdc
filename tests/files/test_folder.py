"""Bytes in a folder: the state after a kill, and leftovers."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vectorlog.files.folder import FolderBlobs


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs", tmp_path / "staging")


def test_no_empty_folders(blobs: FolderBlobs, tmp_path: Path) -> None:
    """Deleting the last key of a folder removes the folder, but never the root folder."""
    blobs.put([("a/b/c/1", b""), ("a/2", b"")])
    blobs.delete(["a/b/c/1"])
    assert sorted(path.name for path in (tmp_path / "blobs").rglob("*")) == ["2", "a"]
    blobs.delete(["a/2"])
    assert list((tmp_path / "blobs").iterdir()) == []


def test_staging_is_emptied(blobs: FolderBlobs, tmp_path: Path) -> None:
    """Staging is empty after a put, and leftovers of a crash are removed at the next start."""
    source = tmp_path / "upload"
    source.write_bytes(b"x")
    blobs.put([("a", b"1"), ("b", source)])
    assert list((tmp_path / "staging").iterdir()) == []
    (tmp_path / "staging" / "half").write_bytes(b"left over")
    FolderBlobs(tmp_path / "blobs", tmp_path / "staging")
    assert list((tmp_path / "staging").iterdir()) == []
    assert blobs.read("a") == b"1"


def test_staging_after_a_failure(blobs: FolderBlobs, tmp_path: Path) -> None:
    """A put that fails, as on a full disk, leaves nothing in staging, and nothing under its keys."""
    source = tmp_path / "upload"
    source.write_bytes(b"x")
    with pytest.raises(FileNotFoundError):
        blobs.put([("a", b"1"), ("b", source), ("c", tmp_path / "missing")])
    assert list((tmp_path / "staging").iterdir()) == []
    assert list(blobs.list("")) == []


def test_large_file_is_not_copied(blobs: FolderBlobs, tmp_path: Path) -> None:
    """A file on the same disk is moved: the same file, under another name."""
    source = tmp_path / "upload"
    source.write_bytes(b"x" * 100_000)
    inode = source.stat().st_ino
    blobs.put([("a/b", source)])
    with blobs.local("a/b") as path:
        assert path.stat().st_ino == inode


def test_folder_that_is_being_filled_stays(blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deleting the last key of a folder does not remove it under a put that is about to name its file there."""
    blobs.put([("a/b/1", b"old")])
    replace, deleting = Path.replace, threading.Thread(target=blobs.delete, args=(["a/b/1"],))

    def delete_first(source: Path, target: Path) -> Path:
        deleting.start()
        deleting.join(timeout=0.1)  # times out if the delete waits for the put
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", delete_first)
    blobs.put([("a/b/2", b"new")])
    deleting.join()
    assert list(blobs.list("a/")) == ["a/b/2"]


def test_deleted_while_put(blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is deleted before its put has returned is deleted, and the put is no error."""
    fsync = os.fsync

    def delete_first(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            blobs.delete(["a/b/c/d"])
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", delete_first)
    blobs.put([("a/b/c/d", b"x")])
    assert blobs.size("a/b/c/d") is None


WRITER = """
import sys
from pathlib import Path
from vectorlog.files.folder import FolderBlobs

blobs = FolderBlobs(Path(sys.argv[1]) / "blobs", Path(sys.argv[1]) / "staging")
for number in range(1_000_000):
    letter = b"abcdefgh"[number % 8 : number % 8 + 1]
    blobs.put([(f"a/{number}", letter * 200_000), ("a/same", letter * 200_000)])
    print(number, flush=True)
"""


def test_killed(tmp_path: Path) -> None:
    """A process killed in the middle of a put leaves only complete contents, and keeps everything that it reported."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(20)]
    process.kill()
    acknowledged += [int(line) for line in process.stdout.read().splitlines()[:-1]]
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    blobs = FolderBlobs(tmp_path / "blobs", tmp_path / "staging")
    keys = list(blobs.list("a/"))
    assert {f"a/{number}" for number in acknowledged} <= set(keys)
    for key in keys:
        content = blobs.read(key)
        assert len(content) == 200_000
        assert content == content[:1] * 200_000
