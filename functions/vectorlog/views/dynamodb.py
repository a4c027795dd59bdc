"""The views in DynamoDB; `dynamodb_items.py` describes the items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from vectorlog.domain.errors import Unavailable
from vectorlog.retry import REAL_TIME, Contended, RetryPolicy, Temporary, Timing, retrying
from vectorlog.views.dynamodb_items import (
    DEADLINE_SHARDS,
    Item,
    deadlines_request,
    key_item,
    key_of,
    list_request,
    request_of,
    row_of,
)
from vectorlog.views.table import Key, Put, Remove, Row, RowClosed, RowConflict, Write, check

if TYPE_CHECKING:
    from botocore.client import BaseClient

KEYS_PER_GET = 100
"""The limit of a BatchGetItem."""

LONGEST_PAGE = 5000
"""The largest number of items that a Query asks for: the megabyte that a Query reads rarely has more."""

DEADLINES_PER_UNIT = 20
"""Items of `by_deadline` in the 4 KB that half a read unit pays for: each has two ids in its keys, and fewer than 200
bytes in total.
"""

BUSY = RetryPolicy(attempts=10, first_s=0.02, cap_s=0.64)
"""About 1.6 s in all, because transactions last milliseconds. botocore repeats neither a transaction that conflicted
with another one nor the keys that a read left unprocessed.
"""

_TEMPORARY = frozenset({"None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
"""Reasons of a cancelled transaction that the next attempt may not meet."""

_CONTENDED = frozenset({"None", "TransactionConflict"})
"""Those of them that other writers cause, rather than DynamoDB."""

_FIRST, _LAST = "\x00", "\U0010ffff"

T = TypeVar("T")


class DynamoDBTable:
    """Implements Table. `threads` is the number of calls in parallel: a batch of 2,000 files reads rows by 41 calls.

    A `RowConflict` may also follow a response that was lost. The row is then the caller's own, as the caller sees when
    it reads again.
    """

    def __init__(self, client: BaseClient, table: str, timing: Timing = REAL_TIME, *, threads: int = 44) -> None:
        self._client = client
        self._table = table
        self._timing = timing
        self._pool = ThreadPoolExecutor(threads, "views")

    def get(self, keys: Sequence[Key]) -> dict[Key, Row]:
        """See Table."""
        wanted = list(dict.fromkeys(keys))
        batches = [wanted[start : start + KEYS_PER_GET] for start in range(0, len(wanted), KEYS_PER_GET)]
        rows = self._pool.map(self._get, batches) if len(batches) > 1 else map(self._get, batches)
        return {row.key: row for row in chain.from_iterable(rows)}

    def query(
        self,
        pk: str,
        *,
        prefix: str = "",
        after: str | None = None,
        before: str | None = None,
        limit: int = 100,
        descending: bool = False,
        status: str | None = None,
        tombstones: bool = False,
    ) -> list[Row]:
        """See Table. If tombstones or a lagging index leave too few rows, larger and larger pages are read."""
        low, high = (before, after) if descending else (after, before)
        first = max(prefix or _FIRST, _FIRST if low is None else low + _FIRST)
        last = min(prefix + _LAST, _LAST if high is None else high)
        if first > last:
            return []
        request = {
            "TableName": self._table,
            **list_request(pk, first, last, status, tombstones=tombstones),
            "ScanIndexForward": not descending,
            "Limit": limit + (last == high),
        }
        result: list[Row] = []
        while True:
            page = self._client.query(**request)
            rows = self._confirmed(page["Items"], status) if "IndexName" in request else map(row_of, page["Items"])
            result += (row for row in rows if row.key.sk != high)  # BETWEEN includes its ends
            if len(result) >= limit or "LastEvaluatedKey" not in page:
                return result[:limit]
            request |= {
                "ExclusiveStartKey": page["LastEvaluatedKey"],
                "Limit": min(LONGEST_PAGE, request["Limit"] * 4),
            }

    def write(self, writes: Sequence[Write]) -> None:
        """See Table. Even a single Add is a transaction, whose token keeps a repeated request from counting twice.

        Raises:
            Unavailable: every attempt met another transaction or was throttled.
        """
        check(writes)
        match writes:
            case []:
                return
            case [Put() | Remove() as write]:
                self._write_one(write)
            case _:
                self._write_all(writes)

    def due(self, at: int, limit: int = 100) -> list[Row]:
        """See Table. Rows that the index finds are read again, so those that were handled meanwhile are left out."""
        overdue = self._pool.map(lambda shard: self._overdue(shard, at, limit), range(DEADLINE_SHARDS))
        keys = [key for _, key in sorted(chain.from_iterable(overdue))]
        due: list[tuple[int, Key, Row]] = []
        for start in range(0, len(keys), limit):
            rows = self.get(keys[start : start + limit])
            due += (
                (row.deadline, key, row) for key, row in rows.items() if row.deadline is not None and row.deadline <= at
            )
            if len(due) >= limit:
                break
        return [row for *_, row in sorted(due, key=lambda each: each[:2])[:limit]]

    def earliest_deadline(self, until: int, prefixes: Sequence[str]) -> int | None:
        """See Table. Makes one small Query for each shard, and more only if rows with other prefixes come first."""
        earliest = self._pool.map(lambda shard: self._earliest(shard, until, prefixes), range(DEADLINE_SHARDS))
        return min((deadline for deadline in earliest if deadline is not None), default=None)

    def scan(self) -> Iterator[Row]:
        """See Table."""
        for page in self._client.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True):
            yield from map(row_of, page["Items"])

    def close(self) -> None:
        """Ends the threads. The client stays open; its creator closes it."""
        self._pool.shutdown()

    def _retrying(self, operation: str, step: Callable[[], T]) -> T:
        try:
            return retrying(f"DynamoDB {operation}", BUSY, step, timing=self._timing)
        except Temporary:
            raise Unavailable("The database is busy. Please repeat the request.") from None

    def _get(self, keys: Sequence[Key]) -> list[Row]:
        wanted = {self._table: {"Keys": [key_item(key) for key in keys], "ConsistentRead": True}}
        rows: list[Row] = []

        def get() -> list[Row]:
            nonlocal wanted
            response = self._client.batch_get_item(RequestItems=wanted)
            rows.extend(map(row_of, response["Responses"].get(self._table, ())))
            wanted = response["UnprocessedKeys"]
            if wanted:
                raise Temporary("keys were left unprocessed: over 16 MB, or throttled")
            return rows

        return self._retrying("BatchGetItem", get)

    def _confirmed(self, items: Sequence[Item], status: str | None) -> list[Row]:
        keys = [key_of(item) for item in items]
        rows = self.get(keys)
        return [rows[key] for key in keys if key in rows and rows[key].status == status and not rows[key].gone]

    def _overdue(self, shard: int, at: int, limit: int) -> list[tuple[int, Key]]:
        page = self._client.query(TableName=self._table, **deadlines_request(shard, at), Limit=limit)
        return [(int(item["t"]["N"]), key_of(item)) for item in page["Items"]]

    def _earliest(self, shard: int, until: int, prefixes: Sequence[str]) -> int | None:
        request = {"TableName": self._table, **deadlines_request(shard, until), "Limit": DEADLINES_PER_UNIT}
        while True:
            page = self._client.query(**request)
            deadlines = (int(item["t"]["N"]) for item in page["Items"] if item["sk"]["S"].startswith(tuple(prefixes)))
            earliest = next(deadlines, None)
            if earliest is not None or "LastEvaluatedKey" not in page:
                return earliest
            request |= {
                "ExclusiveStartKey": page["LastEvaluatedKey"],
                "Limit": min(LONGEST_PAGE, request["Limit"] * 4),
            }

    def _write_one(self, write: Put | Remove) -> None:
        request = {"TableName": self._table, **request_of(write)}
        send = self._client.delete_item if isinstance(write, Remove) else self._client.update_item

        def write_one() -> None:
            try:
                send(**request)
            except self._client.exceptions.ConditionalCheckFailedException:
                raise _refusal(write) from None
            except self._client.exceptions.TransactionConflictException as conflict:
                raise Contended(str(conflict)) from None

        self._retrying("DeleteItem" if isinstance(write, Remove) else "UpdateItem", write_one)

    def _write_all(self, writes: Sequence[Write]) -> None:
        actions = [
            {"Delete" if isinstance(write, Remove) else "Update": {"TableName": self._table, **request_of(write)}}
            for write in writes
        ]
        token = uuid4().hex

        def write_all() -> None:
            try:
                self._client.transact_write_items(TransactItems=actions, ClientRequestToken=token)
            except self._client.exceptions.TransactionCanceledException as cancelled:
                reasons = [reason["Code"] for reason in cancelled.response["CancellationReasons"]]
                refused = [
                    write for write, reason in zip(writes, reasons, strict=True) if reason == "ConditionalCheckFailed"
                ]
                if refused:
                    raise _refusal(refused[0]) from None
                if not _TEMPORARY.issuperset(reasons):
                    raise
                kind = Contended if _CONTENDED.issuperset(reasons) else Temporary
                raise kind(", ".join(sorted({*reasons} - {"None"}))) from None

        self._retrying("TransactWriteItems", write_all)


def _refusal(write: Write) -> RowConflict | RowClosed:
    if isinstance(write, Put | Remove):
        return RowConflict(f"{write.key} is not at version {write.replaces}, or has other counts")
    if write.version is not None:
        return RowConflict(f"{write.key} is closed, or not at version {write.version}")
    return RowClosed(f"{write.key} is closed")
