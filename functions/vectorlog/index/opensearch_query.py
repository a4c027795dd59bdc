"""A query as OpenSearch's search bodies, and their answers as what was found; pure.

A query is several bodies of one `_msearch`: the best by vector, the best by text, and for each word of the text the one
document that matches it best, whose explanation holds the word's idf: no other call gives it beside a search. The idfs add up to
`bm25_bound`, as no document can score more than its words' idf.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from vectorlog.domain.filters import Comparison, Compound, Filter, Scalar, kind
from vectorlog.index.chunk_index import Found, Hit, Query
from vectorlog.index.opensearch_mapping import SOURCE, Json, field

EF_SEARCH = 200
"""Candidates that HNSW keeps: recall of 0.99 at 20 on random vectors, 0.83 to 0.96 with OpenSearch's default of 100."""
WINDOWS = 10
"""Windows of one chunk that may be among the best without taking places from other chunks."""
PROBES = 32
"""Words of a query whose idf is asked for; further ones are taken to be as rare as these on average."""

_MOST_NEIGHBOURS = 10_000  # OpenSearch's limit of k
_EXACT = 2**53  # integers from here on may share a double
_IDF = "idf, computed as"
_MOST_WORDS = 1000  # OpenSearch takes 1,024 clauses in a query
# About Lucene's standard tokenizer, for which Han and Hiragana are words of one sign.
_SIGNS = "\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_SIGNS}]|[^\W{_SIGNS}]+(?:['’.][^\W{_SIGNS}]+)*")


def bodies(query: Query) -> list[Json]:
    """Bodies of one query, as many as `words` says plus one for the vector and one for the text, where it has them."""
    where = allowed(query)
    made = []
    if query.vector is not None:
        made.append(_by_vector(query, where))
    if query.text is not None:
        made.append(_by_text(query, where))
        made += [_probe(word) for word in _words(query.text)]
    return made


def found(query: Query, answers: Iterator[Json]) -> Found:
    """What was found, from the answers to `bodies(query)`, which are taken off the iterator."""
    vector_hits = _hits(next(answers)) if query.vector is not None else []
    text_hits = _hits(next(answers)) if query.text is not None else []
    words = _words(query.text) if query.text is not None else Counter[str]()
    idfs = [sum(_idfs(hit["_explanation"]) for hit in _hits(answer)) for answer in islice(answers, len(words))]
    cosines = {_chunk(hit): min(max(2 * hit["_score"] - 1, -1.0), 1.0) for hit in vector_hits}
    scores = {_chunk(hit): float(hit["_score"]) for hit in text_hits}
    by_vector, by_text = (
        [_hit(each["_source"], cosines.get(_chunk(each)), scores.get(_chunk(each))) for each in hits] for hits in (vector_hits, text_hits)
    )
    return Found(
        tuple(sorted(by_vector, key=lambda hit: (-(hit.cosine or 0.0), hit.file, hit.generation, hit.n))),
        tuple(sorted(by_text, key=lambda hit: (-(hit.bm25 or 0.0), hit.file, hit.generation, hit.n))),
        max(bound(words, query.text or "", idfs), max(scores.values())) if scores else 0.0,
    )


def bound(words: Mapping[str, int], text: str, idfs: Sequence[float]) -> float:
    """The sum of the idf of each word of a text, as often as it is there."""
    known = sum(times * idf for times, idf in zip(words.values(), idfs, strict=True))
    return known * len(_WORD.findall(text)) / max(sum(words.values()), 1)


def allowed(query: Query) -> Json:
    """What the chunks of the query's store have to match."""
    clauses: list[Json] = [{"term": {"store": query.store}}]
    if query.filter is not None:
        clauses.append(condition(query.filter))
    made: Json = {"filter": clauses}
    if query.without:
        made["must_not"] = [{"terms": {"file": sorted(query.without)}}]
    return {"bool": made}


