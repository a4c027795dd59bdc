"""DynamoDB's rules in memory, behind the calls of its client that the adapters make.

- A read is stale unless it asks for `ConsistentRead`: it may see a table as it was some writes ago. An index is always
  read like this.
- A transaction has at most 100 items and one write for each. With the token of an earlier one it has no effect again.
- Now and then an answer is lost, and botocore repeats the call; a transaction conflicts; keys are left unprocessed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from random import Random
from threading import RLock
from typing import Any
from zlib import crc32

from tests.simulation.expressions import Item, holds, updated

TRANSACTION = 100
OLDEST = 6
"""How many writes ago a stale read may be."""
INDEXES = {"by_status": ("l", "sk"), "by_deadline": ("q", "t")}

_Key = tuple[str, Any]


class ConditionalCheckFailedException(Exception):
    def __init__(self, item: Item | None) -> None:
        super().__init__("The conditional request failed")
        self.response = {"Error": {"Code": "ConditionalCheckFailedException"}, "Item": item}


class TransactionConflictException(Exception):
    pass


class TransactionCanceledException(Exception):
    def __init__(self, reasons: list[str]) -> None:
        super().__init__(f"Transaction cancelled: {reasons}")
        self.response = {"CancellationReasons": [{"Code": reason} for reason in reasons]}


class Exceptions:
    """The client's exceptions."""

    ConditionalCheckFailedException = ConditionalCheckFailedException
    TransactionConflictException = TransactionConflictException
    TransactionCanceledException = TransactionCanceledException


LOGS = ("log", "events")
"""Names of tables that hold a log."""


class _Table:
    """The items of a table, with as much of their past as stale reads can see."""

    def __init__(self) -> None:
        self.items: dict[_Key, Item] = {}
        self.sorted: dict[str, list[Any]] = {}
        self.past: list[tuple[_Key, Item | None]] = []
        self.members: dict[tuple[str, str], set[_Key]] = {}

    def put(self, key: _Key, item: Item | None) -> None:
        before = self.items.get(key)
        self.past.append((key, before))
        if len(self.past) > OLDEST:
            del self.past[0]
        if item is None:
            if before is not None:
                del self.items[key]
                self.sorted[key[0]].remove(key[1])
            return
        if before is None:
            insort(self.sorted.setdefault(key[0], []), key[1], key=_order)
        self.items[key] = item
        for index, (partition, _) in INDEXES.items():
            if partition in item:
                self.members.setdefault((index, item[partition]["S"]), set()).add(key)

    def as_of(self, writes_ago: int) -> Mapping[_Key, Item | None]:
        """Returns the items that were different some writes ago, as they were."""
        old: dict[_Key, Item | None] = {}
        for key, before in reversed(self.past[len(self.past) - writes_ago :] if writes_ago else []):
            old[key] = before
        return old


