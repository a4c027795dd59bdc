"""Words of stores that are spread over several shards."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support import opensearch_local
from vectorlog.domain.vectors import Chunk, Space
from vectorlog.index.chunk_index import FileChunks, Query
from vectorlog.index.opensearch.mapping import FIELD, Json
from vectorlog.index.opensearch.partitioned import Search, in_all_shards

MISSING: Json = {"error": {"type": "index_not_found_exception"}}


def document(text: str) -> Json:
    return {"_index": "alias", "routing": "vs_1", "doc": {FIELD: text}}


def answer(documents: int, terms: int, **found: int) -> Json:
    """What one shard says."""
    of_terms = {term: {"doc_freq": number} for term, number in found.items()}
    statistics = {"doc_count": documents, "sum_ttf": terms}
    return {"_index": "alias-1", "term_vectors": {FIELD: {"field_statistics": statistics, "terms": of_terms}}}


def counts(total: int, *found: int) -> list[Json]:
    """What searches count in all shards of the store."""
    buckets = [{"doc_count": number} for number in found]
    return [{"hits": {"total": {"value": total}}}, {"aggregations": {"terms": {"buckets": buckets}}}]


def test_words_of_other_shards_count() -> None:
    """A word that the asked shard does not have is found in the others, and one that none has is not."""
    asked: list[Search] = []

    def search(searches: Sequence[Search]) -> list[Json]:
        asked.extend(searches)
        return counts(30, 4, 6, 0)

    [merged] = in_all_shards([document("fox owl newt")], [answer(10, 50, fox=4)], search)
    vectors = merged["term_vectors"][FIELD]
    assert {term: each["doc_freq"] for term, each in vectors["terms"].items()} == {"fox": 4, "owl": 6}
    assert vectors["field_statistics"] == {"doc_count": 30, "sum_ttf": 150}
    assert {(index, routing) for index, routing, _ in asked} == {("alias-1", "vs_1")}, "of the index that was analysed"


def test_an_addition_in_between() -> None:
    """No word is in more texts than there are, though texts were added between the two counts."""
    [merged] = in_all_shards([document("fox")], [answer(1, 3, fox=1)], lambda _: counts(1, 2))
    assert merged["term_vectors"][FIELD]["field_statistics"]["doc_count"] == 2


def test_nothing_to_count() -> None:
    """A missing index and a query without terms are left as they are, and nothing is asked for them."""

    def never(_: Sequence[Search]) -> list[Json]:
        raise AssertionError("nothing to ask")

    answers = [MISSING, {"_index": "alias-1", "term_vectors": {}}]
    assert in_all_shards([document("fox"), document("")], answers, never) == answers


def test_an_empty_store() -> None:
    """A shard without texts has a mean length all the same."""
    [merged] = in_all_shards([document("fox")], [answer(0, 0)], lambda _: counts(0, 0))
    assert merged["term_vectors"][FIELD]["field_statistics"] == {"doc_count": 0, "sum_ttf": 0}


@pytest.mark.aws
def test_every_word_of_a_store_is_found(tmp_path: Path) -> None:
    """Each word is in one text only, in one of the store's shards, and whichever shard is asked, it is found."""
    index = opensearch_local.opened_partitioned(tmp_path)
    space, vector = Space("test:model", 2), array("f", [1, 0])
    words = [f"zq{number}word" for number in range(24)]
    chunks = [FileChunks("vs_1", f"file-{word}", 0, "row", 0, {}, (Chunk(0, word, (vector,)),)) for word in words]
    index.add(space, chunks)
    found = index.search(space, [Query("vs_1", None, word, 5, None, {}) for word in words])
    assert [[hit.file for hit in each.by_text] for each in found] == [[f"file-{word}"] for word in words]
    index.close()
