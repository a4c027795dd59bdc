"""A store is removed from the embedded index in small transactions."""

from __future__ import annotations

import random
import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest

from tests.index.embedded.naive import SPACE, Naive, compare, some_file
from vectorlog.index.embedded import index as embedded
from vectorlog.index.embedded import removal
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.index.embedded.tending import Sizes


def test_in_small_transactions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many chunks there are, a transaction removes a fixed number, and a call makes a fixed number of them. No
    search finds any chunk after the first call, a new store of the name has its own, and a restart in between changes
    nothing. In the end nothing is left.
    """
    monkeypatch.setattr(removal, "_STEP", tuple((statement, min(limit, 20)) for statement, limit in removal._STEP))
    monkeypatch.setattr(embedded, "_STEPS", 3)
    source, naive = random.Random(1), Naive()
    index = LocalIndex(tmp_path, sizes=Sizes(exact=0, full=32))
    for number in range(100):
        index.add(SPACE, [some_file(source, f"f{number:02}")])
    index.settle()
    left = [300]

    def texts() -> int:
        with sqlite3.connect(tmp_path / "chunks.db") as connection:
            count: int = connection.execute("select count(*) from text").fetchone()[0]
        connection.close()
        return count

    assert index.remove_store(SPACE, "s")
    assert index.count(SPACE, "s") == {}
    assert not list((tmp_path / "sealed").iterdir())
    made = some_file(source, "new")
    index.add(SPACE, [made])
    naive.add(made)
    left.append(texts() - 3)
    index.close()
    index = LocalIndex(tmp_path, sizes=Sizes(exact=0, full=32))
    compare(index, naive, source)
    while index.remove_store(SPACE, "s"):
        left.append(texts())
    assert all(0 <= before - after <= 80 for before, after in pairwise(left)), left
    assert len(left) > 3
    assert index.count(SPACE, "s") == {}
    with sqlite3.connect(tmp_path / "chunks.db") as connection:
        for table in ("store", "file", "segment", "block", "postings", "text"):
            assert connection.execute(f"select count(*) from {table}").fetchone() == (0,), table
    connection.close()
    index.close()
