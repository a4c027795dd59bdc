"""Filters as clients send them."""

from __future__ import annotations

from typing import Any

import pytest

from vectorlog.api.input import filter_tree
from vectorlog.domain.errors import Invalid
from vectorlog.domain.filters import Comparison, Compound


def eq(key: Any = "k", value: Any = 1) -> dict[str, Any]:
    return {"type": "eq", "key": key, "value": value}


def nested(levels: int) -> dict[str, Any]:
    tree = eq()
    for _ in range(levels - 1):
        tree = {"type": "and", "filters": [tree]}
    return tree


def test_a_tree_is_read() -> None:
    """Comparisons and compounds nest; arrays become tuples; numbers stay what they are."""
    tree = {
        "type": "or",
        "filters": [eq(value=1.0), {"type": "and", "filters": [{"type": "nin", "key": "a", "value": ["x", 2, True]}]}],
    }
    expected = Compound("or", (Comparison("eq", "k", 1.0), Compound("and", (Comparison("nin", "a", ("x", 2, True)),))))
    assert filter_tree.read(tree) == expected


def test_sixteen_levels_are_enough() -> None:
    """Trees are as deep as 16 levels and no deeper, so none can exhaust the stack."""
    filter_tree.read(nested(16))
    with pytest.raises(Invalid, match="nested more than 16 levels"):
        filter_tree.read(nested(17))


@pytest.mark.parametrize(
    ("tree", "param", "code", "message"),
    [
        ("x", "filters", "invalid_type", "expected an object, but got a string"),
        ({}, "filters.type", "missing_required_parameter", "filters.type"),
        (
            {"type": "like", "key": "k", "value": 1},
            "filters.type",
            "invalid_value",
            "'eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'nin', 'and', and 'or'",
        ),
        ({"type": 5}, "filters.type", "invalid_type", "expected a string"),
        ({"type": ["and"]}, "filters.type", "invalid_type", "but got an array"),
        ({"type": "eq", "value": 1}, "filters.key", "missing_required_parameter", "filters.key"),
        ({"type": "eq", "key": "k"}, "filters.value", "missing_required_parameter", "filters.value"),
        ({**eq(), "x": 1}, "filters.x", "unknown_parameter", "Unknown parameter"),
        (eq(key=5), "filters.key", "invalid_type", "expected a string"),
        (eq(key="k" * 65), "filters.key", "string_above_max_length", "64"),
        (eq(value=None), "filters.value", "invalid_type", "operator 'eq'"),
        (eq(value=[1]), "filters.value", "invalid_type", "operator 'eq'"),
        (eq(value=float("inf")), "filters.value", "invalid_value", "finite"),
        (eq(value=10**300), "filters.value", "integer_above_max_value", "9223372036854775807"),
        ({"type": "in", "key": "k", "value": 1}, "filters.value", "invalid_type", "an array (operator 'in')"),
        ({"type": "nin", "key": "k", "value": [1, None]}, "filters.value[1]", "invalid_type", "operator 'nin'"),
        ({"type": "and"}, "filters.filters", "missing_required_parameter", "filters.filters"),
        ({"type": "and", "filters": []}, "filters.filters", "empty_array", "empty array"),
        ({"type": "and", "filters": eq()}, "filters.filters", "invalid_type", "expected an array"),
        (
            {"type": "or", "filters": [eq(), eq(value={})]},
            "filters.filters[1].value",
            "invalid_type",
            "but got an object",
        ),
    ],
)
def test_what_is_wrong_is_named(tree: Any, param: str, code: str, message: str) -> None:
    """The path leads to the inner filter, and the operator is named if the value depends on it."""
    with pytest.raises(Invalid) as caught:
        filter_tree.read(tree)
    assert (caught.value.param, caught.value.code) == (param, code)
    assert message in caught.value.message


def refusal(tree: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        filter_tree.read(tree)
    return caught.value


def test_conditions_are_counted_on_all_levels() -> None:
    """150 comparisons are accepted, however they are arranged, and one more is refused with the limit."""
    flat = {"type": "or", "filters": [eq()] * 150}
    halves = {"type": "and", "filters": [{"type": "or", "filters": [eq()] * 75}] * 2}
    for tree in (flat, halves):
        filter_tree.read(tree)
        refused = refusal({"type": "and", "filters": [tree, eq()]})
        assert (refused.param, refused.code) == ("filters", "array_above_max_length")
        assert "at most 150" in refused.message
    assert "at most 150" in refusal({"type": "or", "filters": [eq()] * 90_000}).message


@pytest.mark.parametrize("operator", ["in", "nin"])
def test_values_are_counted(operator: str) -> None:
    """2,000 values of one `in` or `nin` are accepted, as many as a batch has files."""
    filter_tree.read({"type": operator, "key": "k", "value": list(range(2000))})
    refused = refusal({"type": operator, "key": "k", "value": list(range(2001))})
    assert (refused.param, refused.code) == ("filters.value", "array_above_max_length")
    assert "maximum length 2000" in refused.message
