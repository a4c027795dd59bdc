"""A download needs no room on the disk."""

from __future__ import annotations

from pathlib import Path

from vectorlog.defaults import SMALL_FILE_BYTES
from vectorlog.files.by_size import BlobsBySize
from vectorlog.runtime.local.server import send_blob


def test_no_copy_is_made(tmp_path: Path) -> None:
    """A small file is sent from memory and a large one from where it is, though nothing can be written."""
    blobs = BlobsBySize(tmp_path / "blobs", tmp_path / "staging", tmp_path / "blobs.db")
    contents = {"small": b"s" * SMALL_FILE_BYTES, "large": b"l" * (SMALL_FILE_BYTES + 1)}
    blobs.put(list(contents.items()))
    (tmp_path / "staging").rmdir()
    for key, content in contents.items():
        assert send_blob(blobs, key, "a.txt", {}).content == content
    blobs.rows.close()
