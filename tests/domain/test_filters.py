"""Filters on attributes, by value."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from vectorlog.domain.filters import (
    Attributes,
    Comparison,
    Compound,
    Filter,
    Operator,
    Scalar,
    matches,
    predicate,
    same_attributes,
    simplified,
)

FILE: Attributes = {"year": 2024, "score": 0.5, "author": "Ada", "draft": True, "empty": ""}


@pytest.mark.parametrize(
    ("key", "operator", "value", "expected"),
    [
        ("author", "eq", "Ada", True),
        ("author", "eq", "ada", False),
        ("author", "ne", "Bob", True),
        ("author", "gt", "A", True),
        ("author", "lt", "Ada", False),
        ("author", "lte", "Ada", True),
        ("empty", "eq", "", True),
        ("year", "eq", 2024.0, True),
        ("year", "gt", 2023.5, True),
        ("year", "gte", 2024, True),
        ("year", "lt", 2024, False),
        ("score", "lte", 0.5, True),
        ("author", "in", ("Bob", "Ada"), True),
        ("author", "nin", ("Bob", "Ada"), False),
        ("year", "in", (1, 2024.0), True),
        ("year", "in", (), False),
        ("year", "nin", (), True),
        # a bool is never a number, and has no order
        ("draft", "eq", True, True),
        ("draft", "eq", 1, False),
        ("draft", "ne", 1, True),
        ("draft", "in", (1, "true"), False),
        ("draft", "gte", True, False),
        ("draft", "lte", True, False),
        # a missing key
        *((key, operator, value, operator in ("ne", "nin")) for key, operator, value in [
            ("none", "eq", "x"), ("none", "ne", "x"), ("none", "gt", 1), ("none", "gte", 1), ("none", "lt", 1),
            ("none", "lte", 1), ("none", "in", ("x",)), ("none", "nin", ("x",)),
        ]),
        # another type is like a missing key
        *((key, operator, value, operator in ("ne", "nin")) for key, operator, value in [
            ("year", "eq", "2024"), ("year", "ne", "2024"), ("year", "gt", "1"), ("author", "lt", 1),
            ("author", "gte", True), ("year", "in", ("2024", True)), ("year", "nin", ("2024", True)),
        ]),
    ],
)  # fmt: skip
def test_comparison(key: str, operator: Operator, value: Scalar | tuple[Scalar, ...], expected: bool) -> None:
    """Numbers compare by value, texts by code point; missing values and other types match only `ne` and `nin`."""
    assert matches(Comparison(operator, key, value), FILE) is expected


YES, NO = Comparison("eq", "author", "Ada"), Comparison("eq", "author", "Bob")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Compound("and", (YES, YES)), True),
        (Compound("and", (YES, NO)), False),
        (Compound("or", (NO, YES)), True),
        (Compound("or", (NO, NO)), False),
        (Compound("and", (YES, Compound("or", (NO, Compound("and", (YES,)))))), True),
        (Compound("or", (NO, Compound("and", (YES, Compound("or", (NO,)))))), False),
    ],
)
def test_compound(condition: Filter, expected: bool) -> None:
    """`and` needs all, `or` needs any, at any depth."""
    assert matches(condition, FILE) is expected


SCALARS = st.one_of(
    st.integers(-2, 2),
    st.sampled_from([-1.5, 0.0, 1.0, 1.5]),
    st.booleans(),
    st.sampled_from(["", "a", "b", "1", "True"]),
)
KEYS = st.sampled_from("xyz")
ORDERED = st.builds(Comparison, st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"]), KEYS, SCALARS)
MEMBERS = st.builds(Comparison, st.sampled_from(["in", "nin"]), KEYS, st.lists(SCALARS, max_size=3).map(tuple))
FILTERS = st.recursive(
    st.one_of(ORDERED, MEMBERS),
    lambda inner: st.builds(
        Compound, st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=6,
)


def naive(condition: Filter, attributes: Attributes) -> bool:
    """The contract's table, type by type and without a shortcut."""
    if isinstance(condition, Compound):
        outcomes = [naive(inner, attributes) for inner in condition.filters]
        return False not in outcomes if condition.operator == "and" else True in outcomes

    def sort(value: object) -> str:
        return {bool: "bool", int: "number", float: "number", str: "text"}[type(value)]

    found = attributes.get(condition.key)
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    alike = [value for value in values if found is not None and sort(value) == sort(found)]
    match condition.operator:
        case "eq" | "in":
            return [value for value in alike if value == found] != []
        case "ne" | "nin":
            return [value for value in alike if value == found] == []
    for value in alike:
        if isinstance(value, str) and isinstance(found, str):
            below, equal = value > found, value == found
        elif sort(found) == "number" and isinstance(value, int | float) and isinstance(found, int | float):
            below, equal = float(value) > float(found), float(value) == float(found)
        else:
            return False
        return {"lt": below, "lte": below or equal, "gt": not below and not equal, "gte": not below}[condition.operator]
    return False