def condition(wanted: Filter) -> Json:
    """A filter on attributes; every document that `domain.filters.matches` accepts matches it.

    So does no other, unless the filter or the document holds an integer of 2^53 or more: then numbers that share a double are one.
    """
    if isinstance(wanted, Compound):
        inner = [condition(each) for each in wanted.filters]
        return _all(inner) if wanted.operator == "and" else _any(inner)
    operator, value = wanted.operator, wanted.value
    if operator in ("eq", "in"):
        return _equal(wanted.key, _values(wanted))
    if operator in ("ne", "nin"):
        exact = tuple(each for each in _values(wanted) if not _inexact(each))
        return {"bool": {"must_not": [_equal(wanted.key, exact)]}}
    if isinstance(value, tuple) or kind(value) == "bool":
        return {"match_none": {}}
    if _inexact(value):
        operator = "gte" if operator in ("gt", "gte") else "lte"
    return _attribute(wanted.key, {"range": {f"attributes.{field(value)}": {operator: value}}})


def _by_vector(query: Query, where: Json) -> Json:
    neighbours = min(max(query.limit, 1) * WINDOWS, _MOST_NEIGHBOURS)
    knn = {
        "vector": list(query.vector or ()),
        "k": neighbours,
        "method_parameters": {"ef_search": max(EF_SEARCH, neighbours)},
        "filter": where,
    }
    # Of a chunk's windows the best one stands for it.
    return _page(query.limit) | {"query": {"knn": {"vector": knn}}, "collapse": {"field": "chunk"}}


def _by_text(query: Query, where: Json) -> Json:
    return _page(query.limit) | {"query": {"bool": {"must": [{"match": {"text": _searched(query.text or "")}}], "filter": [where]}}}


def _probe(word: str) -> Json:
    return {"size": 1, "_source": False, "explain": True, "track_total_hits": False, "query": {"match": {"text": word}}}


def _page(limit: int) -> Json:
    return {"size": limit, "_source": SOURCE, "track_total_hits": False}


def _searched(text: str) -> str:
    """As much of a text as can be searched for."""
    words = list(islice(_WORD.finditer(text), _MOST_WORDS))
    return text[: words[-1].end()] if words else ""


def _words(text: str) -> Counter[str]:
    """The first words of a text, and how often each is in it."""
    counted = Counter(word.lower() for word in _WORD.findall(text))
    return Counter(dict(islice(counted.items(), PROBES)))


def _hits(answer: Json) -> list[Json]:
    hits: list[Json] = answer["hits"]["hits"]
    return hits


def _idfs(explanation: Json) -> float:
    """The idf of all terms in an explanation."""
    if explanation["description"].startswith(_IDF):
        return float(explanation["value"])
    return sum(_idfs(each) for each in explanation["details"])


def _chunk(hit: Json) -> tuple[str, int, int]:
    source = hit["_source"]
    return source["file"], source["generation"], source["n"]


def _hit(source: Json, cosine: float | None, bm25: float | None) -> Hit:
    text = source["hidden_text"] if source["window"] else source["text"]
    return Hit(source["file"], source["generation"], source["row"], source["n"], text, cosine, bm25)


def _values(wanted: Comparison) -> tuple[Scalar, ...]:
    return wanted.value if isinstance(wanted.value, tuple) else (wanted.value,)


def _inexact(value: Scalar) -> bool:
    return kind(value) == "number" and abs(float(value)) >= _EXACT


def _equal(key: str, values: Sequence[Scalar]) -> Json:
    kinds: dict[str, list[Scalar]] = {}
    for value in values:
        kinds.setdefault(f"attributes.{field(value)}", []).append(value)
    return _any([_attribute(key, {"terms": {name: same}}) for name, same in kinds.items()])


def _attribute(key: str, value: Json) -> Json:
    """One nested document holds both the key and the value."""
    return {"nested": {"path": "attributes", "query": _all([{"term": {"attributes.k": key}}, value]), "score_mode": "none"}}


def _all(clauses: Sequence[Json]) -> Json:
    return {"bool": {"filter": [*clauses]}} if clauses else {"match_all": {}}


def _any(clauses: Sequence[Json]) -> Json:
    return {"bool": {"should": [*clauses], "minimum_should_match": 1}} if clauses else {"match_none": {}}
