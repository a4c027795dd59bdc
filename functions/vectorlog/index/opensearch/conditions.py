"""Converts filters on attributes to OpenSearch clauses; pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from vectorlog.domain.filters import Compound, Filter, Scalar, kind, simplified
from vectorlog.index.opensearch.mapping import Json, field

MOST_CLAUSES = 750
"""Maximum number of clauses of a filter: the 150 comparisons that a request may have, each with values of three types.
OpenSearch takes 1,024 in a query, text included.
"""

_EXACT = 2**53  # from here on, different integers may be equal as doubles


def restriction(wanted: Filter) -> Json:
    """Returns a clause that matches the documents that a filter accepts, and more if it would have too many clauses."""
    wanted = simplified(wanted)
    clause = condition(wanted)
    if clauses(clause) <= MOST_CLAUSES:
        return clause
    fitting, size = list[Json](), 0
    if isinstance(wanted, Compound) and wanted.operator == "and":
        for part in map(condition, wanted.filters):
            size += clauses(part)
            if size > MOST_CLAUSES:
                break
            fitting.append(part)
    return _all(fitting)


def condition(wanted: Filter) -> Json:
    """Converts a filter to a clause that matches the documents which `domain.filters.matches` accepts.

    Integers of 2^53 or more, in the filter or the document, are compared as doubles, so the clause may match a few more
    documents.
    """
    if isinstance(wanted, Compound):
        inner = [condition(each) for each in wanted.filters]
        return _all(inner) if wanted.operator == "and" else _any(inner)
    operator, value = wanted.operator, wanted.value
    if operator in ("eq", "in"):
        return _equal(wanted.key, wanted.values)
    if operator in ("ne", "nin"):
        exact = tuple(each for each in wanted.values if not _inexact(each))
        return {"bool": {"must_not": [_equal(wanted.key, exact)]}}
    if isinstance(value, tuple) or kind(value) == "bool":
        return {"match_none": {}}
    if _inexact(value):
        operator = "gte" if operator in ("gt", "gte") else "lte"
    return _attribute(wanted.key, {"range": {f"attributes.{field(value)}": {operator: value}}})


def clauses(clause: Json) -> int:
    """Returns the number of clauses that OpenSearch counts: those that contain no others, one for each `nested`, and
    one for each `bool` that only excludes, to which it adds all documents.
    """
    ((name, body),) = clause.items()
    if name == "nested":
        return 1 + clauses(body["query"])
    if name == "bool":
        inner = (each for part in body.values() if isinstance(part, list) for each in part)
        return sum(map(clauses, inner)) + (1 if set(body) == {"must_not"} else 0)
    return 1


def _inexact(value: Scalar) -> bool:
    return kind(value) == "number" and abs(float(value)) >= _EXACT


def _equal(key: str, values: Sequence[Scalar]) -> Json:
    kinds: dict[str, list[Scalar]] = {}
    for value in values:
        kinds.setdefault(f"attributes.{field(value)}", []).append(value)
    terms: list[Json] = [{"terms": {name: same}} for name, same in kinds.items()]
    return _attribute(key, terms[0] if len(terms) == 1 else _any(terms)) if terms else _any([])


def _attribute(key: str, value: Json) -> Json:
    """Returns a clause that requires one nested attribute to have this key and match `value`."""
    return {
        "nested": {"path": "attributes", "query": _all([{"term": {"attributes.k": key}}, value]), "score_mode": "none"}
    }


def _all(clauses: Sequence[Json]) -> Json:
    return {"bool": {"filter": [*clauses]}} if clauses else {"match_all": {}}


def _any(clauses: Sequence[Json]) -> Json:
    return {"bool": {"should": [*clauses], "minimum_should_match": 1}} if clauses else {"match_none": {}}
