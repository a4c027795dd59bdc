"""An ingest that continues what an earlier try left: nothing is left out, doubled, or of another reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.bench import PROJECT, Bench, DictIndex, Lost, StubEmbedder
from tests.support.stubs import StubReader
from vectorlog.domain.location import Location
from vectorlog.domain.vectors import Frame, Vector
from vectorlog.files import artefact
from vectorlog.files.artefact import Details
from vectorlog.ingest.context import words
from vectorlog.ingest.document import Document, Span
from vectorlog.ingest.job import ROUND
from vectorlog.use_cases import indexed_text, search, vector_stores

MANY = ROUND + 2


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, index=DictIndex())
    yield made
    made.close()


def lines(number: int, word: str = "alpha") -> str:
    return "".join(f"{word} {line}\n" for line in range(number))


def store_part(bench: Bench, store: str, file: str, text: str, first: int, end: int) -> None:
    """Stores a part of generation 1 as an earlier try did that read this text: its chunks are the lines from `first` to
    before `end`.
    """
    spans, at = [], 0
    for line in text.splitlines(keepends=True):
        spans.append((at, at + len(line)))
        at += len(line)
    embedder = StubEmbedder(bench.space)
    kept = spans[first:end]
    vectors = embedder.documents([text[begin:stop] for begin, stop in kept])
    in_bytes = len(text[: kept[0][0]].encode()), len(text[: kept[-1][1]].encode())
    where, frames = [Location(*span) for span in kept], [Frame(words=words("a.txt", ""))] * len(kept)
    details = Details([2] * len(kept), where, in_bytes, frames)
    bench.blobs.put(
        [
            artefact.text_item(store, file, 1, text),
            artefact.part_item(store, file, 1, first, kept, vectors, details),
        ]
    )


def texts(bench: Bench, store: str) -> list[str]:
    """The texts that a search can find in a store."""
    found = search.search(bench.deployment, PROJECT, store, search.Search(("alpha",), limit=1000)).results
    return sorted(result.text for result in found)


@pytest.mark.parametrize("before", [1, 3, 5])
def test_another_reading(bench: Bench, before: int) -> None:
    """A file that an earlier try read differently, by older code, is only found by what it says now."""
    store, file = bench.store(), bench.upload(lines(3))
    bench.attach(store, file)
    store_part(bench, store, file, lines(before, "omega"), 0, before)
    bench.pump.settle()
    assert texts(bench, store) == lines(3).splitlines(keepends=True)
    assert indexed_text.read(bench.deployment, PROJECT, store, file).text == lines(3)


def shorter(text: str) -> Callable[..., Document]:
    """A reader that finds only this text, in chunks of one line, whatever it is given."""

    def read(*_: object, **__: object) -> Document:
        spans, at = [], 0
        for line in text.splitlines(keepends=True):
            spans.append(Span(at, at + len(line), len(line.split())))
            at += len(line)
        return Document(text, (), tuple(spans))

    return read


@pytest.mark.parametrize("died", [False, True])
def test_another_reading_in_between(bench: Bench, monkeypatch: pytest.MonkeyPatch, died: bool) -> None:
    """If the code changes while a file is ingested, by several calls or after one that died, the index and the artefact
    hold what the new code reads, and nothing else.
    """
    store, file = bench.store(), bench.upload(lines(2 * ROUND))
    bench.attach(store, file)
    bench.pump.project()
    if died:
        with bench.faults.dying(4, after=True), suppress(Lost):  # the chunks' number, artefact and index; then it dies
            bench.pump.ingest_some()
        bench.pump.restart()
    else:
        calls = iter([True, False])
        bench.pump.time_left = lambda: next(calls, True)
        bench.pump.ingest_some()
    assert bench.index.count(bench.space, store)[(file, 1)] >= ROUND
    chunks = ROUND - 2 if died else ROUND + 2
    text = lines(chunks, "alpha beta")
    monkeypatch.setattr(StubReader, "read", staticmethod(shorter(text)))
    bench.pump.settle()
    assert bench.status(store, file) == "completed"
    assert texts(bench, store) == sorted(text.splitlines(keepends=True))
    assert bench.index.count(bench.space, store) == {(file, 1): chunks}
    kept = [chunk.text for part in artefact.read_parts(bench.blobs, store, file, 1) for chunk in part]
    assert kept == text.splitlines(keepends=True)


@pytest.mark.parametrize(("first", "end"), [(0, 2), (ROUND, MANY), (1, 3), (0, ROUND)])
def test_some_parts(bench: Bench, first: int, end: int) -> None:
    """Whichever parts of it an earlier try stored, at the beginning or behind a gap, all chunks are found, and the
    artefact has them all.
    """
    text = lines(MANY)
    store, file = bench.store(), bench.upload(text)
    bench.attach(store, file)
    store_part(bench, store, file, text, first, end)
    bench.pump.settle()
    assert bench.index.count(bench.space, store) == {(file, 1): MANY}
    assert texts(bench, store) == sorted(text.splitlines(keepends=True))
    kept = {chunk.n: chunk.text for part in artefact.read_parts(bench.blobs, store, file, 1) for chunk in part}
    assert [kept[n] for n in range(MANY)] == text.splitlines(keepends=True)


def test_what_is_stored_is_not_embedded_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chunks of a part that an earlier try stored cost no embedding again, and each round has up to 128 texts."""
    embedded: list[int] = []
    documents = StubEmbedder.documents

    def count(embedder: StubEmbedder, given: Sequence[str]) -> list[tuple[Vector, ...]]:
        embedded.append(len(given))
        return documents(embedder, given)

    text = lines(3 * ROUND)
    store, file = bench.store(), bench.upload(text)
    bench.attach(store, file)
    store_part(bench, store, file, text, 0, ROUND)
    monkeypatch.setattr(StubEmbedder, "documents", count)
    bench.pump.settle()
    assert embedded == [ROUND, ROUND]
    assert bench.status(store, file) == "completed"


