"""Rows as DynamoDB items, and writes as DynamoDB requests.

    pk, sk      the row's key
    v           version; absent if the row has only counts
    d           data; absent if empty
    s           status
    t           deadline, in ms
    g, c        gone, closed; absent if false
    +<name>     a count
    l           pk|status, if the row is in the index `by_status`
    q           OPEN#0…15, if the row has a deadline and so is in the index `by_deadline`
    expires_at  seconds since 1970 from which DynamoDB may delete the item

Names are short because their bytes are paid for in every row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never
from zlib import crc32

from vectorlog.views.table import NO_ROW, Add, Key, Put, Remove, Row, Write

Item = Mapping[str, Mapping[str, Any]]
"""Attributes in DynamoDB's JSON: `{"v": {"N": "3"}, …}`."""

BY_STATUS = "by_status"
BY_DEADLINE = "by_deadline"

COMMON_STATUS = "completed"
"""The status that most rows end with. The index leaves it out, which saves a write for each of them."""

DEADLINE_SHARDS = 16
"""The number of partitions of `by_deadline`, so that not every new file is written to the same one."""

_COUNT = "+"


def key_item(key: Key) -> Item:
    """Returns the attributes of a key."""
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def key_of(item: Item) -> Key:
    """Returns the key of an item."""
    return Key(item["pk"]["S"], item["sk"]["S"])


def row_of(item: Item) -> Row:
    """Returns the row that is stored in an item."""
    texts = {name: text for name, value in item.items() for text in value.values()}
    return Row(
        key=key_of(item),
        version=int(texts.get("v", NO_ROW)),
        data=texts.get("d", ""),
        status=texts.get("s"),
        deadline=int(texts["t"]) if "t" in texts else None,
        gone="g" in texts,
        closed="c" in texts,
        counts={name.removeprefix(_COUNT): int(number) for name, number in texts.items() if name.startswith(_COUNT)},
    )


def list_of(pk: str, status: str) -> str:
    """Returns the partition key in `by_status` of the rows with this pk and status."""
    return f"{pk}|{status}"


def shard_of(number: int) -> str:
    """Returns a partition key of `by_deadline`, by its number."""
    return f"OPEN#{number}"


def list_request(pk: str, first: str, last: str, status: str | None, *, tombstones: bool = False) -> dict[str, Any]:
    """Returns the arguments of a Query, except the table's name, for rows from the sort key `first` to `last`
    inclusive; without a status perhaps with `tombstones`.
    """
    values = {":first": {"S": first}, ":last": {"S": last}}
    request: dict[str, Any] = {}
    if status is None or status == COMMON_STATUS:
        request["ConsistentRead"] = True
        if not tombstones:
            request["FilterExpression"] = "attribute_not_exists(g)" + (" AND s = :s" if status else "")
        partition, values[":pk"] = "pk", {"S": pk}
        if status:
            values[":s"] = {"S": status}
    else:
        request |= {"IndexName": BY_STATUS}
        partition, values[":pk"] = "l", {"S": list_of(pk, status)}
    return {
        **request,
        "KeyConditionExpression": f"{partition} = :pk AND sk BETWEEN :first AND :last",
        "ExpressionAttributeValues": values,
    }


def deadlines_request(shard: int, until: int) -> dict[str, Any]:
    """Returns the arguments of a Query, except the table's name, for a shard's rows with a deadline up to `until`."""
    return {
        "IndexName": BY_DEADLINE,
        "KeyConditionExpression": "q = :q AND t <= :until",
        "ExpressionAttributeValues": {":q": {"S": shard_of(shard)}, ":until": {"N": str(until)}},
    }


def request_of(write: Write) -> dict[str, Any]:
    """Returns the arguments of an UpdateItem or DeleteItem, alone or in a transaction, except the table's name."""
    match write:
        case Put():
            return _put(write)
        case Add():
            return _add(write)
        case Remove():
            return {"Key": key_item(write.key), **_guard(write.replaces)}
        case _ as never:
            assert_never(never)


def _put(put: Put) -> dict[str, Any]:
    """An update, because a DynamoDB put would remove the counts."""
    fields = _fields(put)
    values = {f":{name}": value for name, value in fields.items() if value is not None}
    sets = ", ".join(f"{name} = :{name}" for name, value in fields.items() if value is not None)
    removes = ", ".join(name for name, value in fields.items() if value is None)
    guard = _guard(put.replaces)
    names, conditions = {}, [guard["ConditionExpression"]]
    for place, (name, number) in enumerate(put.counts.items()):
        names[f"#{place}"] = f"{_COUNT}{name}"
        conditions.append(f"attribute_not_exists(#{place})" if number is None else f"#{place} = :{place}")
        if number is not None:
            values[f":{place}"] = {"N": str(number)}
    return {
        "Key": key_item(put.key),
        "UpdateExpression": f"SET {sets} REMOVE {removes}",
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeValues": values | guard.get("ExpressionAttributeValues", {}),
        **({"ExpressionAttributeNames": names} if names else {}),
    }


def _guard(replaces: int | None) -> dict[str, Any]:
    """Returns the condition that the row has this version."""
    if replaces is None:
        return {}
    if replaces == NO_ROW:
        return {"ConditionExpression": "attribute_not_exists(v)"}
    return {"ConditionExpression": "v = :replaces", "ExpressionAttributeValues": {":replaces": {"N": str(replaces)}}}


def _fields(put: Put) -> dict[str, Mapping[str, Any] | None]:
    listed = None if put.gone or put.status == COMMON_STATUS else put.status
    return {
        "v": {"N": str(put.version)},
        "d": {"S": put.data} if put.data else None,
        "s": {"S": put.status} if put.status is not None else None,
        "t": {"N": str(put.deadline)} if put.deadline is not None else None,
        "g": {"BOOL": True} if put.gone else None,
        "c": {"BOOL": True} if put.closed else None,
        "l": {"S": list_of(put.key.pk, listed)} if listed is not None else None,
        "q": {"S": shard_of(crc32("|".join(put.key).encode()) % DEADLINE_SHARDS)} if put.deadline is not None else None,
        "expires_at": {"N": str(-(-put.expires_at // 1000))} if put.expires_at is not None else None,
    }


def _add(add: Add) -> dict[str, Any]:
    names = {f"#{place}": f"{_COUNT}{name}" for place, name in enumerate(add.counts)}
    values = {f":{place}": {"N": str(number)} for place, number in enumerate(add.counts.values())}
    guard = _guard(add.version)
    conditions = ["attribute_not_exists(c)", *([guard["ConditionExpression"]] if guard else [])]
    return {
        "Key": key_item(add.key),
        "UpdateExpression": "ADD " + ", ".join(f"#{place} :{place}" for place in range(len(add.counts))),
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values | guard.get("ExpressionAttributeValues", {}),
    }
