"""Attributes that change while a file is ingested, and the moments at which a search includes or excludes a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.support.bench import PROJECT, Bench, DictIndex, StubEmbedder
from tests.support.told import Tallied, Told
from vectorlog.domain.filters import Comparison
from vectorlog.domain.vectors import Space, Vector
from vectorlog.index.chunk_index import FileChunks
from vectorlog.telemetry.telemetry import Telemetry
from vectorlog.use_cases import search, store_files
from vectorlog.work.messages import Ingest


def test_changed_while_it_is_embedded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of attributes that is answered after an ingest has loaded the file, and before it writes to the index,
    holds in the first search that finds the file: no worker has to come first.
    """
    store, file = bench.store(), bench.upload("alpha")
    bench.attach(store, file, year=1843)
    bench.pump.project()
    documents = StubEmbedder.documents

    def change_first(embedder: StubEmbedder, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        store_files.change_attributes(bench.deployment, PROJECT, store, file, {"year": 1952})
        return documents(embedder, texts)

    monkeypatch.setattr(StubEmbedder, "documents", change_first)
    bench.pump.ingest_some()
    assert bench.find(store, "alpha", filter=Comparison("eq", "year", 1952)) == [file]
    assert bench.find(store, "alpha", filter=Comparison("eq", "year", 1843)) == []
    bench.pump.settle()
    assert bench.find(store, "alpha", filter=Comparison("eq", "year", 1952)) == [file]


class Broken(DictIndex):
    """An index whose re-tags fail while `broken`."""

    broken = True

    def retag(self, space: Space, tagged: FileChunks) -> bool:
        if self.broken:
            raise OSError("the disk is broken")
        return super().retag(space, tagged)


def test_index_that_cannot_be_written(tmp_path: Path, told: Told) -> None:
    """A change of attributes that is stored is answered as usual, also if the index cannot be written to. That is
    logged and counted; no search returns the file by its old attributes, and the work that follows brings the new ones
    to the index.
    """
    index, tallied = Broken(), Tallied()
    bench = Bench(tmp_path, index=index, telemetry=Telemetry(tallied))
    store, file = bench.store(), bench.upload("alpha")
    bench.attach(store, file, year=1843)
    bench.pump.settle()
    changed = store_files.change_attributes(bench.deployment, PROJECT, store, file, {"year": 1952})
    assert changed.state.attributes == {"year": 1952}
    assert store_files.get(bench.deployment, PROJECT, store, file).state.attributes == {"year": 1952}
    [line] = told.lines("tags_delayed")
    assert line == {
        "level": "ERROR",
        "event": "tags_delayed",
        "store": store,
        "file": file,
        "reason": "OSError: the disk is broken",
        "request_id": PROJECT.request,
    }
    assert tallied.numbers["delayed_tags", "OSError"] == 1
    assert bench.find(store, "alpha", filter=Comparison("eq", "year", 1843)) == []
    index.broken = False
    bench.pump.settle()
    assert bench.find(store, "alpha", filter=Comparison("eq", "year", 1952)) == [file]
    bench.close()


def test_late_tag(bench: Bench) -> None:
    """Work that writes the attributes of an older change, delivered late, does not undo the newer one in the index."""
    store, file = bench.store(), bench.upload("alpha")
    bench.attach(store, file, year=1)
    bench.pump.settle()
    for year in (2, 3):
        store_files.change_attributes(bench.deployment, PROJECT, store, file, {"year": year})
        assert bench.find(store, "alpha", filter=Comparison("eq", "year", year)) == [file]
    bench.pump.settle()
    bench.pump.again(bench.random)
    bench.pump.settle()
    assert bench.find(store, "alpha", filter=Comparison("eq", "year", 3)) == [file]
    assert bench.find(store, "alpha", filter=Comparison("lt", "year", 3)) == []


def test_up_to_the_moment_of_expiry(bench: Bench) -> None:
    """A file is found up to the millisecond before it expires, and not from that moment on, without any sweep."""
    store, file = bench.store(), bench.upload("alpha", expires_after_s=3600)
    expires_at = bench.clock() + 3_600_000
    bench.attach(store, file)
    bench.pump.settle()
    bench.clock.now = expires_at - 1
    assert bench.find(store, "alpha") == [file]
    bench.clock.now = expires_at
    assert bench.find(store, "alpha") == []


def test_score_at_the_threshold(bench: Bench) -> None:
    """A result whose score is the threshold is returned, and one below is not."""
    store, files = bench.store(), [bench.upload("alpha"), bench.upload("beta gamma")]
    for file in files:
        bench.attach(store, file)
    bench.pump.settle()
    best, second = search.search(bench.deployment, PROJECT, store, search.Search(("alpha",))).results
    assert best.score > second.score
    assert bench.find(store, "alpha", threshold=second.score) == [best.file, second.file]
    assert bench.find(store, "alpha", threshold=best.score) == [best.file]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_as_many_as_were_asked_for(bench: Bench, limit: int) -> None:
    """A search returns as many results as it was asked for if there are so many, even if most of them were detached
    a moment ago.
    """
    store, files = bench.store(), [bench.upload(f"alpha {number}") for number in range(8)]
    for file in files:
        bench.attach(store, file)
    bench.pump.settle()
    for file in files[:5]:
        store_files.detach(bench.deployment, PROJECT, store, file)
    assert len(bench.find(store, "alpha", limit=limit)) == limit
    assert set(bench.find(store, "alpha", limit=4)) == {*files[5:]}


def test_slow_second_delivery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ingest that is delivered twice, and whose slower delivery writes its chunks last, does not undo attributes
    that were changed and written meanwhile, also where workers write them.
    """
    bench = Bench(tmp_path, inline_tags=False)
    store, file = bench.store(), bench.upload("alpha")
    bench.attach(store, file, year=1843)
    bench.pump.project()
    documents = StubEmbedder.documents

    def meanwhile(embedder: StubEmbedder, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        monkeypatch.setattr(StubEmbedder, "documents", documents)
        bench.pump.projector.send([(store, Ingest(store, file, 1))])
        bench.pump.settle()
        assert bench.status(store, file) == "completed"
        store_files.change_attributes(bench.deployment, PROJECT, store, file, {"year": 1952})
        bench.pump.settle()
        return documents(embedder, texts)

    monkeypatch.setattr(StubEmbedder, "documents", meanwhile)
    bench.pump.ingest_some()
    bench.pump.settle()
    assert bench.find(store, "alpha", filter=Comparison("eq", "year", 1952)) == [file]
    assert bench.find(store, "alpha", filter=Comparison("eq", "year", 1843)) == []
    bench.close()


class Interrupted(DictIndex):
    """An index that cannot change attributes alone. `meanwhile` happens just before the next add."""

    meanwhile: Callable[[], None] | None = None

    def retag(self, space: Space, tagged: FileChunks) -> bool:
        return False

    def add(self, space: Space, files: Sequence[FileChunks]) -> None:
        if self.meanwhile:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        super().add(space, files)


@pytest.mark.parametrize("again", [True, False])
def test_retired_while_it_is_tagged(tmp_path: Path, again: bool) -> None:
    """Work that writes changed attributes to chunks which are replaced, or removed, and purged meanwhile leaves none of
    them behind.
    """
    index = Interrupted()
    bench = Bench(tmp_path, index=index, inline_tags=False)
    store, file = bench.store(), bench.upload("alpha")
    bench.attach(store, file, year=1)
    bench.pump.settle()
    store_files.change_attributes(bench.deployment, PROJECT, store, file, {"year": 2})
    bench.pump.project()

    def replace_it() -> None:
        if again:
            bench.attach(store, file, year=3)
        else:
            store_files.detach(bench.deployment, PROJECT, store, file)
        bench.pump.settle()

    index.meanwhile = replace_it
    bench.pump.work_one()
    bench.pump.settle()
    assert index.count(bench.space, store) == ({(file, 2): 1} if again else {})
    bench.close()
