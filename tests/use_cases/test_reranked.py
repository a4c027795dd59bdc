"""Searches that ask for the reranker: it orders and scores what was found, and a search never fails because of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.bench import PROJECT, Bench
from tests.support.told import Tallied, Told
from vectorlog.domain.chunking import Chunking
from vectorlog.domain.errors import Invalid, NotFound
from vectorlog.domain.filters import Comparison
from vectorlog.reranking.reranker import MOST_TEXTS, FailureKind, RerankingError
from vectorlog.rewriting.plain import rewritten
from vectorlog.telemetry.telemetry import Telemetry
from vectorlog.use_cases import search, store_files
from vectorlog.use_cases.search import Found, Search
from vectorlog.use_cases.store_files import AttachFile


class StubReranker:
    """Gives each text the highest of the scores whose word it contains, or 0.1; or fails."""

    def __init__(self) -> None:
        self.scores: Mapping[str, float] = {}
        self.failure: FailureKind | None = None
        self.asked: list[tuple[list[str], list[str]]] = []

    def rerank(self, queries: Sequence[str], texts: Sequence[str]) -> list[float]:
        assert 0 < len(texts) <= MOST_TEXTS
        self.asked.append((list(queries), list(texts)))
        if self.failure:
            raise RerankingError("it is busy", self.failure)
        return [max((score for word, score in self.scores.items() if word in text), default=0.1) for text in texts]


@pytest.fixture
def reranker() -> StubReranker:
    return StubReranker()


@pytest.fixture
def counts() -> Tallied:
    return Tallied()


@pytest.fixture
def bench(tmp_path: Path, reranker: StubReranker, counts: Tallied) -> Iterator[Bench]:
    made = Bench(tmp_path, reranker=reranker, telemetry=Telemetry(counts))
    yield made
    made.close()


def filled(bench: Bench, *texts: str, **attributes: Any) -> str:
    """A store with a file for each text, `0.txt` and so on."""
    store = bench.store()
    for place, text in enumerate(texts):
        bench.attach(store, bench.upload(text, name=f"{place}.txt"), **attributes)
    bench.pump.settle()
    return store


def searched(bench: Bench, *stores: str, queries: tuple[str, ...] = ("alpha",), **options: Any) -> Found:
    asked = Search(queries, **{"rerank": True, **options})
    if len(stores) == 1:
        return search.search(bench.deployment, PROJECT, stores[0], asked)
    return search.search_several(bench.deployment, PROJECT, stores, asked)


def shown(found: Found) -> list[tuple[str, float]]:
    return [(each.text, each.score) for each in found.results]


class TestOrder:
    def test_the_rerankers_order_and_scores(self, bench: Bench, reranker: StubReranker) -> None:
        """Results come in the reranker's order with its scores; without it the order is another."""
        store = filled(bench, "alpha alpha", "alpha beta", "alpha gamma delta")
        reranker.scores = {"delta": 0.9, "beta": 0.4}
        assert shown(searched(bench, store)) == [("alpha gamma delta", 0.9), ("alpha beta", 0.4), ("alpha alpha", 0.1)]
        assert shown(searched(bench, store, rerank=False))[0][0] == "alpha alpha"
        assert len(reranker.asked) == 1

    def test_equal_scores_keep_their_order(self, bench: Bench) -> None:
        """Where the reranker sees no difference, meaning and words decide."""
        store = filled(bench, "alpha beta gamma delta", "alpha", "alpha beta")
        plain = searched(bench, store, rerank=False)
        assert [text for text, _ in shown(searched(bench, store))] == [text for text, _ in shown(plain)]

    def test_from_further_below(self, bench: Bench, reranker: StubReranker) -> None:
        """What the reranker likes is found although it was below the results that are wanted: four times as many are
        read.
        """
        store = filled(bench, *(f"alpha {'beta ' * n}end{n}." for n in range(12)))
        last = searched(bench, store, limit=8, rerank=False).results[7]
        reranker.scores = {last.text: 0.8}
        assert shown(searched(bench, store, limit=2))[0] == (last.text, 0.8)
        assert [len(texts) for _, texts in reranker.asked] == [8]

    @pytest.mark.parametrize(("limit", "most"), [(1, 4), (10, 40), (25, 100), (26, 78), (30, 90), (50, 100)])
    def test_how_many_are_read(self, bench: Bench, reranker: StubReranker, limit: int, most: int) -> None:
        """Four for each result, but 100 at most: what a reranker costs is bounded."""
        store = bench.store()
        file = bench.upload("".join(f"alpha line{n} {'beta ' * 60}\n" for n in range(150)))
        store_files.attach(bench.deployment, PROJECT, store, AttachFile(file, {}, Chunking("static", 100, 0)))
        bench.pump.settle()
        assert len(searched(bench, store, limit=limit).results) == limit
        assert [len(texts) for _, texts in reranker.asked] == [most]

    def test_the_filename_is_read(self, bench: Bench, reranker: StubReranker) -> None:
        """The reranker sees what words are looked for in: the filename, then the text."""
        store = filled(bench, "alpha")
        reranker.scores = {"0.txt": 0.7}
        assert shown(searched(bench, store)) == [("alpha", 0.7)]
        assert reranker.asked == [(["alpha"], ["0.txt\nalpha"])]

    def test_rewritten_queries(self, bench: Bench, reranker: StubReranker) -> None:
        """The reranker is asked what was searched."""
        store = filled(bench, "alpha")
        query = "Hello, could you tell me about alpha, please?"
        searched(bench, store, queries=(query,), rewrite=True)
        assert [queries for queries, _ in reranker.asked] == [[rewritten(query)]]

    def test_nothing_found(self, bench: Bench, reranker: StubReranker) -> None:
        """A search without results does not ask the reranker."""
        assert searched(bench, bench.store()) == Found(("alpha",), ())
        assert reranker.asked == []


