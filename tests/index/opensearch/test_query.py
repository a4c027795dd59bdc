"""Queries as OpenSearch's bodies, and the parsing of their answers."""

from __future__ import annotations

import operator
import random
from array import array
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support import opensearch_local
from vectorlog.domain.filters import Attributes, Comparison, Compound, Filter, Operator, Scalar, kind, matches
from vectorlog.domain.vectors import Chunk, Space, Vector
from vectorlog.index.analyser.terms import query_terms
from vectorlog.index.chunk_index import FileChunks, Part, Query
from vectorlog.index.opensearch.conditions import condition, restriction
from vectorlog.index.opensearch.documents import documents
from vectorlog.index.opensearch.mapping import FIELD, Json
from vectorlog.index.opensearch.query import allowed, bodies, search_result
from vectorlog.index.opensearch.words import NO_WORDS, Words

SPACE = Space("test:model", 2)
X: Vector = array("f", [1, 0])
KEYS = ["a", "b", "c", "with.dot", "ü"]
VALUES: list[Scalar] = ["", "1", "a", "ab", "B", "true", "ä", 0, 1, 1.0, 1.5, -2, 2.25, 10**6, True, False]
RANGES: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def some_attributes(source: random.Random) -> Attributes:
    return {key: source.choice(VALUES) for key in source.sample(KEYS, source.randint(0, 4))}


def some_filter(source: random.Random, depth: int = 2) -> Filter:
    if depth and source.random() < 0.6:
        inner = tuple(some_filter(source, depth - 1) for _ in range(source.randint(1, 3)))
        return Compound(source.choice(["and", "or"]), inner)
    name: Operator = source.choice(["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"])
    values = tuple(source.sample(VALUES, source.randint(1, 4)))
    return Comparison(name, source.choice(KEYS), values if name in ("in", "nin") else values[0])


def accepts(clause: Json, document: Json) -> bool:
    """Whether a clause matches a document by OpenSearch's documentation; `nested` looks at each attribute alone."""
    ((name, body),) = clause.items()
    match name:
        case "match_all" | "match_none":
            return bool(name == "match_all")
        case "bool":
            should = body.get("should", [])
            return (
                all(accepts(each, document) for each in body.get("filter", []))
                and not any(accepts(each, document) for each in body.get("must_not", []))
                and (not should or any(accepts(each, document) for each in should))
            )
        case "nested":
            return any(
                accepts(body["query"], {f"attributes.{k}": v for k, v in each.items()})
                for each in document["attributes"]
            )
    ((field, wanted),) = body.items()
    if field not in document:
        return False
    value = document[field]
    if name == "range":
        return all(RANGES[bound](value, limit) for bound, limit in wanted.items())
    return value in (wanted if name == "terms" else [wanted])


def document(attributes: Attributes) -> Json:
    (made,) = documents([FileChunks("s", "f", 0, "row", 0, attributes, (Chunk(0, "text", (X,)),))])
    return made.content


class TestFilters:
    def test_each_means_what_the_domain_says(self) -> None:
        """On hundreds of random documents, random trees of filters match what `domain.filters.matches` matches."""
        source = random.Random(1)
        both = {True: 0, False: 0}
        attributes = [some_attributes(source) for _ in range(300)]
        made = [document(each) for each in attributes]
        for _ in range(150):
            wanted = some_filter(source)
            clause = condition(wanted)
            for each, known in zip(attributes, made, strict=True):
                expected = matches(wanted, each)
                assert accepts(clause, known) == expected, (wanted, each)
                both[expected] += 1
        assert min(both.values()) > 10_000

    @pytest.mark.aws
    def test_the_server_agrees(self, tmp_path: Path) -> None:
        """OpenSearch itself finds, by vector and by text, the files that `domain.filters.matches` matches."""
        source, index = random.Random(2), opensearch_local.opened(tmp_path)
        attributes = {f"f{i}": some_attributes(source) for i in range(300)}
        chunk = Chunk(0, "fox", (X,))
        index.add(SPACE, [FileChunks("s", name, 0, "row", 0, each, (chunk,)) for name, each in attributes.items()])
        wanted = [some_filter(source) for _ in range(30)]
        answers = index.search(SPACE, [Query("s", X, "fox", 300, each) for each in wanted])
        for each, answer in zip(wanted, answers, strict=True):
            expected = {name for name, of_file in attributes.items() if matches(each, of_file)}
            assert {hit.file for hit in answer.by_vector} == {hit.file for hit in answer.by_text} == expected, each

    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [
            (Compound("and", ()), True),
            (Compound("or", ()), False),
            (Comparison("in", "a", ()), False),
            (Comparison("nin", "a", ()), True),
            (Comparison("gt", "a", True), False),
        ],
    )
    def test_nothing_to_compare_with(self, wanted: Filter, expected: bool) -> None:
        """An empty `or` or `in` and an order of booleans match nothing; an empty `and` or `nin` matches everything."""
        assert matches(wanted, {"a": True}) == expected
        assert accepts(condition(wanted), document({"a": True})) == expected

    @pytest.mark.parametrize("name", ["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"])
    def test_huge_integers_are_not_missed(self, name: Operator) -> None:
        """Integers that share a double may match too often, never too rarely."""
        near = [2**53 - 1, 2**53, 2**53 + 1, 2**53 + 2]
        numbers = [sign * number for sign in (1, -1) for number in near]
        for value in numbers:
            clause = condition(Comparison(name, "a", (value,) if name in ("in", "nin") else value))
            as_doubles = _doubles(clause)
            for stored in numbers:
                if matches(Comparison(name, "a", (value,) if name in ("in", "nin") else value), {"a": stored}):
                    assert accepts(as_doubles, {"attributes": [{"k": "a", "n": float(stored)}]}), (name, value, stored)


