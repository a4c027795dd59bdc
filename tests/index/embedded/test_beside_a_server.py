"""A process that only reads an index, as `verify` does, while a server changes it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.index.embedded.naive import SPACE, some_file
from vectorlog.index.embedded import sealed
from vectorlog.index.embedded.files import Files, listed
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.index.embedded.rows import read_rows
from vectorlog.index.embedded.tending import Sizes


@pytest.mark.parametrize("sizes", [Sizes(exact=0, full=16), Sizes()])
@pytest.mark.parametrize("moment", ["rows", "files", "names"])
def test_no_state_in_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sizes: Sizes, moment: str) -> None:
    """What it counts is one state of a store, even if the server removes, compacts and adds while it reads."""
    server, source = LocalIndex(tmp_path, sizes=sizes), random.Random(7)
    for number in range(30):
        server.add(SPACE, [some_file(source, f"f{number:02}")])
    server.settle()
    before = server.count(SPACE, "s")
    due = [True]

    def first(call: Callable[..., Any]) -> Callable[..., Any]:
        def after_the_server(*arguments: Any) -> Any:
            if due:
                due.clear()
                for number in range(0, 30, 2):
                    server.remove(SPACE, "s", f"f{number:02}")
                server.expunge(SPACE, "s")
                for number in range(10):
                    server.add(SPACE, [some_file(source, f"new{number}")])
                server.settle()
            return call(*arguments)

        return after_the_server

    with closing(LocalIndex(tmp_path, read_only=True, sizes=sizes)) as reader:
        if moment == "rows":
            monkeypatch.setattr("vectorlog.index.embedded.store_state.read_rows", first(read_rows))
            monkeypatch.setattr(sealed, "read", first(sealed.read))
        elif moment == "files":
            monkeypatch.setattr(Files, "read", first(Files.read))
        else:
            monkeypatch.setattr("vectorlog.index.embedded.index.listed", first(listed))
        assert reader.count(SPACE, "s") == before
        monkeypatch.undo()
        assert reader.count(SPACE, "s") == server.count(SPACE, "s") != before
    assert Counter(server.count(SPACE, "s").values()) == Counter({3: 25})
    server.close()
