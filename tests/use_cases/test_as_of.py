"""Stores and files as they were: what HTTP tests cannot reach quickly."""

from __future__ import annotations

from typing import Literal

import pytest

from tests.support.bench import DAY_MS, PROJECT, Bench
from vectorlog.domain.errors import Invalid, NotFound
from vectorlog.use_cases import as_of, erasure, search, store_files, vector_stores
from vectorlog.use_cases.pages import PageRequest

ORDERS: tuple[Literal["asc", "desc"], ...] = ("asc", "desc")


def test_long_history(bench: Bench) -> None:
    """In a history of hundreds of commits, the one of any moment is found."""
    store, names = bench.store(), {}
    for number in range(350):
        bench.clock.advance(60_000)
        name = names[bench.clock()] = f"name {number}"
        vector_stores.modify(bench.deployment, PROJECT, store, lambda _, name=name: (name, {}, None))  # type: ignore[misc]
    for at, name in list(names.items())[::23]:
        assert as_of.store(bench.deployment, PROJECT, store, at).state.name == name
        assert as_of.store(bench.deployment, PROJECT, store, at + 59_999).state.name == name


def test_too_many_files(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound, a store is refused with a sentence, and a file of it is not."""
    monkeypatch.setattr(as_of, "MOST_FILES", 2)
    store, files = bench.store(), [bench.upload(text) for text in ("alpha", "beta", "gamma")]
    for file in files[:2]:
        bench.attach(store, file)
    bench.pump.settle()
    store_files.detach(bench.deployment, PROJECT, store, files[0])
    at = bench.clock()
    assert as_of.store(bench.deployment, PROJECT, store, at).counts.total == 1
    bench.attach(store, files[2])
    for refused in (
        lambda: as_of.store(bench.deployment, PROJECT, store, at),
        lambda: as_of.store_files(bench.deployment, PROJECT, store, at, PageRequest(), None),
    ):
        with pytest.raises(Invalid, match="more than 2 files") as error:
            refused()
        assert error.value.param == "at"
    assert as_of.store_file(bench.deployment, PROJECT, store, files[1], at).state.status == "completed"


def test_deleted_and_purged(bench: Bench) -> None:
    """A store that was deleted and purged long ago is shown as it was before."""
    store, file = bench.store(name="then"), bench.upload("alpha")
    bench.attach(store, file, year=1843)
    bench.pump.settle()
    at = bench.clock()
    bench.clock.advance(1000)
    vector_stores.delete(bench.deployment, PROJECT, store)
    for _ in range(2):
        bench.pump.settle()
        bench.clock.advance(30 * DAY_MS)
        bench.pump.sweep()
    shown = as_of.store(bench.deployment, PROJECT, store, at)
    assert (shown.state.name, shown.counts.completed, shown.counts.usage_bytes) == ("then", 1, 5)
    [view] = as_of.store_files(bench.deployment, PROJECT, store, at, PageRequest(), "completed").items
    assert (view.file, view.state.attributes) == (file, {"year": 1843})
    with pytest.raises(NotFound):
        as_of.store(bench.deployment, PROJECT, store, bench.clock())


def test_erased(bench: Bench) -> None:
    """Of a time whose history is erased nothing is shown."""
    store, file = bench.store(), bench.upload("alpha")
    bench.attach(store, file)
    bench.pump.settle()
    at = bench.clock()
    bench.clock.advance(1000)
    erasure.erase_store_file(bench.deployment, PROJECT, store, file)
    bench.pump.settle()
    assert as_of.store(bench.deployment, PROJECT, store, at).counts.total == 0
    with pytest.raises(NotFound):
        as_of.store_file(bench.deployment, PROJECT, store, file, at)


def test_agrees_with_the_present(bench: Bench) -> None:
    """As of now, a store's counts and list are those that the views have."""
    store = bench.store()
    files = [bench.upload(text) for text in ("alpha", "beta", "damaged", "gamma")]
    for file in files:
        bench.attach(store, file)
    bench.pump.settle()
    bench.attach(store, files[0], year=1)
    assert search.search(bench.deployment, PROJECT, store, search.Search(("beta",), limit=5)).results
    now = bench.clock()
    then, present = (
        as_of.store(bench.deployment, PROJECT, store, now),
        vector_stores.get(bench.deployment, PROJECT, store),
    )
    assert (then.counts, then.state) == (present.counts, present.state)
    for order in ORDERS:
        request = PageRequest(limit=3, order=order)
        listed = as_of.store_files(bench.deployment, PROJECT, store, now, request, None)
        assert listed == store_files.list_page(bench.deployment, PROJECT, store, request, None)
