"""Which copy of a chunk counts in an index that only appends."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from vectorlog.domain.vectors import Chunk
from vectorlog.index.chunk_index import FileChunks
from vectorlog.index.opensearch.appended import New, copies, needed, new_copies, outdated, visible
from vectorlog.index.opensearch.documents import documents

KEY = ("s", "f:0:0")


def new(text: str = "fox", *, revision: int = 0, windows: int = 2, at: int = 100) -> New:
    """A chunk of a file, written at a time."""
    vectors = tuple(array("f", [1.0, window]) for window in range(windows))
    file = FileChunks("s", "f", 0, "row", revision, {}, (Chunk(0, text, vectors),))
    [made] = new_copies(documents([file]), at)
    return made


def hits(made: New, ids: Iterator[int], windows: int | None = None) -> list[Any]:
    """The documents of a copy as a search finds them: the first `windows` of them, or all."""
    copy = made.copy
    own = {"revision": copy.revision, "written": copy.written, "digest": copy.digest}
    return [
        {"_index": "i-1", "_id": str(next(ids)), "_source": each.content | {"store": "s"} | own}
        for each in made.documents[:windows]
    ]


class TestWhichCounts:
    def test_the_newest_attributes(self) -> None:
        """Newer attributes count, whenever they were written."""
        ids = count()
        found = copies([*hits(new(revision=4, at=1), ids), *hits(new(revision=3, at=9), ids)])
        assert [copy.revision for copy in found[KEY]] == [5, 4]
        assert [place.id for place in outdated(found)] == ["2", "3"]

    def test_the_latest_of_equal_ones(self) -> None:
        """Of two copies with the same attributes the later one counts."""
        ids = count()
        found = copies([*hits(new("dog", at=1), ids), *hits(new("fox", at=2), ids)])
        assert [place.id for place in outdated(found)] == ["0", "1"]

    def test_windows_that_a_chunk_no_longer_has(self) -> None:
        """A chunk that is written again with fewer windows keeps none of the former ones."""
        ids = count()
        found = copies([*hits(new(windows=3, at=1), ids), *hits(new(windows=1, at=2), ids)])
        assert [place.id for place in outdated(found)] == ["0", "1", "2"]

    def test_what_is_not_complete_replaces_nothing(self) -> None:
        """A writer that died half way, or whose documents are only seen in part, takes nobody's place. What may still
        become complete is not deleted by one with an older copy.
        """
        ids = count()
        found = copies([*hits(new("dog", at=1), ids), *hits(new("fox", at=2), ids, 1)])
        assert found[KEY][0].written == 1
        assert outdated(found) == []
        later = copies([*hits(new("dog", at=3), ids), *hits(new("fox", at=2), ids, 1)])
        assert len(outdated(later)) == 1

    def test_what_was_sent_twice(self) -> None:
        """If the answer to a write was lost and it was sent again, each window stays once, whoever cleans up."""
        ids, made = count(), new(windows=2, at=1)
        some = [*hits(made, ids), *hits(made, ids)]
        assert [place.id for place in outdated(copies(some))] == ["2", "3"]
        assert {place.id for place in outdated(copies(some[::-1]))} == {"2", "3"}


class TestWhatIsWritten:
    def test_nothing_twice(self) -> None:
        """A chunk that is there is not written again: a redelivered message adds nothing."""
        assert needed([new(at=500)], copies(hits(new(at=1), count()))) == []

    def test_no_older_attributes(self) -> None:
        """A late writer with older attributes writes nothing."""
        assert needed([new("dog", revision=1)], copies(hits(new(revision=2), count()))) == []

    def test_other_content(self) -> None:
        """Other content is written, later than what is there even if this clock is behind."""
        [wanted] = needed([new("dog", at=5)], copies(hits(new("fox", at=100), count())))
        assert wanted.copy.written == 101

    def test_what_was_written_in_part(self) -> None:
        """A chunk that was written in part is written again."""
        [wanted] = needed([new(at=5)], copies(hits(new(at=1), count(), 1)))
        assert len(wanted.documents) == 2


@pytest.mark.parametrize(("seen", "expected"), [(0, False), (1, False), (2, True)])
def test_visible(seen: int, expected: bool) -> None:
    """A chunk is visible when a search sees all of its windows, or all of a later copy of it."""
    made, ids = new(at=7), count()
    assert visible([made], copies(hits(made, ids, seen))) is expected
    assert visible([made], copies([*hits(made, ids, seen), *hits(new("later", at=8), ids)]))
    assert visible([made], copies([*hits(made, ids, seen), *hits(new("earlier", at=6), ids)])) is expected