class DynamoDB:
    """A client of DynamoDB; `draw` decides what is stale and what fails, unless `calm`."""

    exceptions = Exceptions

    def __init__(self, draw: Random) -> None:
        self.calm = False
        self.events: Counter[str] = Counter()
        self.fed: Callable[[Item], None] = lambda _: None
        self._draw = draw
        self._tables: dict[str, _Table] = {}
        self._tokens: dict[str, None] = {}
        self._lock = RLock()

    def _table(self, name: str) -> _Table:
        return self._tables.setdefault(name, _Table())

    def happens(self, what: str, chance: float) -> bool:
        """Whether something happens this time; it is counted."""
        happens = not self.calm and self._draw.random() < chance
        self.events[what] += happens
        return happens

    def partitions(self, table: str) -> set[str]:
        """Returns the partition keys of a table's items."""
        return {pk for pk, _ in self._table(table).items}

    # Reads

    def query(self, **request: Any) -> dict[str, Any]:
        with self._lock:
            return self._query(request)

    def _query(self, request: Mapping[str, Any]) -> dict[str, Any]:
        table, values = self._table(request["TableName"]), request["ExpressionAttributeValues"]
        index = request.get("IndexName")
        stale = index is not None or not request.get("ConsistentRead")
        writes_ago = self._draw.randint(0, len(table.past)) if stale and self.happens("stale read", 0.4) else 0
        old = table.as_of(writes_ago)
        matching = self._matching(table, request, index, old)
        if not request.get("ScanIndexForward", True):
            matching.reverse()
        start = request.get("ExclusiveStartKey")
        if start is not None:
            place = next(number for number, (key, _) in enumerate(matching) if self._key_item(key) == start)
            matching = matching[place + 1 :]
        limit = request.get("Limit", len(matching) + 1)
        page, rest = matching[:limit], matching[limit:]
        found = [item for _, item in page if holds(request.get("FilterExpression"), item, values)]
        answer: dict[str, Any] = {"Items": found}
        if rest and page:
            answer["LastEvaluatedKey"] = self._key_item(page[-1][0])
        return answer

    def _matching(
        self, table: _Table, request: Mapping[str, Any], index: str | None, old: Mapping[_Key, Item | None]
    ) -> list[tuple[_Key, Item]]:
        condition, values = request["KeyConditionExpression"], request["ExpressionAttributeValues"]
        partition = values[condition.split(" ")[2]]["S"]
        if index is None:
            keys = {(partition, sk) for sk in self._range(table, partition, values)} | {
                key for key in old if key[0] == partition
            }
            sort = "sk"
        else:
            keys = set(table.members.get((index, partition), ()))
            sort = INDEXES[index][1]
        items = [(key, old[key] if key in old else table.items.get(key)) for key in keys]
        matching = [(key, item) for key, item in items if item is not None and holds(condition, item, values)]
        matching.sort(key=lambda each: (_order(_plain(each[1][sort])), _order(each[0][0]), _order(each[0][1])))
        return matching

    @staticmethod
    def _range(table: _Table, partition: str, values: Mapping[str, Any]) -> list[Any]:
        keys = table.sorted.get(partition, [])
        if ":first" in values:
            low = bisect_left(keys, _order(values[":first"]["S"]), key=_order)
            return keys[low : bisect_right(keys, _order(values[":last"]["S"]), key=_order)]
        if ":start" in values:
            return keys[bisect_left(keys, int(values[":start"]["N"])) :]
        return keys

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:
        [(name, wanted)] = RequestItems.items()
        table, keys = self._table(name), wanted["Keys"]
        stale = not wanted.get("ConsistentRead") and self.happens("stale read", 0.4)
        old = table.as_of(self._draw.randint(0, len(table.past))) if stale else {}
        left = keys[1:] if len(keys) > 1 and self.happens("unprocessed keys", 0.02) else []
        found = []
        for key in keys[:1] if left else keys:
            place = _key(key)
            item = old[place] if place in old else table.items.get(place)
            if item is not None:
                found.append(item)
        unprocessed = {name: {**wanted, "Keys": left}} if left else {}
        return {"Responses": {name: found}, "UnprocessedKeys": unprocessed}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "scan"
        return self

    def paginate(
        self, *, TableName: str, ConsistentRead: bool, Segment: int = 0, TotalSegments: int = 1
    ) -> Iterator[dict[str, Any]]:
        assert ConsistentRead
        items = self._table(TableName).items
        keys = [key for key in items if crc32(key[0].encode()) % TotalSegments == Segment]
        yield {"Items": [items[key] for key in sorted(keys, key=lambda key: (key[0], _order(key[1])))]}

    # Writes

    def put_item(self, **request: Any) -> None:
        self._repeated("put_item", lambda: self._put(request))

    def _put(self, request: Mapping[str, Any]) -> None:
        table, item = self._table(request["TableName"]), request["Item"]
        before = table.items.get(_key(item))
        if not _allows(request, before):
            raise ConditionalCheckFailedException(before)
        table.put(_key(item), dict(item))
        if before is None:
            self.fed(item)

    def update_item(self, **request: Any) -> None:
        self._conflict()
        self._repeated("update_item", lambda: self._write({"Update": request}))

    def delete_item(self, **request: Any) -> None:
        if request["TableName"] not in LOGS:  # which no transaction writes to
            self._conflict()
        self._repeated("delete_item", lambda: self._write({"Delete": request}))

    def _conflict(self) -> None:
        if self.happens("conflict", 0.01):
            raise TransactionConflictException("Transaction is ongoing for the item")

    def transact_write_items(
        self,
        *,
        TransactItems: list[Mapping[str, Any]],
        ClientRequestToken: str = "",
    ) -> None:
        assert 1 <= len(TransactItems) <= TRANSACTION
        if self.happens("conflict", 0.02):
            met = self._draw.randrange(len(TransactItems))
            reasons = ["TransactionConflict" if place == met else "None" for place in range(len(TransactItems))]
            raise TransactionCanceledException(reasons)
        if self.happens("throttled", 0.005):
            raise TransactionCanceledException(["ThrottlingError", *["None"] * (len(TransactItems) - 1)])

        def transact() -> None:
            if ClientRequestToken and ClientRequestToken in self._tokens:
                return
            self._transact(TransactItems)
            self._tokens[ClientRequestToken] = None

        self._repeated("transact_write_items", transact)

    def _transact(self, actions: list[Mapping[str, Any]]) -> None:
        keys = [(action_of(each)["TableName"], _key(action_of(each)["Key"])) for each in actions]
        assert len(set(keys)) == len(keys), "two writes of one item in a transaction"
        reasons = ["None" if self._allowed(each) else "ConditionalCheckFailed" for each in actions]
        if any(reason != "None" for reason in reasons):
            raise TransactionCanceledException(reasons)
        for each in actions:
            self._write(each)

    def _allowed(self, action: Mapping[str, Any]) -> bool:
        request = action_of(action)
        before = self._table(request["TableName"]).items.get(_key(request["Key"]))
        return _allows(request, before)

    def _write(self, action: Mapping[str, Any]) -> None:
        request = action_of(action)
        table, key = self._table(request["TableName"]), _key(request["Key"])
        before = table.items.get(key)
        if not self._allowed(action):
            raise ConditionalCheckFailedException(before)
        if "Delete" in action:
            table.put(key, None)
        elif "Update" in action:
            table.put(key, updated(request["UpdateExpression"], before, request["Key"], request))

    def _repeated(self, what: str, call: Callable[[], None]) -> None:
        """Makes a call whose answer may be lost; botocore then repeats it."""
        with self._lock:
            call()
            if self.happens(f"{what} repeated", 0.02):
                call()

    @staticmethod
    def _key_item(key: _Key) -> dict[str, Any]:
        return {"pk": {"S": key[0]}, "sk": {"N": str(key[1])} if isinstance(key[1], int) else {"S": key[1]}}


def action_of(action: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the request of a transaction's action."""
    [request] = action.values()
    found: Mapping[str, Any] = request
    return found


def _key(item: Mapping[str, Any]) -> _Key:
    return item["pk"]["S"], _plain(item["sk"])


def _plain(value: Mapping[str, Any]) -> Any:
    return int(value["N"]) if "N" in value else value["S"]


def _order(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def _allows(request: Mapping[str, Any], before: Mapping[str, Any] | None) -> bool:
    """Whether an item meets the condition of a write."""
    values, names = request.get("ExpressionAttributeValues", {}), request.get("ExpressionAttributeNames", {})
    return holds(request.get("ConditionExpression"), before, values, names)
