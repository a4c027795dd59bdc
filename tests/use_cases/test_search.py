"""What serves is found at every moment, whatever else the index still holds; work is bounded, the truth is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.support.bench import PROJECT, Bench, DictIndex, Lost, StubEmbedder
from vectorlog.domain.chunking import Chunking
from vectorlog.domain.errors import Invalid, Unavailable
from vectorlog.domain.filters import Comparison, Compound
from vectorlog.domain.vectors import Chunk, Space, Vector
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.endpoints.refusal import Fault
from vectorlog.index.chunk_index import FileChunks, Query, SearchResult
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.index.fusion import Weights
from vectorlog.use_cases import confirmed, search, store_files, vector_stores
from vectorlog.use_cases.search import Result, Search
from vectorlog.use_cases.store_files import AttachFile

MEANING_ONLY = Weights(embedding=1, text=0)


class Watched(LocalIndex):
    """An index that calls back after each write, before each re-tag, and before and after each search."""

    written: Callable[[], None] = staticmethod(lambda: None)
    retags: Callable[[], None] = staticmethod(lambda: None)
    asked: Callable[[], None] = staticmethod(lambda: None)
    searched: Callable[[], None] = staticmethod(lambda: None)
    searches = 0

    def add(self, space: Space, files: Sequence[FileChunks]) -> None:
        super().add(space, files)
        self.written()

    def remove(self, space: Space, store: str, file: str, generation: int | None = None) -> None:
        super().remove(space, store, file, generation)
        self.written()

    def search(self, space: Space, queries: Sequence[Query]) -> list[SearchResult]:
        self.searches += 1
        self.asked()
        found = super().search(space, queries)
        self.searched()
        return found

    def retag(self, space: Space, tagged: FileChunks) -> bool:
        self.retags()
        return super().retag(space, tagged)


@pytest.fixture
def index(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "index")


@pytest.fixture
def watched(tmp_path: Path, index: Watched) -> Iterator[Bench]:
    """A local deployment whose index calls back."""
    made = Bench(tmp_path, index=index)
    yield made
    made.close()


def results(
    bench: Bench, store: str, limit: int = 10, weights: Weights | None = None, threshold: float = 0.0
) -> list[Result]:
    asked = Search(("alpha",), limit, weights=weights, threshold=threshold)
    return list(search.search(bench.deployment, PROJECT, store, asked).results)


def attach_again(bench: Bench, store: str, file: str, tokens: int = 100, **attributes: int) -> None:
    bench.clock.advance(1)
    chunking = Chunking("static", tokens, 0)
    store_files.attach(bench.deployment, PROJECT, store, AttachFile(file, attributes, chunking))


def add_removed(bench: Bench, store: str, files: int, chunks: int = 1) -> None:
    """Chunks of files that are not in the store, which match as well as any text can."""
    vector = StubEmbedder(bench.space).query("alpha")
    made = tuple(Chunk(n, "alpha", (vector,)) for n in range(chunks))
    bench.index.add(
        bench.space, [FileChunks(store, f"file-{i:032x}", 1, f"{i}#0#f", 0, {}, made) for i in range(files)]
    )


class TestAttachedAgain:
    @pytest.mark.parametrize("chunks", [5, 300])
    def test_found_at_every_moment(self, watched: Bench, index: Watched, chunks: int) -> None:
        """A file that is attached again with other settings is found whole after each step of its new ingest, of the
        projection and of the purge, and so is its neighbour, also by a search that only takes good matches.
        """
        store = watched.store()
        file = watched.upload("".join(f"alpha alpha alpha line{n}\n" for n in range(chunks)))
        other = watched.upload("alpha")
        for each in (file, other, *(watched.upload(f"gamma{n}") for n in range(30))):
            watched.attach(store, each)
        watched.pump.settle()
        moments = 0

        def look() -> None:
            nonlocal moments
            moments += 1
            found = results(watched, store, 10, MEANING_ONLY, threshold=0.85)
            assert [each.file for each in found].count(other) == 1
            assert len({each.text for each in found if each.file == file}) == len(found) - 1 == min(chunks, 9)

        look()
        index.written = look
        for tokens in (100, 200, 300):
            attach_again(watched, store, file, tokens)
            look()
            while watched.pump.project(1) or watched.pump.ingest_some() or watched.pump.work_one():
                look()
        assert moments > 20
        assert watched.index.count(watched.space, store)[file, 4] == chunks

    @pytest.mark.parametrize("limit", [1, 10])
    @pytest.mark.parametrize("during", [1, 2])
    def test_taken_over_during_a_search(self, watched: Bench, index: Watched, during: int, limit: int) -> None:
        """A file whose next generation takes over while a search is under way is found by that search, even if the
        chunks that it found first are purged meanwhile.
        """
        store, file, other = watched.store(), watched.upload("alpha"), watched.upload("alpha beta")
        watched.attach(store, file)
        watched.attach(store, other)
        watched.pump.settle()
        add_removed(watched, store, 0 if during == 1 else 2 * limit)  # if any, the index is asked a second time
        attach_again(watched, store, file)

        def take_over() -> None:
            if index.searches == during:
                watched.pump.settle()

        index.searched = take_over
        assert [each.file for each in results(watched, store, limit)] == [file, other][:limit]
        assert index.searches > during
        assert watched.index.count(watched.space, store)[file, 2] == 1

    def test_taken_over_before_it_is_asked_again(self, watched: Bench, index: Watched) -> None:
        """The same holds if the file's old chunks are purged between two questions to the index, the second of which
        was told that they serve.
        """
        store, file, other = watched.store(), watched.upload("alpha"), watched.upload("alpha beta")
        for each in (file, other):
            watched.attach(store, each)
        watched.pump.settle()
        attach_again(watched, store, file)
        add_chunks(watched, store, file, 2, 30)  # refused, so the index is asked a second time

        def take_over() -> None:
            if index.searches == 2:
                watched.pump.settle()

        index.asked = take_over
        assert [each.file for each in results(watched, store, 2)] == [file, other]
        assert index.searches == 3

    def test_what_is_indexed_and_does_not_serve_yet(self, bench: Bench) -> None:
        """Chunks of an ingest that is not complete push out neither the file's old chunks nor those of others."""
        store, file, other = bench.store(), bench.upload("alpha\n" * 3), bench.upload("alpha beta")
        for each in (file, other):
            bench.attach(store, each)
        bench.pump.settle()
        add_chunks(bench, store, file, 1, 4)  # one more than serves, left by an earlier try
        assert [each.file for each in results(bench, store, 4, MEANING_ONLY)] == [file] * 3 + [other]
        attach_again(bench, store, file)
        add_chunks(bench, store, file, 2, 200)
        assert [each.file for each in results(bench, store, 4, MEANING_ONLY)] == [file] * 3 + [other]
        add_chunks(bench, store, file, 1, 200)
        assert [each.file for each in results(bench, store, 4, MEANING_ONLY)] == [file] * 3 + [other]


