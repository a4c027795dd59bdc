"""The language of filters."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from vectorlog.client.filter_text import BadFilter, parse


def comparison(kind: str, key: str, value: Any) -> dict[str, Any]:
    return {"type": kind, "key": key, "value": value}


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("year >= 2024", comparison("gte", "year", 2024)),
        ("a = 'x' ", comparison("eq", "a", "x")),
        ("a == -1.5e2", comparison("eq", "a", -150.0)),
        ("a <> true", comparison("ne", "a", True)),
        ("a in (1, 2)", comparison("in", "a", [1, 2])),
        ("a NOT IN ['x']", comparison("nin", "a", ["x"])),
        ('"my key" < 3', comparison("lt", "my key", 3)),
        ("customer.id-x = 1", comparison("eq", "customer.id-x", 1)),
        (r"a = 'it\'s \\ \"'", comparison("eq", "a", "it's \\ \"")),
        ("größe > 1", comparison("gt", "größe", 1)),
    ],
)
def test_comparisons(text: str, means: dict[str, Any]) -> None:
    """Each operator and each kind of value."""
    assert parse(text) == means


def test_joined() -> None:
    """`and` binds more strongly than `or`, and neighbours of one kind are one compound."""
    a, b, c, d = (comparison("eq", name, 1) for name in "abcd")
    assert parse("a=1 or b=1 and c=1 or d=1") == {
        "type": "or",
        "filters": [a, {"type": "and", "filters": [b, c]}, d],
    }
    assert parse("(a=1 and b=1) and (c=1 and d=1)") == {"type": "and", "filters": [a, b, c, d]}
    assert parse("a=1 and (b=1 or c=1)") == {"type": "and", "filters": [a, {"type": "or", "filters": [b, c]}]}


def test_not() -> None:
    """`not` turns operators round; it binds more strongly than `and`."""
    assert parse("not a > 1 and b = 2") == {
        "type": "and",
        "filters": [comparison("lte", "a", 1), comparison("eq", "b", 2)],
    }
    assert parse("not (a = 1 or not b in (2))") == {
        "type": "and",
        "filters": [comparison("ne", "a", 1), comparison("in", "b", [2])],
    }


@pytest.mark.parametrize(
    ("text", "says", "at"),
    [
        ("", "the name of an attribute, but found the end", 0),
        ("year >= and lang = 'de'", "Expected a value", 8),
        ("lang = de", 'A text needs quotes: "de"', 7),
        ("a = 1 b = 2", "Expected 'and', 'or' or the end", 6),
        ("(a = 1", "Expected 'and', 'or' or ')'", 6),
        ("a = 'x", "no closing quote", 4),
        ("a ! 1", "'!' alone means nothing", 2),
        ("a = 12x", "'1' means nothing here", 4),
        ("a in 1", "a list of values", 5),
        ("a in (1 2)", "Expected ',' or ')'", 8),
        ("a not 1", "Expected 'in'", 6),
        ("a = 1e999", "too large", 4),
        (f"a = {'9' * 5000}", "too large", 4),
        ("(" * 1000, "nested too deeply", 101),
        ("not " * 1000 + "a = 1", "nested too deeply", 404),
    ],
)
def test_errors_point_at_the_place(text: str, says: str, at: int) -> None:
    """What is wrong is said, and a mark stands below the place."""
    with pytest.raises(BadFilter) as error:
        parse(text)
    said, shown, mark = str(error.value).split("\n")
    assert says in said
    assert shown == f"  {text}"
    assert mark == f"  {' ' * at}^"


def test_place_in_the_second_line() -> None:
    """The line that is shown is the one with the mistake."""
    with pytest.raises(BadFilter) as error:
        parse("a = 1 and\nb ~ 2")
    assert str(error.value).endswith("\n  b ~ 2\n    ^")


_SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"])),
)
_KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
_COMPARISONS = st.one_of(
    st.builds(comparison, st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"]), _KEYS, _SCALARS),
    st.builds(comparison, st.sampled_from(["in", "nin"]), _KEYS, st.lists(_SCALARS, min_size=1, max_size=3)),
)
_FILTERS = st.recursive(
    _COMPARISONS,
    lambda inner: st.builds(
        lambda kind, filters: {"type": kind, "filters": filters},
        st.sampled_from(["and", "or"]),
        st.lists(inner, min_size=2, max_size=3),
    ),
    max_leaves=8,
)
_SIGNS = {"eq": "=", "ne": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "in": "in", "nin": "not in"}


def _text(value: Any) -> str:
    match value:
        case {"filters": filters, "type": kind}:
            return "(" + f" {kind} ".join(map(_text, filters)) + ")"
        case {"key": key, "type": kind, "value": compared}:
            return f"{_text(key)} {_SIGNS[kind]} {_text(compared)}"
        case list():
            return "(" + ", ".join(map(_text, value)) + ")"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case _:
            return json.dumps(value)


def _flat(value: dict[str, Any]) -> dict[str, Any]:
    """Compounds of the same kind as the one around them are part of that."""
    if "filters" not in value:
        return value
    inner = [_flat(each) for each in value["filters"]]
    same = [part for each in inner for part in (each["filters"] if each["type"] == value["type"] else [each])]
    return {"type": value["type"], "filters": same}


@pytest.mark.random
@settings(max_examples=examples(200), deadline=None)
@given(_FILTERS)
def test_every_filter_can_be_written(wanted: dict[str, Any]) -> None:
    """Any filter of the API, written in the language, is that filter."""
    assert parse(_text(wanted)) == _flat(wanted)


@pytest.mark.random
@settings(max_examples=examples(300), deadline=None)
@given(st.text(st.sampled_from("ab1.\"'\\()[],=<>! \n~-ändornti")))
def test_any_text(text: str) -> None:
    """Any text is a filter or is refused with a place; nothing else is raised."""
    said = "^"
    try:
        parse(text)
    except BadFilter as error:
        said = str(error)
    assert said.endswith("^")
