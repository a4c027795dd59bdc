"""Filters on attributes: a tree of comparisons, evaluated by value.

Rules (docs/contract.md, "Our choices"): numbers compare by value (1 equals 1.0) and a bool is never a number; on a
missing key or a mismatch of types `eq, gt, gte, lt, lte, in` do not match and `ne, nin` do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any, Literal

Scalar = str | float | int | bool
Attributes = Mapping[str, Scalar]
Operator = Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]

_ORDERED: dict[str, Callable[[Any, Any], bool]] = {"gt": gt, "gte": ge, "lt": lt, "lte": le}


@dataclass(frozen=True, slots=True)
class Comparison:
    """`key operator value`; the value is a tuple for `in` and `nin`, else a scalar."""

    operator: Operator
    key: str
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Compound:
    """Matches if all (`and`) or any (`or`) of the inner filters match."""

    operator: Literal["and", "or"]
    filters: tuple[Filter, ...]


Filter = Comparison | Compound


def matches(condition: Filter, attributes: Attributes) -> bool:
    """Whether these attributes satisfy the filter."""
    if isinstance(condition, Compound):
        results = (matches(inner, attributes) for inner in condition.filters)
        return all(results) if condition.operator == "and" else any(results)
    actual = attributes.get(condition.key)
    operator, value = condition.operator, condition.value
    if operator in _ORDERED:
        comparable = actual is not None and kind(actual) == kind(value) != "bool"
        return comparable and _ORDERED[operator](actual, value)
    wanted: Sequence[Scalar] = value if isinstance(value, tuple) else (value,)
    equal = actual is not None and any(kind(actual) == kind(each) and actual == each for each in wanted)
    return equal if operator in ("eq", "in") else not equal


def same_attributes(one: Attributes, other: Attributes) -> bool:
    """Whether two sets of attributes are equal by value: 1 equals 1.0, but True does not equal 1."""
    return one == other and all(kind(value) == kind(other[key]) for key, value in one.items())


def kind(value: object) -> Literal["bool", "number", "string", "other"]:
    """Returns the type as which a value is compared."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "other"
