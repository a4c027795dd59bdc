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
Kind = Literal["bool", "number", "string", "other"]
Identity = tuple[Kind, object]
"""A value with its kind. Two values are equal in filters if and only if their identities are equal."""

ORDERED: Mapping[str, Callable[[Any, Any], bool]] = {"gt": gt, "gte": ge, "lt": lt, "lte": le}


@dataclass(frozen=True, slots=True)
class Comparison:
    """`key operator value`; the value is a tuple for `in` and `nin`, else a scalar."""

    operator: Operator
    key: str
    value: Scalar | tuple[Scalar, ...]

    @property
    def values(self) -> tuple[Scalar, ...]:
        """The values of `in` and `nin`, or the only value of another operator."""
        return self.value if isinstance(self.value, tuple) else (self.value,)


@dataclass(frozen=True, slots=True)
class Compound:
    """Matches if all (`and`) or any (`or`) of the inner filters match."""

    operator: Literal["and", "or"]
    filters: tuple[Filter, ...]


Filter = Comparison | Compound


def matches(condition: Filter, attributes: Attributes) -> bool:
    """Whether these attributes satisfy the filter. This is the definition; `predicate` answers the same faster."""
    if isinstance(condition, Compound):
        results = (matches(inner, attributes) for inner in condition.filters)
        return all(results) if condition.operator == "and" else any(results)
    actual = attributes.get(condition.key)
    operator, value = condition.operator, condition.value
    if operator in ORDERED:
        comparable = actual is not None and kind(actual) == kind(value) != "bool"
        return comparable and ORDERED[operator](actual, value)
    wanted: Sequence[Scalar] = condition.values
    equal = actual is not None and any(kind(actual) == kind(each) and actual == each for each in wanted)
    return equal if operator in ("eq", "in") else not equal


def predicate(condition: Filter) -> Callable[[Attributes], bool]:
    """Compiles a filter once to a function that says whether attributes satisfy it.

    The function looks values up in sets, so its time does not depend on the number of values in `in` and `nin`.
    """
    return _compiled(simplified(condition))


def simplified(condition: Filter) -> Filter:
    """Returns a filter with the same meaning in which each compound has few comparisons for each key.

    Compounds in a compound with the same operator become part of it. All `eq` and `in` of one key become one
    comparison, and so do all `ne` and `nin`, all lower bounds of one kind of value, and all upper bounds of one.
    """
    if isinstance(condition, Comparison):
        return condition
    merged = _Merged(condition.operator)
    for inner in condition.filters:
        merged.add(simplified(inner))
    parts = merged.parts()
    return parts[0] if len(parts) == 1 else Compound(condition.operator, parts)


def same_attributes(one: Attributes, other: Attributes) -> bool:
    """Whether two sets of attributes are equal by value: 1 equals 1.0, but True does not equal 1."""
    return one == other and all(kind(value) == kind(other[key]) for key, value in one.items())


def kind(value: object) -> Kind:
    """Returns the type as which a value is compared."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "other"


def identity(value: object) -> Identity:
    """Returns the value with its kind, by which values are equal."""
    return kind(value), value


class _Merged:
    """Collects the parts of a compound, and merges those that can be one comparison."""

    def __init__(self, operator: Literal["and", "or"]) -> None:
        self._operator = operator
        self._equal: dict[tuple[str, bool], dict[Identity, Scalar]] = {}
        self._bounds: dict[tuple[str, bool, Kind], Comparison] = {}
        self._compounds: list[Compound] = []

    def add(self, part: Filter) -> None:
        if isinstance(part, Compound):
            if part.operator == self._operator:
                for inner in part.filters:
                    self.add(inner)
            else:
                self._compounds.append(part)
        elif part.operator not in ORDERED:
            self._add_equal(part.key, part.operator in ("eq", "in"), {identity(each): each for each in part.values})
        elif isinstance(part.value, tuple) or kind(part.value) in ("bool", "other"):
            self._add_equal(part.key, True, {})  # booleans have no order, so nothing matches
        else:
            self._add_bound(part)

    def parts(self) -> tuple[Filter, ...]:
        equal = (
            Comparison("in" if wanted else "nin", key, tuple(values.values()))
            for (key, wanted), values in self._equal.items()
        )
        return (*equal, *self._bounds.values(), *self._compounds)

    def _add_equal(self, key: str, wanted: bool, values: dict[Identity, Scalar]) -> None:
        place = key, wanted
        known = self._equal.get(place)
        if known is None:
            self._equal[place] = values
        elif wanted == (self._operator == "or"):  # one of either list, or not one of any list
            known.update(values)
        else:
            self._equal[place] = {each: value for each, value in known.items() if each in values}

    def _add_bound(self, part: Comparison) -> None:
        lower = part.operator in ("gt", "gte")
        place = part.key, lower, kind(part.value)
        known = self._bounds.get(place)
        if known is None or _stricter(part, known, lower=lower) == (self._operator == "and"):
            self._bounds[place] = part


def _stricter(one: Comparison, other: Comparison, *, lower: bool) -> bool:
    """Whether, of two bounds on the same side, `one` accepts less than `other`, or the same."""
    a: Any = one.value
    b: Any = other.value
    if a == b:
        return one.operator in ("gt", "lt")
    return bool(a > b) == lower


def _compiled(condition: Filter) -> Callable[[Attributes], bool]:
    if isinstance(condition, Compound):
        inner = [_compiled(each) for each in condition.filters]
        combine = all if condition.operator == "and" else any
        return lambda attributes: combine(each(attributes) for each in inner)
    key, operator = condition.key, condition.operator
    if operator in ORDERED:
        return lambda attributes: matches(condition, attributes)
    wanted = frozenset(identity(each) for each in condition.values)
    expected = operator in ("eq", "in")
    return lambda attributes: (identity(attributes.get(key)) in wanted) == expected