class TestOptions:
    def test_threshold(self, bench: Bench, reranker: StubReranker) -> None:
        """The threshold is for the reranker's scores, also where the score before was lower."""
        store = filled(bench, "alpha alpha", "gamma")
        reranker.scores = {"gamma": 0.95}
        low = dict(shown(searched(bench, store, rerank=False)))["gamma"]
        assert low < 0.9
        assert shown(searched(bench, store, threshold=0.95)) == [("gamma", 0.95)]
        assert shown(searched(bench, store, threshold=0.96)) == []

    def test_filter(self, bench: Bench, reranker: StubReranker) -> None:
        """What a filter leaves out is neither returned nor sent to the reranker."""
        store = filled(bench, "alpha one", group="a")
        bench.attach(store, bench.upload("alpha two"), group="b")
        bench.pump.settle()
        found = searched(bench, store, filter=Comparison("eq", "group", "a"))
        assert [text for text, _ in shown(found)] == ["alpha one"]
        assert [texts for _, texts in reranker.asked] == [["0.txt\nalpha one"]]

    def test_several_queries(self, bench: Bench, reranker: StubReranker) -> None:
        """All queries are given at once: the reranker answers with the best score of each text."""
        store = filled(bench, "alpha", "beta")
        reranker.scores = {"beta": 0.6}
        assert shown(searched(bench, store, queries=("alpha", "beta"))) == [("beta", 0.6), ("alpha", 0.1)]
        assert [queries for queries, _ in reranker.asked] == [["alpha", "beta"]]

    def test_several_stores(self, bench: Bench, reranker: StubReranker) -> None:
        """The results of all stores are reranked together, in one list; a text that two stores have is sent once."""
        one, two = filled(bench, "alpha", "alpha beta"), filled(bench, "alpha", "alpha gamma")
        reranker.scores = {"gamma": 0.9, "beta": 0.5}
        found = searched(bench, one, two)
        assert [(each.store, each.text) for each in found.results[:2]] == [(two, "alpha gamma"), (one, "alpha beta")]
        assert [(each.text, each.score) for each in found.results[2:]] == [("alpha", 0.1)] * 2
        assert [sorted(texts) for _, texts in reranker.asked] == [
            ["0.txt\nalpha", "1.txt\nalpha beta", "1.txt\nalpha gamma"]
        ]

    @pytest.mark.parametrize("most", [1, 2])
    def test_results_of_one_file(self, bench: Bench, reranker: StubReranker, most: int) -> None:
        """A file gives no more results than asked for: those that the reranker likes best, and the list is filled."""
        store = bench.store()
        crowd = bench.upload("".join(f"alpha line{n} {'alpha ' * 60}\n" for n in range(40)), name="crowd.txt")
        store_files.attach(bench.deployment, PROJECT, store, AttachFile(crowd, {}, Chunking("static", 100, 0)))
        others = [bench.upload(f"alpha other{n} beta gamma", name=f"{n}.txt") for n in range(4)]
        for other in others:
            bench.attach(store, other)
        bench.pump.settle()
        reranker.scores = {"crowd": 0.8, "other1": 0.9}
        found = searched(bench, store, limit=most + 4, per_file=most).results
        files = [each.file for each in found]
        assert files[:2] == [others[1], crowd]
        assert (files.count(crowd), set(files)) == (most, {crowd, *others})

    def test_what_no_longer_serves(self, bench: Bench, reranker: StubReranker) -> None:
        """A file that was detached is not sent to the reranker."""
        store = bench.store()
        gone, stays = bench.upload("alpha gone"), bench.upload("alpha stays", name="b.txt")
        for file in (gone, stays):
            bench.attach(store, file)
        bench.pump.settle()
        store_files.detach(bench.deployment, PROJECT, store, gone)
        assert [text for text, _ in shown(searched(bench, store))] == ["alpha stays"]
        assert [texts for _, texts in reranker.asked] == [["b.txt\nalpha stays"]]


