"""Converts a query to OpenSearch search bodies, and the responses to hits; pure functions.

A query becomes several bodies of one `_msearch`, so that hits have both scores, as in the embedded index:

- the best hits by vector, and the best by text;
- the BM25 of each of the nearest vectors, and the cosine of each of the best texts;
- for each word, the document of the shard that matches it best, with an explanation. It contains the word's idf in that
  shard, which no other request returns together with a search. `bm25_bound` is the sum of the idfs, because no document
  can score more than the idfs of its words.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from vectorlog.domain.location import decoded
from vectorlog.domain.vectors import Vector
from vectorlog.index.bm25 import K1, NAMES, B
from vectorlog.index.chunk_index import Hit, Query, SearchResult
from vectorlog.index.opensearch.conditions import clauses, restriction
from vectorlog.index.opensearch.mapping import SOURCE, Json

EF_SEARCH = 200
"""Candidates that HNSW keeps. Recall@20 on random vectors is 0.99; with OpenSearch's default of 100, 0.83 to 0.96."""
WINDOWS = 10
"""Windows requested per hit, so that chunks with up to this many windows do not push out others."""
PROBES = 32
"""Number of words of a query whose idf is requested; further words are assumed to have the average idf of these."""

_MOST_NEIGHBOURS = 10_000  # OpenSearch's limit of k
_IDF = "idf, computed as"
_MEAN_LENGTH = "avgdl"
_SCORES: Json = {"_source": False, "track_total_hits": False}
_MOST_CLAUSES = 1_000  # of the 1,024 that OpenSearch takes in a query; each word of a text is one
_MOST_TERMS = 65_536  # OpenSearch's limit of values in a `terms` clause
_OTHER_PART = (
    "def part = params.parts.get(doc['file'].value); return part != null &&"
    " (doc['generation'].value != part.get(0) || doc['n'].value >= part.get(1))"
)
# Approximates Lucene's standard tokenizer, for which every Han or Hiragana character is a word.
_SIGNS = "\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_SIGNS}]|[^\W{_SIGNS}]+(?:['’.][^\W{_SIGNS}]+)*")


def bodies(query: Query) -> list[Json]:
    """Returns the search bodies of a query, in the order in which `search_result` reads the responses."""
    where = allowed(query)
    text = _searched(query.text or "", _MOST_CLAUSES - clauses(where))
    nearest = {"match_none": {}} if query.vector is None else _nearest(query.vector, query.limit, where)
    matching = {"bool": {"must": [{"match": {"text": text}}], "filter": [where]}}
    searches: list[Json] = []
    if query.vector is not None:
        # `collapse` keeps the best window of each chunk.
        searches.append(_page(query.limit) | {"query": nearest, "collapse": {"field": "chunk"}})
    if query.text is not None:
        searches.append(_page(query.limit) | {"query": matching})
    if query.vector is not None and query.text is not None:
        of_nearest = {"bool": {"must": matching["bool"]["must"], "filter": [nearest]}}
        searches.append(_SCORES | {"size": _neighbours(query.limit), "query": of_nearest})
        searches.append(
            _SCORES | {"size": query.limit, "query": matching, "rescore": _by_cosine(query.vector, query.limit)}
        )
    words = _words(query.text or "")
    return searches + [_SCORES | {"size": 1, "explain": True, "query": {"match": {"text": word}}} for word in words]


def search_result(query: Query, answers: Iterator[Json]) -> SearchResult:
    """Builds the result of a query from the responses to `bodies(query)`, which it takes off the iterator."""
    by_vector = _hits(next(answers)) if query.vector is not None else []
    by_text = _hits(next(answers)) if query.text is not None else []
    both = query.vector is not None and query.text is not None
    bm25_of_nearest = {hit["_id"]: float(hit["_score"]) for hit in _hits(next(answers))} if both else {}
    cosines_of_texts = {hit["_id"]: hit["_score"] - 1.0 for hit in _hits(next(answers))} if both else {}
    cosines = {_chunk(hit): 2.0 * hit["_score"] - 1.0 for hit in by_vector}
    scores = {_chunk(hit): float(hit["_score"]) for hit in by_text}
    if both:
        for hit in by_vector:  # only the first window of a chunk has a BM25 score
            if hit["_source"]["window"] == 0:
                scores.setdefault(_chunk(hit), bm25_of_nearest.get(hit["_id"], 0.0))
        for hit in by_text:  # if there are several windows, another one may have a higher cosine
            if hit["_source"]["windows"] == 1 and hit["_id"] in cosines_of_texts:
                cosines.setdefault(_chunk(hit), cosines_of_texts[hit["_id"]])
    hits = {
        _chunk(hit): _hit(hit["_source"], cosines.get(_chunk(hit)), scores.get(_chunk(hit)))
        for hit in (*by_vector, *by_text)
    }
    return SearchResult(
        tuple(sorted((hits[_chunk(hit)] for hit in by_vector), key=lambda hit: (-(hit.cosine or 0.0), *_place(hit)))),
        tuple(sorted((hits[_chunk(hit)] for hit in by_text), key=lambda hit: (-(hit.bm25 or 0.0), *_place(hit)))),
        *_marks(query.text or "", answers, max(scores.values(), default=0.0)),
    )