def add_chunks(bench: Bench, store: str, file: str, generation: int, chunks: int) -> None:
    """Chunks of a file in the store as an ingest writes them, before the generation serves."""
    placement = store_files.get(bench.deployment, PROJECT, store, file).state.placement
    assert placement is not None
    made = tuple(Chunk(n, "alpha", (StubEmbedder(bench.space).query("alpha"),)) for n in range(chunks))
    bench.index.add(bench.space, [FileChunks(store, file, generation, placement.row(file), 9, {}, made)])


class TestRemoved:
    def test_one_of_many_is_left(self, bench: Bench) -> None:
        """If all but one of the files that match were detached, and nothing of them is purged, the one is found."""
        store, files = bench.store(), [bench.upload("alpha") for _ in range(101)]
        bench.batch(store, files)
        bench.pump.settle()
        for file in files[:100]:
            store_files.detach(bench.deployment, PROJECT, store, file)
        assert [each.file for each in results(bench, store, 1)] == [files[100]]
        assert bench.find(store, "alpha") == [files[100]]

    def test_few_searches(self, watched: Bench, index: Watched) -> None:
        """Work grows with what was removed, and slowly: 5,000 removed files, or 20,000 chunks of three, take fewer than
        twenty searches of the index.
        """
        store = watched.store()
        for text in ("alpha beta", "gamma"):
            watched.attach(store, watched.upload(text))
        watched.pump.settle()
        for files, chunks in ((5_000, 1), (3, 7_000)):
            add_removed(watched, store, files, chunks)
            index.searches = 0
            assert [each.text for each in results(watched, store, 2)] == ["alpha beta", "gamma"]
            assert index.searches < 20

    def test_a_text_that_is_the_query(self, watched: Bench) -> None:
        """Its score is that of an equal text, also beside hits that do not serve."""
        store = watched.store()
        for text in ("alpha", "beta gamma"):
            watched.attach(store, watched.upload(text))
        watched.pump.settle()
        add_removed(watched, store, 3)
        found = results(watched, store)
        assert found[0].text == "alpha"
        assert found[0].score >= 0.98

    def test_nothing_removed_costs_one_search(self, watched: Bench, index: Watched) -> None:
        """A store that holds only what serves is asked once."""
        store, files = watched.store(), [watched.upload(f"alpha {i}") for i in range(40)]
        watched.batch(store, files)
        watched.pump.settle()
        index.searches = 0
        assert len(results(watched, store)) == 10
        assert index.searches == 1

    @pytest.mark.parametrize("bound", ["MOST_LOOKED_UP", "LONGEST_MS"])
    def test_never_incomplete(
        self, watched: Bench, index: Watched, monkeypatch: pytest.MonkeyPatch, bound: str
    ) -> None:
        """A search that would take too long because of removed files is refused for now; it never leaves out a match
        in silence.
        """
        store = watched.store()
        watched.attach(store, watched.upload("alpha beta"))
        watched.pump.settle()
        add_removed(watched, store, 300)
        monkeypatch.setattr(confirmed, bound, 30)
        index.searched = lambda: watched.clock.advance(40)
        with pytest.raises(Unavailable, match="repeat") as refused:
            results(watched, store)
        assert refused.value.retry_after == 10

    @pytest.mark.parametrize("seed", range(6))
    def test_same_as_without_them(self, tmp_path: Path, seed: int) -> None:
        """Results and scores are those of an index that holds only what serves, whatever was detached, attached again,
        or is being ingested.
        """
        bench, draw = Bench(tmp_path, seed=seed), Random(seed)
        store = bench.store()
        files = [bench.upload("".join(f"alpha {draw.randrange(30)}\n" for _ in range(4))) for _ in range(60)]
        bench.batch(store, files)
        bench.pump.settle()
        for file in draw.sample(files, 40):
            match draw.randrange(3):
                case 0:
                    store_files.detach(bench.deployment, PROJECT, store, file)
                case 1:
                    attach_again(bench, store, file)
                case _:
                    attach_again(bench, store, file)
                    bench.pump.ingest_some(1)
        before = [results(bench, store, limit, MEANING_ONLY) for limit in (1, 10, 50)]
        indexed = bench.index.count(bench.space, store)
        bench.pump.settle()
        assert indexed != bench.index.count(bench.space, store)
        assert [results(bench, store, limit, MEANING_ONLY) for limit in (1, 10, 50)] == before
        bench.close()

    def test_a_deleted_store_ends_the_search(self, watched: Bench, index: Watched) -> None:
        """A store that is deleted while it is searched has no results, and the index is not asked again and again."""
        store = watched.store()
        watched.attach(store, watched.upload("alpha"))
        watched.pump.settle()
        index.searches = 0
        index.searched = lambda: vector_stores.delete(watched.deployment, PROJECT, store)
        assert results(watched, store) == []
        assert index.searches == 1


