"""DynamoDB's capacity units, by its published rules (developer guide: "Read and write operations", "Amazon DynamoDB
Transactions", "Global secondary indexes"; reference: BatchGetItem).

A write takes one unit per started KB of the larger of an item's two images, and twice that in a transaction. An index
whose entry changes takes one unit to remove the old entry and one to put the new one. Reading a missing item costs as
much as reading the smallest one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Item = Mapping[str, Mapping[str, Any]]
"""An item's attributes in DynamoDB's form; empty if there is no item."""

_SINGLE = ("PutItem", "UpdateItem", "DeleteItem")


@dataclass(frozen=True, slots=True)
class Schema:
    """The parts of a table's definition that units depend on.

    Attributes:
        key: names of its key's attributes.
        indexes: names of the attributes of each index's key.
    """

    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...]


def schema_of(table: Mapping[str, Any]) -> Schema:
    """Built from the answer of DescribeTable.

    Raises:
        ValueError: an index holds more than keys; its units are not supported.
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
    """Units of one written item; for a refused request, `after` is `before`."""
    units = kilobytes(max(item_bytes(before), item_bytes(after))) * (2 if transaction else 1)
    for names in schema.indexes:
        old, new = (_entry(item, names, schema.key) for item in (before, after))
        if old != new:
            units += sum(kilobytes(item_bytes(entry)) for entry in (old, new) if entry)
    return units


def read_units(operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
    """Units of a reading request: those in the answer, and those that DynamoDB Local omits for missing items."""
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
    """Units of this many bytes; zero bytes cost one too."""
    return max(1, -(-size // 1024))


def item_bytes(item: Item) -> int:
    """Size of an item: names in UTF-8, and values: text in UTF-8, a number one byte per two digits and one more, a
    boolean one.
    """
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
