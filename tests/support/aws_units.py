"""How many capacity units DynamoDB takes, by its published rules (developer guide: "Read and write operations", "Amazon
DynamoDB Transactions", "Global secondary indexes"; reference: BatchGetItem).

To write: a unit per KB begun of the larger of an item's two images, twice that in a transaction; in an index whose
entry changes, one to take the old entry out and one to put the new one in. To read what is not there: as to read the
smallest item.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Item = Mapping[str, Mapping[str, Any]]
"""Attributes as DynamoDB writes them; empty where there is no item."""

_SINGLE = ("PutItem", "UpdateItem", "DeleteItem")


@dataclass(frozen=True, slots=True)
class Schema:
    """What of a table decides about units.

    Attributes:
        key: names of its key's attributes.
        indexes: names of the attributes of each index's key.
    """

    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...]


def schema_of(table: Mapping[str, Any]) -> Schema:
    """From what DescribeTable answers.

    Raises:
        ValueError: an index holds more than keys, and what changes its entries is not known here.
    """
    indexes = table.get("GlobalSecondaryIndexes", ())
    if any(index["Projection"]["ProjectionType"] != "KEYS_ONLY" for index in indexes):
        raise ValueError(f"units of {table['TableName']} are not known: an index holds more than keys")
    return Schema(_names(table["KeySchema"]), tuple(_names(index["KeySchema"]) for index in indexes))


def written(operation: str, request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The parts of a request that write one item each; none if it only reads."""
    if operation == "TransactWriteItems":
        return [part for action in request["TransactItems"] for part in action.values()]
    return [request] if operation in _SINGLE else []


def write_units(schema: Schema, before: Item, after: Item, *, transaction: bool) -> int:
    """For one item of a request; where that was refused, `after` is `before`."""
    units = kilobytes(max(item_bytes(before), item_bytes(after))) * (2 if transaction else 1)
    for names in schema.indexes:
        old, new = (_entry(item, names, schema.key) for item in (before, after))
        if old != new:
            units += sum(kilobytes(item_bytes(entry)) for entry in (old, new) if entry)
    return units


def read_units(operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
    """For a request that reads: what the answer says, and what DynamoDB Local leaves out: that nothing found costs
    too.
    """
    capacity = answer.get("ConsumedCapacity", ())
    units = sum(float(table["CapacityUnits"]) for table in ([capacity] if isinstance(capacity, Mapping) else capacity))
    if operation == "BatchGetItem" and "Responses" in answer:
        for table, wanted in request["RequestItems"].items():
            unread = len(answer["UnprocessedKeys"].get(table, {}).get("Keys", ()))
            units += (len(wanted["Keys"]) - len(answer["Responses"].get(table, ())) - unread) * _least(wanted)
    elif operation == "Query":
        units = max(units, _least(request))
    return units


def _least(request: Mapping[str, Any]) -> float:
    return 1.0 if request.get("ConsistentRead") else 0.5


def kilobytes(size: int) -> int:
    """Units of so many bytes; nothing costs one too."""
    return max(1, -(-size // 1024))


def item_bytes(item: Item) -> int:
    """Names in UTF-8, and values: text in UTF-8, a number's digits by two and one more, a boolean one."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    match value:
        case {"S": str(text)}:
            return len(text.encode())
        case {"N": str(number)}:
            return -(-len(number.strip("-").strip("0")) // 2) + 1 + number.startswith("-")
        case {"BOOL": _}:
            return 1
        case _:
            raise ValueError(f"no item of ours holds {value}")


def _entry(item: Item, names: Sequence[str], key: Iterable[str]) -> Item:
    return {name: item[name] for name in {*names, *key}} if all(name in item for name in names) else {}


def _names(schema: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    return tuple(part["AttributeName"] for part in schema)
