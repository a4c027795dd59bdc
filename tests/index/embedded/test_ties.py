"""Many chunks with equal scores: the first ones by the store's list are found, and few files are looked up for it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.index.embedded.naive import SPACE, vector
from vectorlog.domain.vectors import Chunk
from vectorlog.index.chunk_index import FileChunks, Query
from vectorlog.index.embedded import nearest, ties
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.index.embedded.segment import Segment
from vectorlog.index.embedded.tending import Sizes


@pytest.mark.parametrize(("few", "walked"), [(2_000, 20_000), (0, 20_000), (0, 5)])
def test_in_the_order_of_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int, walked: int) -> None:
    """Whichever way they are looked up, in memory or in files: also with two generations and several chunks of a file,
    and beside better and worse hits.
    """
    monkeypatch.setattr(ties, "_FEW", few)
    monkeypatch.setattr(ties, "_WALKED", walked)
    monkeypatch.setattr(nearest, "_STEP", 16)
    source = random.Random(1)
    best, same, other = vector(source), vector(source), vector(source)
    places = [
        (f"{source.randrange(40):03}", f"f{number:03}", generation) for number in range(80) for generation in (1, 2)
    ]
    source.shuffle(places)
    for folder, sizes in ((tmp_path / "memory", Sizes()), (tmp_path / "files", Sizes(exact=0, full=32))):
        index = LocalIndex(folder, sizes=sizes)
        for row, name, generation in places:
            chunks = tuple(Chunk(n, "ba0 ke1", (same,)) for n in range(3))
            index.add(SPACE, [FileChunks("s", name, generation, row, 0, {}, chunks)])
        index.add(SPACE, [FileChunks("s", "best", 1, "999", 0, {}, (Chunk(0, "ba0 ba0 ke1 ke1", (best, same)),))])
        index.add(SPACE, [FileChunks("s", "other", 1, "000", 0, {}, (Chunk(0, "lo2", (other,)),))])
        index.settle()
        [found] = index.search(SPACE, [Query("s", same, "ba0 ke1", 20)])
        expected = [(*place, n) for place in sorted([*places, ("999", "best", 1)]) for n in range(3)][:20]
        assert [(hit.row, hit.file, hit.generation, hit.n) for hit in found.by_vector] == expected
        assert found.by_text[0].file == "best"
        assert [(hit.row, hit.file, hit.generation, hit.n) for hit in found.by_text[1:]] == expected[:19]
        index.close()


def test_few_are_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside 5,000 equal texts, a search asks for the places of as many files as it returns hits, and compares equal
    vectors once.
    """
    looked_up, compared = list[int](), list[int]()
    ordered, cosines = ties._ordered, nearest.cosines

    def counted(key: int | None, numbers: Sequence[int], connection: object) -> list[int]:
        looked_up.append(len(numbers))
        return ordered(key, numbers, connection)  # type: ignore[arg-type]

    def once(segment: Segment, asked: np.ndarray, rows: np.ndarray) -> np.ndarray:
        compared.append(len(rows))
        return cosines(segment, asked, rows)

    source = random.Random(2)
    same = vector(source)
    index = LocalIndex(tmp_path, sizes=Sizes(exact=0, full=4_500))
    chunk = (Chunk(0, "ba0 ke1", (same,)),)
    for first in range(0, 5_000, 500):
        index.add(SPACE, [FileChunks("s", f"f{n:05}", 1, f"{n:05}", 0, {}, chunk) for n in range(first, first + 500)])
    index.settle()
    monkeypatch.setattr(ties, "_ordered", counted)
    monkeypatch.setattr(nearest, "cosines", once)
    [found] = index.search(SPACE, [Query("s", same, "ba0 ke1", 10)])
    assert (
        [hit.file for hit in found.by_vector] == [hit.file for hit in found.by_text] == [f"f{n:05}" for n in range(10)]
    )
    assert looked_up
    assert max(looked_up) <= 10
    assert sum(compared) < 700
    index.close()
