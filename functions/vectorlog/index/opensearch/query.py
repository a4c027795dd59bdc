"""Converts a query to OpenSearch search bodies, and the responses to hits; pure functions.

A query becomes up to four bodies of one `_msearch`, however many words it has, so that hits have both scores, as in the
embedded index:

- the best hits by vector, and the best by text;
- the BM25 of each of the nearest vectors, and the cosine of each of the best texts.

What its words are in the index, and the marks of its BM25, are known before (`words.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from vectorlog.domain.location import decoded
from vectorlog.domain.vectors import Vector
from vectorlog.index.chunk_index import Hit, Part, Query, SearchResult
from vectorlog.index.opensearch.conditions import clauses, restriction
from vectorlog.index.opensearch.mapping import HIDDEN, OLDER_FIELD, SHOWN, SOURCE, Json
from vectorlog.index.opensearch.words import Words

EF_SEARCH = 200
"""Candidates that HNSW keeps. Recall@20 on random vectors is 0.99; with OpenSearch's default of 100, 0.83 to 0.96."""
WINDOWS = 10
"""Windows requested per hit, so that chunks with up to this many windows do not push out others."""

_MOST_NEIGHBOURS = 10_000  # OpenSearch's limit of k
_SCORES: Json = {"_source": False, "track_total_hits": False}
_MOST_CLAUSES = 1_000  # of the 1,024 that OpenSearch takes in a query; each word of a text is one
_MOST_TERMS = 65_536  # OpenSearch's limit of values in a `terms` clause
_MOST_SIZES = 50
"""Numbers of chunks for which parts have a clause each; together these are a tenth of those that a query may have."""
_OTHER_PART = (
    "def part = params.parts.get(doc['file'].value); return part != null &&"
    " (doc['generation'].value != part.get(0) || doc['n'].value >= part.get(1))"
)


def bodies(query: Query, words: Words, *, scripts: bool = True) -> list[Json]:
    """Returns the search bodies of a query, in the order in which `search_result` reads the responses.

    Without `scripts` the last body of a query with a vector and a text is missing: its response has to be made of those
    to `cosines_body`. Then an index may also have several copies of a chunk, of which one comes back.
    """
    where = allowed(query, scripts=scripts)
    nearest = {"match_none": {}} if query.vector is None else _nearest(query.vector, query.limit, where)
    matching = {"bool": {"must": [words.clause(_MOST_CLAUSES - clauses(where))], "filter": [where]}}
    searches: list[Json] = []
    if query.vector is not None:
        # `collapse` keeps the best window of each chunk.
        searches.append(_page(query.limit) | {"query": nearest, "collapse": {"field": "chunk"}})
    if query.text is not None:
        one = {} if scripts else {"collapse": {"field": "chunk"}}
        searches.append(_page(query.limit) | {"query": matching} | one)
    if query.vector is not None and query.text is not None:
        of_nearest = {"bool": {"must": matching["bool"]["must"], "filter": [nearest]}}
        searches.append(_SCORES | {"size": _neighbours(query.limit), "query": of_nearest})
        if scripts:
            searches.append(
                _SCORES | {"size": query.limit, "query": matching, "rescore": _by_cosine(query.vector, query.limit)}
            )
    return searches


def without_cosine(answers: Sequence[Json]) -> list[str]:
    """Returns the names of the chunks that only the text found, of the responses to the bodies without scripts of a
    query with a vector and a text.
    """
    near = {_chunk(hit) for hit in _hits(answers[0])}
    return [_name(hit) for hit in _hits(answers[1]) if _chunk(hit) not in near]


def cosines_body(query: Query, chunks: Sequence[str]) -> Json:
    """Returns a search for the vectors of these chunks of a query's store. They are so few that all are compared."""
    assert query.vector is not None
    where = {"bool": {"filter": [{"term": {"store": query.store}}, {"terms": {"chunk": list(chunks)}}]}}
    nearest = _nearest(query.vector, len(chunks), where)
    return _page(len(chunks)) | {"query": nearest, "collapse": {"field": "chunk"}}


