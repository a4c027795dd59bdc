"""The commits of a request, and the rows that are read meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.bench import PROJECT, Bench, DictIndex
from vectorlog.event_log.decision import Decision
from vectorlog.operations import folded_log
from vectorlog.operations.verify import differences
from vectorlog.use_cases import store_files, uploaded_files, vector_stores
from vectorlog.views.views import Prefetched


def last_first(*calls: Callable[[], Any]) -> tuple[Any, ...]:
    """Runs parallel reads in an order that threads might take."""
    return tuple(call() for call in reversed(calls))[::-1]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, index=DictIndex(), together=last_first)
    yield bench
    bench.close()


OTHERS = ("attach", "ingest", "attributes", "detach", "delete the file", "delete the store")


def others(bench: Bench, store: str, file: str) -> dict[str, Callable[[], object]]:
    """What other requests and workers may do."""
    return {
        "attach": lambda: bench.attach(store, file, n=2),
        "ingest": bench.pump.settle,
        "attributes": lambda: store_files.change_attributes(bench.deployment, PROJECT, store, file, {"n": 3}),
        "detach": lambda: store_files.detach(bench.deployment, PROJECT, store, file),
        "delete the file": lambda: uploaded_files.delete(bench.deployment, PROJECT, file),
        "delete the store": lambda: vector_stores.delete(bench.deployment, PROJECT, store),
    }


@pytest.mark.parametrize("name", OTHERS)
def test_rows_that_were_read_too_early(bench: Bench, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever others do while a request is between reading rows and its commit, all of it is in lists and counts."""
    store, file, prefetch = bench.store(), bench.upload("alpha"), bench.deployment.views.prefetch
    bench.attach(store, file)
    read: list[Prefetched] = []

    def interrupted(decisions: Sequence[Decision[Any, Any]]) -> Prefetched:
        read.append(prefetch(decisions))
        if len(read) == 1:
            others(bench, store, file)[name]()
        return read[0]

    monkeypatch.setattr(bench.deployment.views, "prefetch", interrupted)
    bench.attach(store, file, n=1)
    assert any(read[0].values()), "no row was read ahead"
    bench.pump.settle()
    assert sorted(differences(bench.deployment, folded_log.read(bench.deployment))) == []
