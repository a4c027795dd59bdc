"""The expressions of DynamoDB that the adapters send: conditions and updates, evaluated on an item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Item = dict[str, dict[str, Any]]
"""Attributes in DynamoDB's JSON."""


def holds(
    condition: str | None,
    item: Mapping[str, Any] | None,
    values: Mapping[str, Any],
    names: Mapping[str, str] | None = None,
) -> bool:
    """Whether an item meets a condition: comparisons that are joined by AND. `names` are those of placeholders."""
    if not condition:
        return True
    for placeholder, name in (names or {}).items():
        condition = condition.replace(placeholder, name)
    parts = condition.replace("BETWEEN :first AND :last", "BETWEEN :first,:last").split(" AND ")
    return all(_holds(part, item or {}, values) for part in parts)


def _holds(part: str, item: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    if part.startswith("attribute_not_exists("):
        return part[len("attribute_not_exists(") : -1] not in item
    if part.startswith("attribute_exists("):
        return part[len("attribute_exists(") : -1] in item
    name, operator, operand = part.split(" ")
    if name not in item:
        return False
    value = _plain(item[name])
    if operator == "BETWEEN":
        low, high = (_plain(values[each]) for each in operand.split(","))
        return bool(_utf8(low) <= _utf8(value) <= _utf8(high))
    other = _plain(values[operand])
    match operator:
        case "=":
            return bool(value == other)
        case "<=":
            return bool(value <= other)
        case ">=":
            return bool(value >= other)
        case _:
            raise ValueError(f"an unknown comparison: {part}")


def updated(
    expression: str, item: Mapping[str, Any] | None, key: Mapping[str, Any], request: Mapping[str, Any]
) -> Item:
    """Returns an item after an update: `SET … REMOVE …`, `ADD …` or `REMOVE … ADD …`."""
    values = request.get("ExpressionAttributeValues", {})
    names = request.get("ExpressionAttributeNames", {})
    result: Item = {**(item or {}), **key}
    if expression.startswith("REMOVE "):
        removed, _, added = expression.removeprefix("REMOVE ").partition(" ADD ")
        for name in removed.split(", "):
            result.pop(names.get(name, name), None)
        return updated(f"ADD {added}", result, key, request) if added else result
    if expression.startswith("ADD "):
        for part in expression.removeprefix("ADD ").split(", "):
            name, value = part.split(" ")
            name = names.get(name, name)
            before = int(result[name]["N"]) if name in result else 0
            result[name] = {"N": str(before + int(values[value]["N"]))}
        return result
    sets, _, removes = expression.removeprefix("SET ").partition(" REMOVE ")
    for part in sets.split(", "):
        name, value = part.split(" = ")
        result[names.get(name, name)] = values[value]
    for name in removes.split(", ") if removes else ():
        result.pop(names.get(name, name), None)
    return result


def _plain(value: Mapping[str, Any]) -> Any:
    [(kind, plain)] = value.items()
    return int(plain) if kind == "N" else plain


def _utf8(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value
