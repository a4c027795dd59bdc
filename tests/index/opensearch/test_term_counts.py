"""What a collection says of a query's words, counted by searches."""

from __future__ import annotations

from collections.abc import Sequence

from vectorlog.index.bm25 import LUCENE
from vectorlog.index.chunk_index import Query
from vectorlog.index.opensearch.mapping import FIELD, Json
from vectorlog.index.opensearch.term_counts import LARGE, REMEMBERED_S, TermCounts
from vectorlog.index.opensearch.words import look_up


class Collection:
    """An index of `texts` texts of five terms, in which each term is in as many as `having` says."""

    def __init__(self, texts: int, **having: int) -> None:
        self.texts = texts
        self.having = having
        self.sent: list[list[Json]] = []
        self.now = 0.0
        self.counts = TermCounts(self.search, lambda: self.now)

    def search(self, alias: str, bodies: Sequence[Json]) -> list[Json]:
        self.sent.append(list(bodies))
        return [self._answer(body) for body in bodies]

    def _answer(self, body: Json) -> Json:
        if self.texts < 0:
            return {"hits": {"hits": []}}
        if "length" in body["aggs"]:
            mean = {"value": 5.0 if self.texts else None}
            return {"hits": {"total": {"value": self.texts}, "hits": []}, "aggregations": {"length": mean}}
        terms = [each["term"][FIELD] for each in body["aggs"]["terms"]["filters"]["filters"]]
        buckets = [{"doc_count": self.having.get(term, 0)} for term in terms]
        return {"hits": {"hits": []}, "aggregations": {"terms": {"buckets": buckets}}}

    def words(self, *texts: str) -> list[tuple[str | None, list[str]]]:
        queries = [Query("s", None, text, 5) for text in texts]
        found = look_up(queries, "name", lambda body: self.counts.counted("name", body), LUCENE)
        return [(each.index, list(each.weights)) for each in found]


def test_one_request() -> None:
    """The words of all queries are counted by one request, with the size of the index."""
    collection = Collection(9, fox=3)
    assert collection.words("fox cat", "dog") == [("name", ["fox"]), ("name", [])]
    assert len(collection.sent[0]) == 3


def test_no_index() -> None:
    """Where there is no index, no word is known."""
    assert Collection(-1).words("fox") == [(None, [])]
    assert Collection(0).words("fox") == [("name", [])]


def test_only_texts_with_a_word_are_read() -> None:
    """Counting reads none of the texts that have no word of the query."""
    collection = Collection(9, fox=3)
    collection.words("fox")
    assert collection.sent[0][0]["query"] == {"terms": {FIELD: ["fox"]}}


def test_size_of_a_large_index_is_remembered() -> None:
    """The size of a large index, for which all texts are looked at, is not computed for each search; that of a small
    one is.
    """
    small, large = Collection(LARGE - 1, fox=3), Collection(LARGE, fox=3)
    for collection, sizes in ((small, [True, True, True]), (large, [True, False, True])):
        for collection.now in (0.0, REMEMBERED_S - 1, REMEMBERED_S):
            collection.words("fox")
        assert [len(sent) == 2 for sent in collection.sent] == sizes
