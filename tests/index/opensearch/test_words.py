"""What OpenSearch says of a query's words, and what follows from it."""

from __future__ import annotations

import math

import pytest

from vectorlog.index.analyser.spelling import MEANT
from vectorlog.index.analyser.weights import STEM
from vectorlog.index.bm25 import BM25, LUCENE, NAMES, UNSEEN
from vectorlog.index.chunk_index import Query
from vectorlog.index.opensearch.errors import Busy, IndexRefused
from vectorlog.index.opensearch.mapping import FIELD, OLDER_FIELD, Json
from vectorlog.index.opensearch.words import NO_WORDS, Words, look_up

UNKNOWN = {
    "type": "exception",
    "reason": "failed to execute term vector request",
    "caused_by": {
        "type": "strict_dynamic_mapping_exception",
        "reason": "mapping set to strict, dynamic introduction of [x] within [_doc] is not allowed",
    },
}
MISSING = {"type": "index_not_found_exception", "reason": "no such index"}


def answer(field: str, documents: int, total: int, **terms: tuple[int, int]) -> Json:
    """Term vectors: the documents of the shard, their length together, and of each term how often it is in the query
    and in how many documents.
    """
    found = {
        term: {"term_freq": times} | ({"doc_freq": frequency} if frequency else {})
        for term, (times, frequency) in terms.items()
    }
    statistics = {"sum_doc_freq": 1, "doc_count": documents, "sum_ttf": total}
    return {
        "_index": "name-1",
        "found": True,
        "term_vectors": {field: {"field_statistics": statistics, "terms": found}},
    }


def asked(queries: list[Query], *answers: list[Json]) -> tuple[list[Words], list[Json]]:
    """The words, and the requests that were sent for them."""
    sent: list[Json] = []
    remaining = list(answers)

    def send(body: Json) -> list[Json]:
        sent.append(body)
        return remaining.pop(0)

    return look_up(queries, "name", send), sent


class TestLookUp:
    def test_one_request(self) -> None:
        """The terms of all queries are counted by one request, each in the shard of its store; a query without a text
        has none.
        """
        queries = [Query("s", None, "fox", 5), Query("t", None, None, 5), Query("u", None, "dog", 5)]
        words, (sent,) = asked(queries, [answer(FIELD, 9, 90, fox=(1, 3)), answer(FIELD, 9, 90, dog=(1, 0))])
        assert [(each["_index"], each["routing"], each["doc"]) for each in sent["docs"]] == [
            ("name", "s", {FIELD: "fox"}),
            ("name", "u", {FIELD: "dog"}),
        ]
        assert [each.weights for each in words] == [{"fox": 1.0}, {}, {}]
        assert [each.index for each in words] == ["name-1", None, "name-1"]

    def test_the_marks(self) -> None:
        """A term that is known adds its idf, a word that is not known a part of the highest one, and what the query's
        own text scores is dampened by its length.
        """
        ([words], _) = asked([Query("s", None, "fox fox cat", 5)], [answer(FIELD, 10, 40, fox=(2, 4), cat=(1, 0))])
        idf, unseen = math.log(1 + 6.5 / 4.5), UNSEEN * math.log(1 + 10.5 / 0.5)
        assert words.bound == pytest.approx(2 * idf + unseen)
        norm = BM25.k1 * (1 - BM25.b + BM25.b * (3 + NAMES) / 4)
        assert words.same == pytest.approx(2 * idf * 2 / (2 + norm) + unseen / (1 + norm))

    def test_a_misspelt_word(self) -> None:
        """A word that no text has is counted in other spellings, by a second request; the known one is searched."""
        query = Query("s", None, "foxes relesed", 5)
        found = answer(FIELD, 10, 40, fox=(1, 4), releas=(0, 2), released=(1, 2), relessed=(1, 0))
        ([words], [_, second]) = asked([query], [answer(FIELD, 10, 40, fox=(1, 4), reles=(1, 0))], [found])
        assert {"released", "relesed", "fox"} <= set(second["docs"][0]["doc"][FIELD].split())
        assert set(words.weights) == {"fox", "releas", "released"}
        assert words.weights["releas"] == pytest.approx(MEANT * STEM)

    def test_an_older_index(self) -> None:
        """An index without our terms is asked for those that it has, which then weigh as they occur."""
        query = Query("s", None, "The foxes", 5)
        ([words], [_, second]) = asked([query], [{"error": UNKNOWN}], [answer(OLDER_FIELD, 10, 40, fox=(1, 4))])
        assert second["docs"][0]["doc"] == {OLDER_FIELD: "The foxes"}
        assert (words.field, words.weights) == (OLDER_FIELD, {"fox": 1})
        norm = LUCENE.k1 * (1 - LUCENE.b + LUCENE.b * (1 + NAMES) / 4)
        assert words.same == pytest.approx(words.bound / (1 + norm))

    def test_an_index_of_another_version(self) -> None:
        """An index with neither is never searched by words, and the error says what to do."""
        with pytest.raises(IndexRefused, match="rebuild index"):
            asked([Query("s", None, "fox", 5)], [{"error": UNKNOWN}], [{"error": UNKNOWN}])

    def test_no_index(self) -> None:
        """A missing index has no words."""
        assert asked([Query("s", None, "fox", 5)], [{"error": MISSING}])[0] == [NO_WORDS]

    def test_no_terms(self) -> None:
        """A text of stop words has none."""
        ([words], _) = asked([Query("s", None, "the", 5)], [{"_index": "name-1", "term_vectors": {}}])
        assert (words.weights, words.bound, words.same) == ({}, 0.0, 0.0)
        assert words.clause(9) == {"match_none": {}}

    def test_failures(self) -> None:
        """A shard that does not answer is asked again; a request that it never takes is not."""
        query = Query("s", None, "fox", 5)
        with pytest.raises(Busy):
            asked([query], [{"error": {"type": "no_shard_available_action_exception", "reason": "later"}}])
        with pytest.raises(IndexRefused):
            asked([query], [{"error": {"type": "illegal_argument_exception", "reason": "never"}}])