def allowed(query: Query) -> Json:
    """Returns the clause that restricts a search to the store and filter of a query, and to what serves.

    Its number of clauses depends neither on the number of files in `query.serving` nor on that of a filter's values.
    """
    needed: list[Json] = [{"term": {"store": query.store}}]
    if query.filter is not None:
        needed.append(restriction(query.filter))
    gone = sorted(file for file, part in query.serving.items() if part is None)
    parts = {file: [part.generation, part.chunks] for file, part in sorted(query.serving.items()) if part is not None}
    refused: list[Json] = [
        {"terms": {"file": gone[start : start + _MOST_TERMS]}} for start in range(0, len(gone), _MOST_TERMS)
    ]
    if parts:
        others = {"script": {"script": {"source": _OTHER_PART, "params": {"parts": parts}}}}
        refused.append({"bool": {"filter": [{"terms": {"file": list(parts)}}, others]}})
    return {"bool": {"filter": needed} | ({"must_not": refused} if refused else {})}


def _nearest(vector: Vector, limit: int, where: Json) -> Json:
    """Returns a query for the nearest vectors, whose scores are (1 + cosine) / 2."""
    effort = {"ef_search": max(EF_SEARCH, _neighbours(limit))}
    return {
        "knn": {
            "vector": {"vector": list(vector), "k": _neighbours(limit), "method_parameters": effort, "filter": where}
        }
    }


def _neighbours(limit: int) -> int:
    return min(max(limit, 1) * WINDOWS, _MOST_NEIGHBOURS)


def _by_cosine(vector: Vector, limit: int) -> Json:
    """Returns a rescorer that replaces the scores of a search's best hits by 1 + cosine."""
    script = {"source": "1.0 + cosineSimilarity(params.vector, doc['vector'])", "params": {"vector": list(vector)}}
    rescored = {"script_score": {"query": {"match_all": {}}, "script": script}}
    return {"window_size": limit, "query": {"rescore_query": rescored, "query_weight": 0, "rescore_query_weight": 1}}


def _page(limit: int) -> Json:
    return {"size": limit, "_source": SOURCE, "track_total_hits": False}


def _searched(text: str, most: int) -> str:
    """Cuts a text off after its first `most` words, but never before the second."""
    words = list(islice(_WORD.finditer(text), max(1, most)))
    return text[: words[-1].end()] if words else ""


def _words(text: str) -> Counter[str]:
    """Returns the first distinct words of a text, and how often each occurs."""
    counted = Counter(word.lower() for word in _WORD.findall(text))
    return Counter(dict(islice(counted.items(), PROBES)))


def _hits(answer: Json) -> list[Json]:
    hits: list[Json] = answer["hits"]["hits"]
    return hits


def _marks(text: str, answers: Iterator[Json], best: float) -> tuple[float, float]:
    """Returns the sum of the idf of all words of a text, repeated ones included, and about what a document with this
    text would score; 0 for both if `best`, the best score, is 0.

    A word without an idf counts as a stop word, because all other words of such a document are in the index.
    """
    words = _words(text)
    explained = [[hit["_explanation"] for hit in _hits(answer)] for answer in islice(answers, len(words))]
    if not best:
        return 0.0, 0.0
    weights = [(times, sum(_values(each, _IDF))) for times, each in zip(words.values(), explained, strict=True)]
    more = len(_WORD.findall(text)) / max(words.total(), 1)
    length = more * sum(times for times, idf in weights if idf) + NAMES
    mean = next(_values([each for part in explained for each in part], _MEAN_LENGTH), length)
    norm = K1 * (1 - B + B * length / mean)
    bound = max(more * sum(times * idf for times, idf in weights), best)
    return bound, min(more * sum(times * idf * times / (times + norm) for times, idf in weights), bound)


def _values(explanations: Sequence[Json], description: str) -> Iterator[float]:
    """Yields the values in explanations whose descriptions begin like this."""
    for each in explanations:
        if each["description"].startswith(description):
            yield float(each["value"])
        else:
            yield from _values(each["details"], description)


def _chunk(hit: Json) -> tuple[str, int, int]:
    source = hit["_source"]
    return source["file"], source["generation"], source["n"]


def _place(hit: Hit) -> tuple[str, int, int]:
    return hit.file, hit.generation, hit.n


def _hit(source: Json, cosine: float | None, bm25: float | None) -> Hit:
    text = source["hidden_text"] if "hidden_text" in source else source["text"]
    within = None if cosine is None else min(max(cosine, -1.0), 1.0)  # rounding may exceed the range slightly
    location = decoded(json.loads(source["location"])) if "location" in source else None
    return Hit(source["file"], source["generation"], source["row"], source["n"], text, within, bm25, location)