def bounds(operator: Literal["and", "or"], *parts: tuple[Operator, Scalar]) -> Compound:
    """Conditions on one key."""
    return Compound(operator, tuple(Comparison(each, "x", value) for each, value in parts))


@pytest.mark.random
@settings(max_examples=examples(500), deadline=None)
@given(FILTERS, st.dictionaries(KEYS, SCALARS))
@example(bounds("and", ("gt", 1), ("gt", 2)), {"x": 1.5})
@example(bounds("and", ("gte", "b"), ("gte", "a")), {"x": "a"})
@example(bounds("and", ("lt", 2), ("lte", 1)), {"x": 1.5})
@example(bounds("and", ("gt", 1), ("gte", 1)), {"x": 1})
@example(bounds("or", ("gt", 1), ("gt", 2)), {"x": 1.5})
@example(bounds("or", ("lte", 1), ("lt", 2)), {"x": 1.5})
@example(bounds("or", ("lt", 1), ("lte", 1)), {"x": 1})
def test_any_filter(condition: Filter, attributes: dict[str, Scalar]) -> None:
    """Any tree of filters matches any attributes as the contract's table says, compiled or not."""
    expected = naive(condition, attributes)
    assert matches(condition, attributes) is expected
    assert predicate(condition)(attributes) is expected
    assert matches(simplified(condition), attributes) is expected


HUGE = st.integers(2**53 - 2, 2**53 + 2) | st.floats(2.0**53 - 2, 2.0**53 + 4)


@pytest.mark.random
@settings(max_examples=examples(300), deadline=None)
@given(
    st.sampled_from(["and", "or"]),
    st.lists(
        st.builds(Comparison, st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"]), st.just("x"), HUGE), min_size=1
    ),
    HUGE,
)
def test_numbers_that_share_a_double(operator: Any, conditions: list[Comparison], value: Scalar) -> None:
    """Integers compare exactly, also with floats, when conditions of one key are merged."""
    wanted = Compound(operator, tuple(conditions))
    assert predicate(wanted)({"x": value}) is matches(wanted, {"x": value})


def test_conditions_of_one_key_are_merged() -> None:
    """However many conditions a filter has on a key, it is evaluated as a few."""
    many = range(10_000)
    alike = {
        "or": (*(Comparison("eq", "x", i) for i in many), *(Comparison("gt", "x", i) for i in many)),
        "and": (*(Comparison("ne", "x", i) for i in many), *(Comparison("lte", "x", i) for i in many)),
    }
    operators: tuple[Literal["and", "or"], ...] = ("and", "or")
    for operator in operators:
        nested = Compound(operator, (Compound(operator, alike[operator][:5_000]), *alike[operator][5_000:]))
        merged = simplified(nested)
        assert isinstance(merged, Compound)
        assert len(merged.filters) == 2


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {}, True),
        ({"n": 1}, {"n": 1.0}, True),
        ({"n": 1}, {"n": True}, False),
        ({"n": 0.0}, {"n": False}, False),
        ({"n": 1}, {"n": "1"}, False),
        ({"n": 1}, {"n": 1, "m": 1}, False),
        ({"n": 1}, {"m": 1}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
    ],
)
def test_same_attributes(one: Attributes, other: Attributes, same: bool) -> None:
    """Attributes are the same by value, whatever their order; True is not 1."""
    assert same_attributes(one, other) is same
    assert same_attributes(other, one) is same
