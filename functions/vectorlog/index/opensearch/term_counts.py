"""Counts in how many texts terms occur, by searches: collections of OpenSearch Serverless have no term vectors, and
those of a domain are of one shard.

The answers have the form of those of `_mtermvectors`, as far as `words.py` reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vectorlog.index.opensearch.mapping import Json

REMEMBERED_S = 30.0
"""How long the size of a large index is remembered. Searches see writes only after such a time anyway."""
LARGE = 10_000
"""Texts of an index whose size is remembered: the mean of their lengths is computed from all of them."""


@dataclass(frozen=True, slots=True)
class Size:
    """The number of texts in an index, and how many terms they have together."""

    texts: int
    terms: float


class TermCounts:
    """Counts terms; threads may share it.

    Args:
        search: sends the bodies of several searches of the index with an alias, and returns their answers.
        clock: returns seconds since any fixed moment.
    """

    def __init__(self, search: Callable[[str, Sequence[Json]], list[Json]], clock: Callable[[], float]) -> None:
        self._search = search
        self._clock = clock
        self._sizes: dict[str, tuple[float, Size]] = {}

    def counted(self, alias: str, body: Json) -> list[Json]:
        """Returns the answers to the documents of a request for term vectors, all of which are of this index."""
        texts = [next(iter(document["doc"].items())) for document in body["docs"]]
        terms = [text.split() for _, text in texts]
        size = self._remembered(alias)
        wanted = [frequencies(field, some) for (field, _), some in zip(texts, terms, strict=True)]
        answers = self._search(alias, [*wanted, *([] if size else [_size(texts[0][0])])])
        if size is None:
            size = self._noted(alias, answers[-1])
        if size is None:
            return [{"error": {"type": "index_not_found_exception"}} for _ in texts]
        counted = zip(texts, terms, answers, strict=False)
        return [_answer(alias, field, some, answer, size) for (field, _), some, answer in counted]

    def _remembered(self, alias: str) -> Size | None:
        until, size = self._sizes.get(alias, (0.0, None))
        return size if size is not None and self._clock() < until else None

    def _noted(self, alias: str, answer: Json) -> Size | None:
        """Returns the size of an index; None if there is no such index."""
        if "aggregations" not in answer:
            return None
        texts = answer["hits"]["total"]["value"]
        size = Size(texts, (answer["aggregations"]["length"]["value"] or 0.0) * texts)
        if texts >= LARGE:
            self._sizes[alias] = (self._clock() + REMEMBERED_S, size)
        return size


def frequencies(field: str, terms: Sequence[str]) -> Json:
    """Returns a search that counts the texts with each of these terms; it reads no text that has none of them."""
    filters = {"filters": [{"term": {field: term}} for term in terms] or [{"match_none": {}}]}
    return {
        "size": 0,
        "track_total_hits": False,
        "query": {"terms": {field: list(terms)}},
        "aggs": {"terms": {"filters": filters}},
    }


def number(field: str) -> Json:
    """Returns a search that counts the texts."""
    return {"size": 0, "track_total_hits": True, "query": {"exists": {"field": field}}}


def _size(field: str) -> Json:
    return number(field) | {"aggs": {"length": {"avg": {"field": "length"}}}}


def _answer(alias: str, field: str, terms: Sequence[str], answer: Json, size: Size) -> Json:
    if not terms:
        return {"_index": alias, "term_vectors": {}}
    buckets = answer["aggregations"]["terms"]["buckets"] if "aggregations" in answer else [{}] * len(terms)
    counts = zip(terms, buckets, strict=True)
    found = {term: {"doc_freq": bucket["doc_count"]} for term, bucket in counts if bucket.get("doc_count")}
    statistics = {"doc_count": size.texts, "sum_ttf": size.terms}
    return {"_index": alias, "term_vectors": {field: {"field_statistics": statistics, "terms": found}}}
