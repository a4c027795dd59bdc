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
    n           the number of counters, while the row is spread (`dynamodb_counters.py`)

The items of a spread row's counters are:

    pk, sk      COUNTERS#<pk>|<sk>, of the row, and 00…15
    n           1 if the row was made when it was spread, 0 if it had only counts
    u           its stamp: how often it was added to
    +<name>     a part of a count

Names are short because their bytes are paid for in every row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never
from zlib import crc32

from vectorlog.views.table import ENDED, NO_ROW, Add, Key, Put, Remove, Row, Write

Item = Mapping[str, Mapping[str, Any]]
"""Attributes in DynamoDB's JSON: `{"v": {"N": "3"}, …}`."""

Action = Mapping[str, Mapping[str, Any]]
"""An action of a transaction, without the table's name: `{"Update": {"Key": …, …}}`."""

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
        counts=counts_of(item),
    )


def counts_of(item: Item) -> dict[str, int]:
    """Returns the counts that are stored in an item."""
    return {name.removeprefix(_COUNT): int(value["N"]) for name, value in item.items() if name.startswith(_COUNT)}


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


def action_of(write: Write) -> Action:
    """Returns the action of a transaction that makes a write."""
    return {"Delete" if isinstance(write, Remove) else "Update": request_of(write)}


def request_of(write: Write) -> dict[str, Any]:
    """Returns the arguments of an UpdateItem or DeleteItem, alone or in a transaction, except the table's name."""
    match write:
        case Put():
            return _put(write)
        case Add():
            return _add(write)
        case Remove():
            return {"Key": key_item(write.key), **_guard(write.replaces, "attribute_not_exists(n)")}
        case _ as never:
            assert_never(never)


def _put(put: Put) -> dict[str, Any]:
    """An update, because a DynamoDB put would remove the counts."""
    fields = _fields(put)
    values = {f":{name}": value for name, value in fields.items() if value is not None}
    sets = ", ".join(f"{name} = :{name}" for name, value in fields.items() if value is not None)
    removes = ", ".join(name for name, value in fields.items() if value is None)
    guard = _guard(put.replaces, *(["attribute_not_exists(n)"] if needs_one_item(put) else []))
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


def _guard(replaces: int | None, *more: str) -> dict[str, Any]:
    """Returns the condition that the row has this version, and further conditions."""
    if replaces is None:
        return {"ConditionExpression": " AND ".join(more)}
    version = "attribute_not_exists(v)" if replaces == NO_ROW else "v = :replaces"
    values = {} if replaces == NO_ROW else {"ExpressionAttributeValues": {":replaces": {"N": str(replaces)}}}
    return {"ConditionExpression": " AND ".join([version, *more]), **values}


def _fields(put: Put) -> dict[str, Mapping[str, Any] | None]:
    listed = None if put.gone or put.status in (COMMON_STATUS, ENDED) else put.status
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
    match add.alive:
        case None:
            needed = []
        case True:
            needed = ["attribute_exists(v)", "attribute_not_exists(s)"]
        case False:
            needed = ["attribute_not_exists(v)"]
    return {
        "Key": key_item(add.key),
        "ConditionExpression": " AND ".join(["attribute_not_exists(c)", *needed]),
        **sums_of(add.counts),
    }


def sums_of(counts: Mapping[str, int], *more: str) -> dict[str, Any]:
    """Returns the arguments of an UpdateItem that adds to counts, and has `more` clauses before that."""
    added = ["ADD " + ", ".join(f"#{place} :{place}" for place in range(len(counts)))] if counts else []
    return {
        "UpdateExpression": " ".join([*more, *added]),
        "ExpressionAttributeNames": {f"#{place}": f"{_COUNT}{name}" for place, name in enumerate(counts)},
        "ExpressionAttributeValues": {f":{place}": {"N": str(number)} for place, number in enumerate(counts.values())},
    }


def needs_one_item(write: Put | Remove) -> bool:
    """Whether a row must not be spread when this is written: it changes what additions require, or needs counts."""
    return isinstance(write, Remove) or write.replaces == NO_ROW or write.ends or bool(write.counts)