def _doubles(clause: Any) -> Any:
    """The clause as OpenSearch reads it: numbers of the field `n` are doubles."""
    if isinstance(clause, dict):
        return {key: _doubles(value) for key, value in clause.items()}
    if isinstance(clause, list):
        return [_doubles(each) for each in clause]
    return float(clause) if kind(clause) == "number" else clause


def leaves(clause: Json) -> int:
    """The clauses without clauses of their own, as Lucene counts them; OpenSearch adds one to each `nested`."""
    ((name, body),) = clause.items()
    if name == "nested":
        return 1 + leaves(body["query"])
    if name == "bool":
        return sum(leaves(each) for part in ("filter", "must", "should", "must_not") for each in body.get(part, []))
    if name == "match":
        return len(body[FIELD]["query"].split())
    return 1


def large_filters(conditions: int) -> Mapping[str, Filter]:
    """Filters of every form with this many conditions, each on a key of its own."""
    keys, mixed = [f"k{i}" for i in range(conditions)], ("a", 1, True)
    ranges = tuple(Comparison("gt", key, 1) for key in keys)
    lists = tuple(Comparison("in", key, mixed) for key in keys)
    others = tuple(Comparison("nin", key, mixed) for key in keys)
    pairs = tuple(Compound("and", pair) for pair in zip(ranges[::2], lists[1::2], strict=False))
    return {
        "all ranges": Compound("and", ranges),
        "any range": Compound("or", ranges),
        "all lists": Compound("and", lists),
        "any list": Compound("or", lists),
        "all others": Compound("and", others),
        "any pair": Compound("or", pairs),
        "one key": Compound("or", tuple(Comparison("eq", "k1", i) for i in range(conditions))),
    }


def known(text: str) -> Words:
    """The words of a query of which the index has all."""
    return Words("index-1", FIELD, query_terms(text).weights, 2.0, 1.0)


LONG_TEXT = " ".join(f"w{i}" for i in range(2_000))


class TestLimits:
    @pytest.mark.parametrize("conditions", [200, 1_000])
    def test_clauses(self, conditions: int) -> None:
        """However large a filter is, and whatever else is asked, a query keeps OpenSearch's limit of 1,024 clauses."""
        serving = {f"f{i}": None if i % 2 else Part(i, i) for i in range(1_000)}
        for wanted in large_filters(conditions).values():
            made = bodies(Query("s", X, LONG_TEXT, 5, wanted, serving), known(LONG_TEXT))
            where = made[0]["query"]["knn"]["vector"]["filter"]
            assert leaves(where) <= 1_000
            assert leaves(made[1]["query"]) <= 1_024
            assert leaves(made[1]["query"]["bool"]["must"][0]) >= 240

    def test_one_key_is_one_list(self) -> None:
        """Thousands of values of one key are one clause, however they are written."""
        for wanted in (large_filters(5_000)["one key"], Comparison("in", "k1", tuple(range(5_000)))):
            assert leaves(restriction(wanted)) == 3

    def test_files_are_lists(self) -> None:
        """What serves of thousands of files takes a handful of clauses."""
        serving = {f"f{i}": None if i % 2 else Part(i, i) for i in range(20_000)}
        assert leaves(allowed(Query("s", None, None, 5, None, serving))) <= 4

    def test_a_filter_that_is_cut_matches_more(self) -> None:
        """A filter of more conditions than fit matches every document that it accepts."""
        source = random.Random(3)
        wanted = {form: each for form, each in large_filters(1_000).items() if form != "one key"}
        for each in wanted.values():
            clause = restriction(each)
            for _ in range(20):
                attributes: Attributes = {f"k{source.randrange(1_000)}": source.choice(VALUES) for _ in range(500)}
                assert accepts(clause, document(attributes)) or not matches(each, attributes)

    @pytest.mark.aws
    def test_the_server_takes_them(self, tmp_path: Path) -> None:
        """OpenSearch itself answers the largest filters beside the longest text, and counts clauses as we do."""
        index = opensearch_local.opened(tmp_path)
        attributes: Attributes = {f"k{i}": 2 for i in range(200)}
        index.add(SPACE, [FileChunks("s", "f", 3, "row", 0, attributes, (Chunk(0, "w1 w2", (X,)),))])
        for form, wanted in large_filters(200).items():
            query = Query("s", X, LONG_TEXT, 5, wanted, {f"f{i}": None if i % 2 else Part(i, i) for i in range(1_000)})
            (found,) = index.search(SPACE, [query])
            if form in ("all ranges", "any range", "all others", "one key"):
                assert [hit.file for hit in (*found.by_vector, *found.by_text)] == ["f", "f"], form


