"""What is shown while files are ingested: how far each has come, the counts of their batch, and lists by status."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Literal, get_args

import pytest

from tests.support.bench import PROJECT, Bench, StubEmbedder
from tests.support.stubs import DIMENSIONS, Inline, StubReader
from vectorlog.domain.location import Location
from vectorlog.domain.store_file import Status
from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.ingest.document import Document, GiveWay, never
from vectorlog.ingest.ingester import Ingester
from vectorlog.ingest.progress import EVERY_MS
from vectorlog.use_cases import file_batches, store_files, vector_stores
from vectorlog.use_cases.pages import PageRequest
from vectorlog.use_cases.store_files import StoreFileView
from vectorlog.views import keys, progress
from vectorlog.views.progress import Progress
from vectorlog.work.messages import Ingest


def lines(number: int) -> str:
    """A text of different lines, each of which is embedded."""
    return "".join(f"line {line} of words\n" for line in range(number))


class Watched(StubEmbedder):
    """Calls a function after each call."""

    after: Callable[[], None] = staticmethod(lambda: None)

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        vectors = super().documents(texts)
        type(self).after()
        return vectors


class PagedReader(StubReader):
    """Ten lines are a page."""

    def read(
        self,
        path: Path,
        filename: str,
        max_tokens: int,
        overlap: int,
        give_way: GiveWay = never,
        *,
        by_windows: bool = False,
    ) -> Document:
        document = super().read(path, filename, max_tokens, overlap, give_way, by_windows=by_windows)
        pages = tuple(span.start for span in document.spans[::10])
        locations = tuple(Location(span.start, span.end) for span in document.spans)
        return Document(document.text, pages, document.spans, locations)


def slowly(bench: Bench, message: Ingest, each_call_takes_ms: int, watch: Callable[[], None]) -> None:
    """Ingests a file with a model that computes one text after the other."""

    def after() -> None:
        bench.clock.advance(each_call_takes_ms)
        watch()

    Watched.after = staticmethod(after)

    def connect(space: Space) -> Watched:
        return Watched(space)

    models = Models([Offer("stub", "words", DIMENSIONS, False, connect, together=1)])
    Ingester(replace(bench.deployment, models=models), PagedReader(), Inline()).ingest([message])


def shown(bench: Bench, store: str, file: str) -> StoreFileView:
    return store_files.get(bench.deployment, PROJECT, store, file)


def row_of(bench: Bench, store: str, file: str) -> str:
    placement = shown(bench, store, file).state.placement
    assert placement is not None
    return placement.row(file)


def test_it_moves(bench: Bench) -> None:
    """While a large file is embedded, its numbers grow, in GET, in the store's list and in the batch's; at the end they
    are those of the file that serves.
    """
    store, file = bench.store(), bench.upload(lines(100))
    batch = bench.batch(store, [file])
    bench.pump.project()
    seen: list[Progress] = []

    def watch() -> None:
        found = shown(bench, store, file).progress
        assert found is not None
        seen.append(found)
        request = PageRequest()
        listed = store_files.list_page(bench.deployment, PROJECT, store, request, "in_progress").items
        of_batch = file_batches.list_files(bench.deployment, PROJECT, store, batch.id, request, None).items
        assert [each.progress for each in (*listed, *of_batch)] == [found, found]

    slowly(bench, Ingest(store, file, 1), EVERY_MS, watch)
    reached = [(0, 0), (16, 1), (32, 3), (48, 4), (64, 6), (80, 8), (96, 9)]
    assert [(each.embedded, each.pages_done) for each in seen] == reached
    assert {(each.chunks, each.pages) for each in seen} == {(100, 10)}
    done = shown(bench, store, file)
    assert (done.state.status, done.progress) == ("completed", None)
    assert done.state.serving is not None
    assert (done.state.serving.chunks, done.state.serving.pages) == (100, 10)


def test_few_writes(bench: Bench) -> None:
    """A file is noted every two seconds at most, and a small file never."""
    store, large, small = bench.store(), bench.upload(lines(1000)), bench.upload("one\ntwo")
    for file in (large, small):
        bench.attach(store, file)
    versions: set[int] = set()

    def watch() -> None:
        [version] = (
            row.version for row in bench.deployment.views.table.query(keys.progress_of(store), tombstones=True)
        )
        versions.add(version)

    began = bench.clock.now
    slowly(bench, Ingest(store, large, 1), 100, watch)
    assert len(versions) <= 2 + (bench.clock.now - began) // EVERY_MS
    slowly(bench, Ingest(store, small, 1), 100, lambda: None)
    [row] = bench.deployment.views.table.query(keys.progress_of(store), tombstones=True)
    assert row.key.sk.endswith(large)


def test_of_this_ingest_only(bench: Bench) -> None:
    """What was noted of an earlier ingest of the file is not shown, and an older worker never goes back."""
    store, file = bench.store(), bench.upload("alpha")
    bench.attach(store, file)
    table, row = bench.deployment.views.table, row_of(bench, store, file)
    progress.note(table, store, row, Progress(1, 40, 20, 0, 0), bench.clock.now)
    progress.note(table, store, row, Progress(1, 40, 10, 0, 0), bench.clock.now)
    found = shown(bench, store, file).progress
    assert found is not None
    assert found.embedded == 20
    bench.pump.settle()
    bench.attach(store, file, other=1)
    view = shown(bench, store, file)
    assert view.state.open is not None
    assert (view.state.open.generation, view.progress) == (2, None)


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages(bench: Bench, order: Literal["asc", "desc"]) -> None:
    """Each page shows how far its files have come, also where many files that were removed have left their rows."""
    store, table = bench.store(), bench.deployment.views.table
    files = [bench.upload(f"alpha {n}") for n in range(12)]
    for n, file in enumerate(files):
        bench.attach(store, file)
        progress.note(table, store, row_of(bench, store, file), Progress(1, 40, n, 0, 0), bench.clock.now)
        bench.clock.advance(1)
    for file in files[3:9]:
        store_files.detach(bench.deployment, PROJECT, store, file)
    left = [*range(3), *range(9, 12)]
    wanted = left if order == "asc" else left[::-1]
    seen: list[int] = []
    after: str | None = None
    while len(seen) < len(wanted):
        page = store_files.list_page(bench.deployment, PROJECT, store, PageRequest(2, order, after), None)
        seen += [each.progress.embedded for each in page.items if each.progress]
        after = page.items[-1].file
    assert seen == wanted
    before = PageRequest(4, order, None, files[wanted[-1]])
    page = store_files.list_page(bench.deployment, PROJECT, store, before, None)
    assert [each.progress.embedded for each in page.items if each.progress] == wanted[1:5]


def test_no_trouble(bench: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it cannot be noted, that is logged with the ids, and the file is ingested."""

    def broken(*_: Any) -> None:
        raise OSError("no")

    monkeypatch.setattr(progress, "note", broken)
    store, file = bench.store(), bench.upload(lines(40))
    bench.attach(store, file)
    slowly(bench, Ingest(store, file, 1), EVERY_MS, lambda: None)
    assert bench.status(store, file) == "completed"
    assert f"the progress of {file} in {store} was not recorded: no" in caplog.text