class TestFailure:
    @pytest.mark.parametrize("kind", ["slow", "refused", "unusable"])
    def test_the_order_before(
        self, bench: Bench, reranker: StubReranker, counts: Tallied, told: Told, kind: FailureKind
    ) -> None:
        """If the reranker fails, the results and scores are those of `auto`; the answer says so, and one log line has
        the request's id and the reason.
        """
        store = filled(bench, "alpha alpha", "alpha beta", "gamma", "delta epsilon")
        for options in ({}, {"limit": 2}, {"threshold": 0.6}, {"per_file": 1}):
            plain = searched(bench, store, rerank=False, **options)
            reranker.failure = None
            assert searched(bench, store, **options).warnings == ()
            reranker.failure = kind
            found = searched(bench, store, **options)
            assert [text for text, _ in shown(found)] == [text for text, _ in shown(plain)]
            assert [score for _, score in shown(found)] == pytest.approx([score for _, score in shown(plain)])
            assert [each.code for each in found.warnings] == ["not_reranked"]
        assert counts.numbers["not_reranked", kind] == 4
        lines = told.lines("not_reranked")
        assert {(line["request_id"], line["code"], line["reason"]) for line in lines} == {("req_1", kind, "it is busy")}
        assert len(lines) == 4

    def test_several_stores(self, bench: Bench, reranker: StubReranker) -> None:
        """So it is for several stores."""
        stores = filled(bench, "alpha", "alpha beta"), filled(bench, "alpha gamma", "delta")
        reranker.failure = "refused"
        found = searched(bench, *stores, limit=3)
        assert shown(found) == shown(searched(bench, *stores, limit=3, rerank=False))
        assert [each.code for each in found.warnings] == ["not_reranked"]


class TestWithoutOne:
    def test_refused(self, tmp_path: Path) -> None:
        """A deployment without a reranker refuses such searches, and names the field and the setting. Who may not see
        a store is not told.
        """
        bench = Bench(tmp_path)
        store = bench.store()
        for stores in ((store,), (store, bench.store())):
            with pytest.raises(Invalid, match="VECTORLOG_RERANKING_MODEL") as refused:
                searched(bench, *stores)
            assert (refused.value.param, refused.value.code) == ("ranking_options.ranker", "unsupported_value")
        with pytest.raises(NotFound):
            searched(bench, "vs_nothing")
        bench.close()