class TestBodies:
    def test_filters_hold_before_the_best_are_chosen(self) -> None:
        """Store, filter and excluded files restrict k-NN and BM25 themselves, not their results."""
        query = Query("s", X, "fox", 5, Comparison("eq", "a", 1), {"g": None, "f": None})
        by_vector, by_text = bodies(query, known("fox"))[:2]
        inside, beside = by_vector["query"]["knn"]["vector"]["filter"], by_text["query"]["bool"]["filter"]
        assert beside == [inside]
        assert inside["bool"]["filter"] == [{"term": {"store": "s"}}, condition(Comparison("eq", "a", 1))]
        assert inside["bool"]["must_not"] == [{"terms": {"file": ["f", "g"]}}]
        assert by_vector["query"]["knn"]["vector"]["k"] >= 5
        assert [each["size"] for each in (by_vector, by_text)] == [5, 5]

    @pytest.mark.parametrize(
        ("vector", "text", "expected"), [(X, "two words", 4), (X, None, 1), (None, "two words", 1), (None, None, 0)]
    )
    def test_only_what_is_asked(self, vector: Vector | None, text: str | None, expected: int) -> None:
        """A query of one kind is one search, however many words it has; one of both kinds is four."""
        assert len(bodies(Query("s", vector, text, 5), known(text or ""))) == expected

    def test_long_texts_are_bounded(self) -> None:
        """However long a query's text, OpenSearch's limit of clauses is kept, with the words that say most."""
        for text in (" ".join(f"w{i}" for i in range(3000)), "字" * 50 + "".join(chr(0x4E00 + i) for i in range(3000))):
            words = known(text)
            made = bodies(Query("s", X, text, 5), words)
            (clause,) = made[1]["query"]["bool"]["must"]
            assert 900 < leaves(clause) < len(words.weights)
            assert len(made) == 4

    def test_terms_of_one_weight_are_one_match(self) -> None:
        """Terms are grouped by weight, and are not analysed again."""
        clause = Words("i", FIELD, {"fox": 0.8, "err2043": 1.5, "dog": 0.8}).clause(10)
        (first, second) = clause["bool"]["should"]
        assert first == {"match": {FIELD: {"query": "fox dog", "boost": 0.8, "analyzer": "whitespace"}}}
        assert second["match"][FIELD]["boost"] == 1.5


class TestFound:
    ONE: Json = {"file": "f", "generation": 3, "row": "r", "n": 7, "window": 0, "windows": 1, "shown": "fox"}  # noqa: RUF012

    @staticmethod
    def answer(*hits: tuple[str, float, Json | None]) -> Json:
        return {"hits": {"hits": [{"_id": id_, "_score": score, "_source": source} for id_, score, source in hits]}}

    def test_scores_come_together(self) -> None:
        """A hit of one list has the score that another search gave it."""
        other = self.ONE | {"n": 8, "shown": "dog"}
        answers = [
            self.answer(("f:7", 0.75, self.ONE)),
            self.answer(("f:8", 1.5, other)),
            self.answer(("f:7", 0.5, None)),
            self.answer(("f:8", 0.8, None)),
        ]
        answer = search_result(Query("s", X, "fox foo", 5), Words("i", bound=2.75, same=1.0), iter(answers))
        (by_vector,), (by_text,) = answer.by_vector, answer.by_text
        assert (by_vector.file, by_vector.generation, by_vector.row, by_vector.n, by_vector.text) == (
            "f",
            3,
            "r",
            7,
            "fox",
        )
        assert (by_vector.cosine, by_vector.bm25) == (0.5, 0.5)
        assert by_text.cosine == pytest.approx(-0.2)
        assert by_text.bm25 == 1.5
        assert (answer.bm25_bound, answer.bm25_same) == (2.75, 1.0)

    def test_nearest_without_words_score_nothing(self) -> None:
        """A near text without any of the words has a BM25 of 0; for a later window it is unknown."""
        later = {**self.ONE, "n": 8, "window": 1, "windows": 2, "shown": "dog"}
        nothing = self.answer()
        query = Query("s", X, "cat", 5)
        answer = search_result(
            query,
            NO_WORDS,
            iter([self.answer(("f:7", 0.75, self.ONE), ("f:8:1", 0.7, later)), nothing, nothing, nothing]),
        )
        assert [(hit.text, hit.bm25) for hit in answer.by_vector] == [("fox", 0.0), ("dog", None)]
        assert answer.bm25_bound == 0

    def test_one_window_of_several_says_little(self) -> None:
        """The cosine of the window with the words is not that of the best window, so it is not reported as if it
        were.
        """
        several = self.ONE | {"windows": 2}
        answers = [
            self.answer(),
            self.answer(("f:7", 1.5, several)),
            self.answer(),
            self.answer(("f:7", 0.8, None)),
        ]
        (hit,) = search_result(Query("s", X, "fox", 5), known("fox"), iter(answers)).by_text
        assert (hit.cosine, hit.bm25) == (None, 1.5)
