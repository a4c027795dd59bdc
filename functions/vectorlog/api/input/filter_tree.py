"""Converts a search's filters from JSON to the domain's tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from vectorlog.api.input import refusals
from vectorlog.api.input.scalars import MAX_KEY_CHARS, scalar_refusal
from vectorlog.domain.errors import Invalid
from vectorlog.domain.filters import Comparison, Compound, Filter, Operator, Scalar

MAX_DEPTH = 16
"""Levels of `and` and `or`. A deeper tree is a client's mistake."""
MAX_CONDITIONS = 150
"""Comparisons, all levels together. OpenSearch takes 1,024 clauses in a query, and each makes up to six."""
MAX_VALUES = 2_000
"""Values of one `in` or `nin`: as many as a batch has files."""

_COMPARISONS: Sequence[str] = get_args(Operator)
_COMPOUNDS = ("and", "or")
_OF_ARRAYS = ("in", "nin")


def read(value: object) -> Filter:
    """Converts a JSON value to a filter.

    Raises:
        Invalid: the value is not a filter, or it exceeds a limit. The message names the path of the fault, and the
            operator if it matters.
    """
    return _read(value, "filters", 1, iter(range(MAX_CONDITIONS)))


def _read(value: object, path: str, depth: int, left: Iterator[int]) -> Filter:
    """Converts a part of the tree.

    Args:
        value: the JSON value.
        path: where the value is in the request, for errors.
        depth: its level in the tree; the root is 1.
        left: an item for each comparison that there may still be.
    """
    if not isinstance(value, dict):
        raise refusals.wrong_type(path, "an object", value)
    if depth > MAX_DEPTH:
        raise Invalid(f"Invalid '{path}': filters are nested more than {MAX_DEPTH} levels deep.", param=path)
    match _field(value, "type", path):
        case "and" | "or" as operator:
            return Compound(operator, _operands(value, path, depth, left))
        case "eq" | "ne" | "gt" | "gte" | "lt" | "lte" | "in" | "nin" as comparison:
            if next(left, None) is None:
                raise _too_many_conditions()
            return _comparison(comparison, value, path)
        case str() as other:
            raise refusals.unsupported(f"{path}.type", other, [*_COMPARISONS, *_COMPOUNDS])
        case other:
            raise refusals.wrong_type(f"{path}.type", "a string", other)


def _operands(value: dict[str, Any], path: str, depth: int, left: Iterator[int]) -> tuple[Filter, ...]:
    _only(value, {"type", "filters"}, path)
    filters = _field(value, "filters", path)
    if not isinstance(filters, list):
        raise refusals.wrong_type(f"{path}.filters", "an array", filters)
    if not filters:
        raise refusals.empty_array(f"{path}.filters")
    return tuple(_read(each, f"{path}.filters[{place}]", depth + 1, left) for place, each in enumerate(filters))


def _comparison(operator: Operator, value: dict[str, Any], path: str) -> Comparison:
    _only(value, {"type", "key", "value"}, path)
    key, operand = _field(value, "key", path), _field(value, "value", path)
    if not isinstance(key, str):
        raise refusals.wrong_type(f"{path}.key", "a string", key)
    if len(key) > MAX_KEY_CHARS:
        raise refusals.string_too_long(f"{path}.key", MAX_KEY_CHARS, len(key))
    if operator not in _OF_ARRAYS:
        return Comparison(operator, key, _scalar(operand, f"{path}.value", operator))
    if not isinstance(operand, list):
        raise refusals.wrong_type(f"{path}.value", f"an array (operator '{operator}')", operand)
    if len(operand) > MAX_VALUES:
        raise refusals.array_too_long(f"{path}.value", MAX_VALUES, len(operand))
    return Comparison(
        operator, key, tuple(_scalar(each, f"{path}.value[{place}]", operator) for place, each in enumerate(operand))
    )


def _too_many_conditions() -> Invalid:
    message = (
        f"Invalid 'filters': too many conditions. Expected at most {MAX_CONDITIONS}, all levels together. "
        f"Use 'in' to compare one key with several values."
    )
    return Invalid(message, param="filters", code="array_above_max_length")


def _scalar(value: Any, path: str, operator: str) -> Scalar:  # noqa: ANN401  # any JSON value
    if not isinstance(value, str | int | float):
        raise refusals.wrong_type(path, f"a string, a number or a boolean (operator '{operator}')", value)
    if refusal := scalar_refusal(value):
        raise refusal(path)
    return value


def _field(value: dict[str, Any], name: str, path: str) -> object:
    if name not in value:
        raise refusals.missing(f"{path}.{name}")
    return value[name]


def _only(value: dict[str, Any], known: set[str], path: str) -> None:
    for name in value:
        if name not in known:
            raise refusals.unknown(f"{path}.{refusals.echo(name)}")