class TestFilters:
    """Filters know the attributes that were answered, whatever the worker has done since."""

    def test_changed(self, bench: Bench) -> None:
        """The search after an answered change of attributes finds the file by the new ones, and not by the old."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file, n=0)
        bench.pump.settle()
        for n in range(1, 100):
            store_files.change_attributes(bench.deployment, PROJECT, store, file, {"n": n})
            assert bench.find(store, "alpha", filter=Comparison("eq", "n", n)) == [file]
            assert bench.find(store, "alpha", filter=Comparison("eq", "n", n - 1)) == []
        bench.pump.settle()
        assert bench.find(store, "alpha", filter=Comparison("eq", "n", 99)) == [file]

    @pytest.mark.parametrize("steps", range(4))
    def test_changed_during_an_ingest(self, bench: Bench, steps: int) -> None:
        """A change while the file is being ingested holds for the chunks that serve now, for those that are indexed
        already, and for those that follow.
        """
        store, file = bench.store(), bench.upload("alpha\n" * 400)
        bench.attach(store, file, n=0)
        bench.pump.settle()
        attach_again(bench, store, file, n=1)
        bench.pump.project()
        for _ in range(steps):
            ingest_a_round(bench)
        store_files.change_attributes(bench.deployment, PROJECT, store, file, {"n": 2})
        while True:
            assert bench.find(store, "alpha", filter=Comparison("eq", "n", 2)) == [file] * 50
            assert bench.find(store, "alpha", filter=Comparison("lt", "n", 2)) == []
            if not bench.pump.ingest_some():
                break
        assert bench.status(store, file) == "completed"
        assert bench.find(store, "alpha", filter=Comparison("eq", "n", 2)) == [file] * 50

    @pytest.mark.parametrize("by", ["attach", "batch"])
    def test_attached_with_others(self, bench: Bench, by: str) -> None:
        """A file that is attached again with other attributes is found by the old ones until the ingest is complete,
        and by the new ones as soon as it is.
        """
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file, n=1)
        bench.pump.settle()
        if by == "attach":
            attach_again(bench, store, file, n=2)
        else:
            bench.batch(store, [file], n=2)
        bench.pump.project()
        assert bench.find(store, "alpha", filter=Comparison("eq", "n", 1)) == [file]
        while bench.pump.ingest_some():
            pass
        assert bench.find(store, "alpha", filter=Comparison("eq", "n", 2)) == [file]
        assert bench.find(store, "alpha", filter=Comparison("eq", "n", 1)) == []

    def test_detached_while_it_is_re_tagged(self, watched: Bench, index: Watched, tmp_path: Path) -> None:
        """A file that is detached and purged while a change of its attributes is written leaves nothing."""
        store, file = watched.store(), watched.upload("alpha")
        watched.attach(store, file)
        watched.pump.settle()

        def detached() -> None:
            index.retags = lambda: None
            store_files.detach(watched.deployment, PROJECT, store, file)
            watched.pump.settle()

        index.retags = detached
        store_files.change_attributes(watched.deployment, PROJECT, store, file, {"n": 1})
        with closing(sqlite3.connect(tmp_path / "index" / "chunks.db")) as reader:
            assert reader.execute("select name from file").fetchall() == []

    def test_an_index_that_follows_later(self, tmp_path: Path) -> None:
        """Where the index follows later, a file whose attributes no longer match does not take the place of others, and
        is found by its new attributes once the worker has been there.
        """
        bench = Bench(tmp_path, index=SlowTags(), inline_tags=False)
        store, files = bench.store(), [bench.upload("alpha") for _ in range(30)]
        for file in files:
            bench.attach(store, file, n=1)
        bench.pump.settle()
        for file in files[:29]:
            store_files.change_attributes(bench.deployment, PROJECT, store, file, {"n": 2})
        one, two = Comparison("eq", "n", 1), Comparison("eq", "n", 2)
        assert bench.find(store, "alpha", filter=one, limit=1) == [files[29]]
        bench.pump.settle()
        assert sorted(bench.find(store, "alpha", filter=two)) == sorted(files[:29])
        bench.close()

    @pytest.mark.parametrize("between", ["rounds", "calls", "refusals", "deliveries"])
    def test_changed_during_an_ingest_of_several_rounds(self, tmp_path: Path, between: str) -> None:
        """Attributes that change between two rounds of one ingest, or between two calls that divide it, reach the
        chunks that were indexed before, even if more calls follow, or if the first one died.
        """
        index = SlowTags()
        bench = Bench(tmp_path, index=index, inline_tags=False)
        store, file = bench.store(), bench.upload("alpha\n" * 400)
        bench.attach(store, file, n=1)
        bench.pump.project()

        def change() -> None:
            index.written = lambda: None
            store_files.change_attributes(bench.deployment, PROJECT, store, file, {"n": 2})

        if between == "rounds":
            index.written = change
        elif between == "deliveries":
            index.written = lost
            with pytest.raises(Lost):
                bench.pump.ingest_some()
            bench.pump.restart()
            change()
        else:
            ingest_a_round(bench)
            change()
        if between == "refusals":
            StubEmbedder.throttled = True
            bench.pump.ingest_some()
            StubEmbedder.throttled = False
            bench.clock.advance(60_000)
        ingest_a_round(bench)
        bench.pump.settle()
        assert bench.status(store, file) == "completed"
        assert bench.index.count(bench.space, store) == {(file, 1): 400}
        condition = Compound("and", (Comparison("eq", "n", 2), Comparison("ne", "n", 1)))
        [found] = bench.index.search(bench.space, [indexed(bench, store, condition)])
        assert len(found.by_vector) == 400
        bench.close()


class SlowTags(DictIndex):
    """An index like OpenSearch, in which each chunk has its own attributes."""

    written: Callable[[], None] = staticmethod(lambda: None)

    def add(self, space: Space, files: Sequence[FileChunks]) -> None:
        super().add(space, files)
        self.written()

    def retag(self, space: Space, tagged: FileChunks) -> bool:
        return False


def lost() -> None:
    raise Lost("the process died after its first round")


def indexed(bench: Bench, store: str, condition: Compound) -> Query:
    return Query(store, StubEmbedder(bench.space).query("alpha"), None, 1_000, condition)


def ingest_a_round(bench: Bench) -> None:
    """One call that has time for one round of chunks."""
    left = iter([True])
    bench.pump.time_left = lambda: next(left, False)
    bench.pump.ingest_some()
    bench.pump.time_left = lambda: True


class TestRefusedQuery:
    def test_the_text(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """A query that the embedding provider refuses for its text is the client's error, not to be repeated."""
        store = bench.store()
        monkeypatch.setattr(StubEmbedder, "query", _refusing("too long", "text"))
        with pytest.raises(Invalid, match="too long") as refused:
            bench.find(store, "alpha")
        assert refused.value.param == "query"

    @pytest.mark.parametrize("fault", ["busy", "deployment"])
    def test_any_text(self, bench: Bench, monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
        """A query that cannot be embedded now may be repeated later."""
        store = bench.store()
        monkeypatch.setattr(StubEmbedder, "query", _refusing("no key", fault))
        with pytest.raises(Unavailable, match="no key"):
            bench.find(store, "alpha")


def _refusing(message: str, fault: Fault) -> Callable[..., Vector]:
    def query(*_: object) -> Vector:
        raise EmbeddingError(message, fault=fault)

    return query