def with_cosines(answers: Sequence[Json], cosines: Json) -> Json:
    """Returns the missing response: the cosines of the text's hits, from the response to `cosines_body`."""
    scores = {_name(hit): hit["_score"] for hit in _hits(cosines)}
    hits = [
        {"_id": hit["_id"], "_score": 2.0 * scores[_name(hit)]} for hit in _hits(answers[1]) if _name(hit) in scores
    ]
    return {"hits": {"hits": hits}}


def search_result(query: Query, words: Words, answers: Iterator[Json]) -> SearchResult:
    """Builds the result of a query from the responses to `bodies(query, words)`, which it takes off the iterator."""
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
        *((words.bound, words.same) if scores else (0.0, 0.0)),
    )


def allowed(query: Query, *, scripts: bool = True) -> Json:
    """Returns the clause that restricts a search to the store and filter of a query, and to what serves.

    Its number of clauses depends neither on the number of files in `query.serving` nor on that of a filter's values.
    Without `scripts` it depends on how many numbers of chunks the parts have, up to `_MOST_SIZES` of them: then it lets
    more than the first chunks of the largest parts pass.
    """
    needed: list[Json] = [{"term": {"store": query.store}}]
    if query.filter is not None:
        needed.append(restriction(query.filter))
    gone = sorted(file for file, part in query.serving.items() if part is None)
    parts = {file: part for file, part in sorted(query.serving.items()) if part is not None}
    refused: list[Json] = [
        {"terms": {"file": gone[start : start + _MOST_TERMS]}} for start in range(0, len(gone), _MOST_TERMS)
    ]
    if parts:
        others = _other_part(parts) if scripts else {"bool": {"must_not": _within(parts)}}
        refused.append({"bool": {"filter": [{"terms": {"file": list(parts)}}, others]}})
    return {"bool": {"filter": needed} | ({"must_not": refused} if refused else {})}


def _other_part(parts: Mapping[str, Part]) -> Json:
    params = {"parts": {file: [part.generation, part.chunks] for file, part in parts.items()}}
    return {"script": {"script": {"source": _OTHER_PART, "params": params}}}


def _within(parts: Mapping[str, Part]) -> list[Json]:
    """Returns clauses of which one matches each chunk of these parts."""
    by_size: dict[int, list[str]] = {}
    for file, part in parts.items():
        by_size.setdefault(part.chunks, []).append(f"{file}:{part.generation}")
    sizes = sorted(by_size)
    clauses: list[Json] = [
        {"bool": {"filter": [{"terms": {"part": by_size[size]}}, {"range": {"n": {"lt": size}}}]}}
        for size in sizes[:_MOST_SIZES]
    ]
    rest = [name for size in sizes[_MOST_SIZES:] for name in by_size[size]]
    return [*clauses, {"terms": {"part": rest}}] if rest else clauses


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


def _hits(answer: Json) -> list[Json]:
    hits: list[Json] = answer["hits"]["hits"]
    return hits


def _chunk(hit: Json) -> tuple[str, int, int]:
    source = hit["_source"]
    return source["file"], source["generation"], source["n"]


def _name(hit: Json) -> str:
    return ":".join(map(str, _chunk(hit)))


def _place(hit: Hit) -> tuple[str, str, int, int]:
    return hit.row, hit.file, hit.generation, hit.n


def _hit(source: Json, cosine: float | None, bm25: float | None) -> Hit:
    text = next(source[name] for name in (SHOWN, HIDDEN, OLDER_FIELD) if name in source)
    within = None if cosine is None else min(max(cosine, -1.0), 1.0)  # rounding may exceed the range slightly
    location = decoded(json.loads(source["location"])) if "location" in source else None
    return Hit(source["file"], source["generation"], source["row"], source["n"], text, within, bm25, location)
