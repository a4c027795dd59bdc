"""Term vectors of stores that are spread over several shards.

A document of an `_mtermvectors` is analysed in one shard, and its frequencies are of that shard. So what is counted
there is replaced by what searches count in all shards of the store; the mean length of a text stays that of the one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from vectorlog.index.opensearch.mapping import FIELD, Json
from vectorlog.index.opensearch.term_counts import frequencies, number

Search: TypeAlias = tuple[str, str, Json]
"""An index, a routing and the body of a search."""


def in_all_shards(
    documents: Sequence[Json], answers: Sequence[Json], search: Callable[[Sequence[Search]], list[Json]]
) -> list[Json]:
    """Returns the answers to documents of an `_mtermvectors` with the frequencies in all shards of their routing.

    Args:
        documents: as they were sent.
        answers: those that are errors, or that have no terms, are returned as they are.
        search: sends several searches together, and returns their answers.
    """
    counted = [place for place, answer in enumerate(answers) if FIELD in answer.get("term_vectors", {})]
    searches: list[Search] = []
    for place in counted:
        document = documents[place]
        where = answers[place]["_index"], document["routing"]
        searches += [(*where, number(FIELD)), (*where, frequencies(FIELD, _terms(document)))]
    found = iter(search(searches) if searches else ())
    result = list(answers)
    for place in counted:
        result[place] = _merged(answers[place], _terms(documents[place]), next(found), next(found))
    return result


def _terms(document: Json) -> list[str]:
    text: str = document["doc"][FIELD]
    return list(dict.fromkeys(text.split()))


def _merged(answer: Json, terms: Sequence[str], texts: Json, counts: Json) -> Json:
    buckets = counts["aggregations"]["terms"]["buckets"]
    of_terms = {
        term: {"doc_freq": bucket["doc_count"]}
        for term, bucket in zip(terms, buckets, strict=True)
        if bucket["doc_count"]
    }
    statistics = answer["term_vectors"][FIELD]["field_statistics"]
    mean = statistics["sum_ttf"] / statistics["doc_count"] if statistics["doc_count"] else 1.0
    # Texts may be added between the two counts.
    number = max(texts["hits"]["total"]["value"], *(each["doc_freq"] for each in of_terms.values()), 0)
    whole = {"doc_count": number, "sum_ttf": mean * number}
    return answer | {"term_vectors": {FIELD: {"field_statistics": whole, "terms": of_terms}}}
