"""Pages through many blobs of a folder, and which listing a page goes on with."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vectorlog.files.blobs import StoredBlob
from vectorlog.files.folder import FolderBlobs
from vectorlog.files.listings import KEPT, KEPT_S, Listings


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    made = FolderBlobs(tmp_path / "blobs", tmp_path / "staging")
    made.put([(f"files/file-{number:03d}/{part}", b"x") for number in range(60) for part in ("a", "b")])
    return made


def test_each_folder_is_listed_once(blobs: FolderBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paging through all blobs lists each folder once, however many pages there are: the work does not grow with the
    square of the number of blobs.
    """
    listed: Counter[str] = Counter()
    scandir: Callable[..., Any] = os.scandir

    def counted(path: Path) -> Any:
        listed[Path(path).relative_to(tmp_path / "blobs").as_posix()] += 1
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counted)
    page = blobs.page("", 7)
    keys = [each.key for each in page]
    while len(page) == 7:
        page = blobs.page(page[-1].key, 7)
        keys += [each.key for each in page]
    assert keys == [f"files/file-{number:03d}/{part}" for number in range(60) for part in ("a", "b")]
    assert listed == {".": 1, "files": 1, **{f"files/file-{number:03d}": 1 for number in range(60)}}


def test_deleted_between_two_pages(blobs: FolderBlobs) -> None:
    """A blob that was deleted since the listing began is not in a later page; a page that is asked for once more, as
    after a crash, is the same.
    """
    first = blobs.page("", 10)
    blobs.delete(["files/file-005/a", "files/file-006/a", "files/file-006/b"])
    second = blobs.page(first[-1].key, 3)
    assert [each.key for each in second] == ["files/file-005/b", "files/file-007/a", "files/file-007/b"]
    assert blobs.page(first[-1].key, 3) == second


def test_a_new_listing_is_new(blobs: FolderBlobs) -> None:
    """Whoever begins anew sees what was stored since another listing began."""
    blobs.page("", 10)
    blobs.put([("files/file-004/c", b"x")])
    assert [each.key for each in blobs.page("", 11)][-2:] == ["files/file-004/b", "files/file-004/c"]


class Begun:
    """Listings of ten blobs that say which listing they are by the size of their blobs."""

    def __init__(self) -> None:
        self.now = 0.0
        self.begun = 0
        self.listings = Listings(self._after, lambda: self.now)

    def _after(self, after: str) -> Iterator[StoredBlob]:
        self.begun += 1
        number = self.begun
        return (StoredBlob(str(key), number, 0) for key in range(10) if str(key) > after)

    def page(self, after: str, limit: int = 2) -> list[tuple[str, int]]:
        self.now += 1
        return [(each.key, each.size) for each in self.listings.page(after, limit)]


def test_the_newer_listing_goes_on() -> None:
    """Of two listings that ended at the same key the one that began later goes on, so nobody gets one from before their
    own first page.
    """
    begun = Begun()
    assert begun.page("") == [("0", 1), ("1", 1)]
    assert begun.page("", 1) == [("0", 2)]
    assert begun.page("1") == [("2", 1), ("3", 1)]
    assert begun.page("0", 3) == [("1", 2), ("2", 2), ("3", 2)]
    assert begun.page("3") == [("4", 2), ("5", 2)]
    assert begun.page("3") == [("4", 3), ("5", 3)]


def test_old_listings_are_dropped() -> None:
    """A listing that nobody goes on with is dropped after a while, or once there are newer ones."""
    begun = Begun()
    begun.page("")
    begun.now += KEPT_S + 1
    assert begun.page("1") == [("2", 2), ("3", 2)]
    for limit in range(3, 4 + KEPT):
        begun.page("", limit)
    assert begun.page("3") == [("4", 4), ("5", 4)]  # the listing that ended there last
    assert begun.page("2")[0][1] > 4  # the one before that is dropped