def test_rounds_of_small_files(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files share a round, and no round has more than 128 texts: a provider may take no more."""
    half = ROUND // 2
    embedded: list[int] = []
    documents = StubEmbedder.documents

    def count(embedder: StubEmbedder, given: Sequence[str]) -> list[tuple[Vector, ...]]:
        embedded.append(len(given))
        return documents(embedder, given)

    monkeypatch.setattr(StubEmbedder, "documents", count)
    for sizes, rounds in (((half, half), [ROUND]), ((half, half + 1), [half, half + 1])):
        embedded.clear()
        store = bench.store()
        files = [bench.upload(lines(number, f"{word} {sizes}")) for number, word in zip(sizes, "ab", strict=True)]
        bench.batch(store, files)
        bench.pump.settle()
        assert embedded == rounds
        assert {bench.status(store, file) for file in files} == {"completed"}


@pytest.mark.parametrize("after", [False, True])
def test_the_artefact_has_what_the_index_has(tmp_path: Path, after: bool) -> None:
    """Wherever an ingest dies, the artefact has every chunk that the index has, so that a rebuild loses none."""
    for call in range(1, 60):
        (tmp_path / str(call)).mkdir()
        bench = Bench(tmp_path / str(call), index=DictIndex())
        store, file = bench.store(), bench.upload(lines(MANY))
        bench.attach(store, file)
        bench.pump.project()
        try:
            with bench.faults.dying(call, after=after):
                bench.pump.ingest_some()
            died = False
        except Lost:
            died = True
        indexed = bench.index.count(bench.space, store).get((file, 1), 0)
        starts = artefact.part_starts(bench.blobs, store, file, 1)
        kept = sum(len(part) for part in artefact.read_parts(bench.blobs, store, file, 1)) if starts else 0
        assert indexed <= kept
        bench.close()
        if not died:
            assert indexed == MANY
            return
    raise AssertionError("an ingest has fewer calls than this")


def test_store_deleted_meanwhile(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ingest that ends after its store was deleted and purged leaves neither chunks nor an artefact."""
    store, file = bench.store(), bench.upload(lines(3))
    bench.attach(store, file)
    bench.pump.project()
    documents = StubEmbedder.documents

    def delete_first(embedder: StubEmbedder, given: Sequence[str]) -> list[tuple[Vector, ...]]:
        vector_stores.delete(bench.deployment, PROJECT, store)
        while bench.pump.project() or bench.pump.work_one():
            pass
        return documents(embedder, given)

    monkeypatch.setattr(StubEmbedder, "documents", delete_first)
    bench.pump.ingest_some()
    assert bench.index.count(bench.space, store) == {}
    assert list(bench.blobs.list(f"artefacts/{store}/")) == []
