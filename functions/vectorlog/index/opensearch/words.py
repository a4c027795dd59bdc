"""What a query's words are in an OpenSearch index: the terms to search for, and how much each one says there.

An index has the terms of `index/analyser` in the field `FIELD`. One that an earlier version made has Lucene's English
terms of `OLDER_FIELD` instead, and is searched with those until it is rebuilt. Which it is, how often each term occurs,
and how long texts are is answered by one request for the term vectors of a document that is not stored: it is analysed
as the index does it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as default

from vectorlog.index.analyser.spelling import other_spellings, respelt
from vectorlog.index.analyser.terms import QueryTerms, of_word, query_terms
from vectorlog.index.bm25 import BM25, LUCENE, Parameters, idf, marks
from vectorlog.index.chunk_index import Query
from vectorlog.index.opensearch.errors import (
    BUSY,
    IndexRefused,
    is_missing_index,
    is_unknown_field,
    raise_for,
)
from vectorlog.index.opensearch.mapping import FIELD, OLDER_FIELD, Json

_REFUSED = 400
_COUNTED = {"term_statistics": True, "positions": False, "offsets": False, "payloads": False}


@dataclass(frozen=True, slots=True)
class Words:
    """A query's words in one index.

    Attributes:
        index: the name of the index that was asked; None if there is none, or the query has no text.
        field: in which its terms are.
        weights: of the terms that occur in the query's shard, the most important first.
        bound: see `bm25.marks`.
        same: see `bm25.marks`.
    """

    index: str | None = None
    field: str = FIELD
    weights: Mapping[str, float] = default(default_factory=dict)
    bound: float = 0.0
    same: float = 0.0

    def clause(self, most: int) -> Json:
        """Returns a query for up to `most` of the terms, each of which is a clause for OpenSearch."""
        by_weight: defaultdict[float, list[str]] = defaultdict(list)
        for term, weight in list(self.weights.items())[: max(1, most)]:
            by_weight[round(weight, 6)].append(term)
        if not by_weight:
            return {"match_none": {}}
        matches = [
            {"match": {self.field: {"query": " ".join(terms), "boost": weight, "analyzer": "whitespace"}}}
            for weight, terms in by_weight.items()
        ]
        return {"bool": {"should": matches, "minimum_should_match": 1}}


NO_WORDS = Words()


def look_up(
    queries: Sequence[Query], alias: str, send: Callable[[Json], list[Json]], parameters: Parameters = BM25
) -> list[Words]:
    """Returns the words of each query in the index with this alias.

    Args:
        queries: those without a text have no words.
        alias: may be missing.
        send: sends the body of an `_mtermvectors`, and returns the answers to its documents.
        parameters: of the BM25 of `FIELD`.

    Raises:
        Busy: OpenSearch could not count them now.
        IndexRefused: it refuses to, or the index has terms of another version.
    """
    result = [NO_WORDS] * len(queries)
    texts = [(place, query, query_terms(query.text)) for place, query in enumerate(queries) if query.text is not None]
    if not texts:
        return result
    answers = send(
        {
            "docs": [
                _document(alias, query, FIELD, " ".join({**terms.own, **terms.weights})) for _, query, terms in texts
            ]
        }
    )
    older = []
    misspelt = []
    for (place, query, terms), answer in zip(texts, answers, strict=True):
        if is_unknown_field(answer.get("error")):
            older.append((place, query))
        else:
            result[place] = _words(answer, FIELD, parameters, terms)
            if result[place].index and (spellings := other_spellings(terms, result[place].weights)):
                misspelt.append((place, query, terms, spellings))
    if older:
        answers = send({"docs": [_document(alias, query, OLDER_FIELD, query.text or "") for _, query in older]})
        for (place, _), answer in zip(older, answers, strict=True):
            result[place] = _older_words(answer)
    if misspelt:
        asked = [_others(alias, query, terms, spellings) for _, query, terms, spellings in misspelt]
        for (place, _, terms, spellings), answer in zip(misspelt, send({"docs": asked}), strict=True):
            result[place] = _words(answer, FIELD, parameters, respelt(terms, spellings, _frequencies(answer, FIELD)))
    return result


def _document(alias: str, query: Query, field: str, text: str) -> Json:
    return {"_index": alias, "routing": query.store, "doc": {field: text}, "fields": [field], **_COUNTED}


def _others(alias: str, query: Query, terms: QueryTerms, spellings: Mapping[str, frozenset[str]]) -> Json:
    """Returns the request for the frequencies of a query's terms and of all that its words might be meant to be."""
    others = {
        term for some in spellings.values() for each in some for term in (each, *of_word(each, terms.language, 1.0))
    }
    return _document(alias, query, FIELD, " ".join({**terms.own, **terms.weights, **dict.fromkeys(sorted(others))}))


def _frequencies(answer: Json, field: str) -> dict[str, int]:
    """Returns how many texts have each term that was asked for, without those that none has."""
    found = answer.get("term_vectors", {}).get(field, {}).get("terms", {})
    return {term: each["doc_freq"] for term, each in found.items() if each.get("doc_freq")}


def _older_words(answer: Json) -> Words:
    """Returns the words of a query of an older index. A word weighs as much as it occurs in the query."""
    if is_unknown_field(answer.get("error")):
        raise IndexRefused("The index has terms of another version; `vectorlog rebuild index` makes it anew.")
    of_text = answer.get("term_vectors", {}).get(OLDER_FIELD, {}).get("terms", {})
    times = {term: each["term_freq"] for term, each in of_text.items()}
    return _words(answer, OLDER_FIELD, LUCENE, QueryTerms(times, times))


def _words(answer: Json, field: str, parameters: Parameters, terms: QueryTerms) -> Words:
    error = answer.get("error")
    if is_missing_index(error):
        return NO_WORDS
    if error is not None:
        raise_for([(_status(error), error)])
    vectors = answer["term_vectors"].get(field)
    if vectors is None:  # the query has no terms
        return Words(answer["_index"], field)
    statistics = vectors["field_statistics"]
    documents = statistics["doc_count"]
    idfs = {
        term: idf(documents, frequency)
        for term, frequency in _frequencies(answer, field).items()
        if term in terms.weights
    }
    known = [term for term in terms.weights if term in idfs]
    known.sort(key=lambda term: -terms.weights[term] * idfs[term])
    mean = statistics["sum_ttf"] / documents if known else 1.0
    bound, same = marks(terms, idfs, documents, mean, parameters)
    return Words(answer["_index"], field, {term: terms.weights[term] for term in known}, bound, same)


def _status(error: Json) -> int:
    """Returns the status that an error of one document stands for: another attempt may succeed, unless it is ours."""
    kinds = {error.get("type"), *(each.get("type") for each in error.get("root_cause", ()))}
    return _REFUSED if kinds & {"illegal_argument_exception", "mapper_parsing_exception"} else BUSY
