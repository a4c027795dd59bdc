"""The items of counters, and the actions that spread and gather a row; `dynamodb_items.py` describes the attributes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vectorlog.views.dynamodb_items import Action, Item, counts_of, key_item, row_of, sums_of
from vectorlog.views.table import Add, Key, Row

COUNTERS = 16
"""The number of a row's counters. Two writers that chose theirs at random have the same one in 6 % of all cases."""

COUNTERS_OF = "COUNTERS#"
"""How the partition keys of counters begin."""

_STAMP = "u"


def is_counter(item: Item) -> bool:
    """Whether an item is a counter of another one."""
    pk: str = item["pk"]["S"]
    return pk.startswith(COUNTERS_OF)


def is_spread(item: Item) -> bool:
    """Whether a row's item says that the row has counters."""
    return "n" in item


def is_made(item: Item) -> bool:
    """Whether a row's item has more than counts."""
    return "v" in item


def may_be_spread(item: Item) -> bool:
    """Whether a row takes additions for as long as it is neither gathered nor written."""
    return "c" not in item and "s" not in item


def counters_request(key: Key) -> dict[str, Any]:
    """Returns the arguments of a Query, except the table's name, for a row's counters."""
    return {
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": _partition(key)}},
        "ConsistentRead": True,
    }


def add_to_counter(add: Add, number: int) -> Action:
    """Returns the action that adds to a row's counter. It requires that the counter is there, and of the row what the
    addition requires: that does not change while the row has counters.
    """
    request = sums_of(add.counts)
    values = {**request["ExpressionAttributeValues"], ":stamp": {"N": "1"}}
    condition = "attribute_exists(n)"
    if add.alive is not None:
        condition, values[":made"] = "n = :made", _made(add.alive)
    return {
        "Update": {
            **request,
            "Key": key_item(_counter(key=add.key, number=number)),
            "UpdateExpression": f"{request['UpdateExpression']}, {_STAMP} :stamp",
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
    }


def spread_actions(key: Key, *, made: bool) -> list[Action]:
    """Returns the actions that spread a row which has been `made` or has only counts."""
    there = f"attribute_{'exists' if made else 'not_exists'}(v)"
    row: Action = {
        "Update": {
            "Key": key_item(key),
            "UpdateExpression": "SET n = :n",
            "ConditionExpression": " AND ".join([*(f"attribute_not_exists({name})" for name in "ncs"), there]),
            "ExpressionAttributeValues": {":n": {"N": str(COUNTERS)}},
        }
    }
    counters: list[Action] = [
        {
            "Update": {
                "Key": key_item(_counter(key, number)),
                "UpdateExpression": f"SET n = :n, {_STAMP} = :stamp",
                "ConditionExpression": "attribute_not_exists(n)",
                "ExpressionAttributeValues": {":n": _made(made), ":stamp": {"N": "0"}},
            }
        }
        for number in range(COUNTERS)
    ]
    return [row, *counters]


def gather_actions(key: Key, counters: Sequence[Item]) -> list[Action]:
    """Returns the actions that add counters, as they were read, to their row, and remove them."""
    sums = _sums(counters)
    added = sums_of(sums, "REMOVE n") if sums else {"UpdateExpression": "REMOVE n"}
    row: Action = {"Update": {**added, "Key": key_item(key), "ConditionExpression": "attribute_exists(n)"}}
    removed: list[Action] = [
        {
            "Delete": {
                "Key": {"pk": counter["pk"], "sk": counter["sk"]},
                "ConditionExpression": f"{_STAMP} = :stamp",
                "ExpressionAttributeValues": {":stamp": counter[_STAMP]},
            }
        }
        for counter in counters
    ]
    return [row, *removed]


def with_counters(item: Item, counters: Sequence[Item]) -> Row:
    """Returns a spread row with the counts of its item and of its counters."""
    return replace(row_of(item), counts=_sums([item, *counters]))


def _sums(items: Sequence[Item]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for item in items:
        sums.update(counts_of(item))
    return dict(sums)


def _counter(key: Key, number: int) -> Key:
    return Key(_partition(key), f"{number:02d}")


def _partition(key: Key) -> str:
    return f"{COUNTERS_OF}{key.pk}|{key.sk}"


def _made(made: bool) -> Mapping[str, str]:
    return {"N": str(int(made))}