def test_file_by_file(bench: Bench) -> None:
    """Where the model computes one text after the other, each file of a batch is completed before the next begins."""
    store = bench.store()
    files = [bench.upload(f"alpha {n}\nbeta") for n in range(6)]
    batch = bench.batch(store, files)
    completed: list[int] = []

    def watch() -> None:
        bench.pump.project()
        completed.append(file_batches.get(bench.deployment, PROJECT, store, batch.id).counts.completed)

    Watched.after = staticmethod(watch)
    models = Models([Offer("stub", "words", DIMENSIONS, False, Watched, together=1)])
    ingester = Ingester(replace(bench.deployment, models=models), StubReader(), Inline())
    ingester.ingest([Ingest(store, file, 1) for file in files])
    assert completed == list(range(6))


@pytest.mark.parametrize("seed", range(6))
def test_lists_by_status_are_exact(bench: Bench, seed: int) -> None:
    """Whatever has happened and not been projected yet: a list by status holds what the whole list has with that
    status, and as many files as the counts say.
    """
    draw, store = Random(seed), bench.store()
    batches: list[str] = []
    for _ in range(40):
        match draw.randrange(6):
            case 0:
                files = [bench.upload(f"{draw.choice(('alpha', 'damaged'))} {draw.random()}") for _ in range(3)]
                batches.append(bench.batch(store, files).id)
            case 1 if batches:
                file_batches.cancel(bench.deployment, PROJECT, store, draw.choice(batches))
            case 2:
                bench.attach(store, bench.upload(f"beta {draw.random()}"))
            case 3:
                bench.pump.project(draw.randint(1, 4))
            case 4:
                bench.pump.ingest_some(draw.randint(1, 3))
            case _:
                bench.pump.work_one()
        _lists_agree(bench, store, batches)


def _lists_agree(bench: Bench, store: str, batches: Sequence[str]) -> None:
    deployment, page = bench.deployment, PageRequest(limit=100)
    for batch in batches:
        every = file_batches.list_files(deployment, PROJECT, store, batch, page, None).items
        counts = file_batches.get(deployment, PROJECT, store, batch).counts
        for status in get_args(Status):
            found = file_batches.list_files(deployment, PROJECT, store, batch, page, status).items
            assert [each.file for each in found] == [each.file for each in every if each.state.status == status]
            assert len(found) == getattr(counts, status)
    every = store_files.list_page(deployment, PROJECT, store, page, None).items
    counts = vector_stores.get(deployment, PROJECT, store).counts
    for status in get_args(Status):
        found = store_files.list_page(deployment, PROJECT, store, page, status).items
        assert [each.file for each in found] == [each.file for each in every if each.state.status == status]
        assert len(found) == getattr(counts, status), status
