"""The views in DynamoDB: an item per row.

    pk, sk      the row's key
    v           version; absent where the row holds counts only
    d           data; absent where empty
    s           status
    t           deadline, in ms
    g, c        gone, closed; absent where not
    +<name>     a count
    l           pk|status of a row that `query(status=…)` finds through the index `by_status`
    q           OPEN#0…15 of a row with a deadline, which `due` finds through the index `by_deadline`
    expires_at  seconds since 1970 from which DynamoDB may delete the item

Names are short because their bytes are paid for with every row.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from random import Random
from typing import Any, assert_never
from uuid import uuid4
from zlib import crc32

from vectorlog.domain.errors import Unavailable
from vectorlog.views.table import NO_ROW, Add, Key, Put, Remove, Row, RowClosed, RowConflict, Write, check

BY_STATUS = "by_status"
BY_DEADLINE = "by_deadline"

COMMON_STATUS = "completed"
"""Where most rows end. It is not in the index: a write less for each of them, and their list is consistent."""

DEADLINE_SHARDS = 16
"""Partitions of `by_deadline`, so that no one of them takes every new file."""

KEYS_PER_GET = 100
"""The most that a BatchGetItem takes."""

TRIES = 10
FIRST_PAUSE_S = 0.02
LAST_PAUSE_S = 0.64
"""About 1.6 s in all: other transactions on a row last milliseconds, and a request has 29 s."""

_PASSING = {"None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
"""Reasons of a cancelled transaction that may be gone in the next try."""

_FIRST, _LAST = "\x00", "\U0010ffff"
_PUT = ("v", "d", "s", "t", "g", "c", "l", "q", "expires_at")

Attribute = Mapping[str, Any]


class DynamoDBTable:
    """Implements Table."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401  # botocore makes its classes at run time
        table: str,
        random: Random,
        sleep: Callable[[float], None] = time.sleep,
        *,
        threads: int = 16,
    ) -> None:
        self._client = client
        self._table = table
        self._random = random
        self._sleep = sleep
        self._pool = ThreadPoolExecutor(threads, "views")

    def get(self, keys: Sequence[Key]) -> dict[Key, Row]:
        """See Table."""
        wanted = list(dict.fromkeys(keys))
        batches = [wanted[start : start + KEYS_PER_GET] for start in range(0, len(wanted), KEYS_PER_GET)]
        found = self._pool.map(self._get, batches) if len(batches) > 1 else map(self._get, batches)
        return {row.key: row for row in chain.from_iterable(found)}

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
    ) -> list[Row]:
        """See Table. A page that tombstones or an index that lags left short is filled up from larger and larger ones."""
        low, high = (before, after) if descending else (after, before)
        first = max(prefix or _FIRST, _FIRST if low is None else low + "\x00")
        last = min(prefix + _LAST, _LAST if high is None else high)
        if first > last:
            return []
        request = {**self._list(pk, first, last, status), "ScanIndexForward": not descending, "Limit": limit + (last == high)}
        found: list[Row] = []
        while True:
            answer = self._client.query(**request)
            rows = self._confirmed(answer["Items"], status) if "IndexName" in request else map(_row, answer["Items"])
            found += (row for row in rows if row.key.sk != high)  # DynamoDB has no condition for >= first AND < last
            if len(found) >= limit or "LastEvaluatedKey" not in answer:
                return found[:limit]
            request |= {"ExclusiveStartKey": answer["LastEvaluatedKey"], "Limit": request["Limit"] * 4}

    def write(self, writes: Sequence[Write]) -> None:
        """See Table. An Add is a transaction even when alone: its token keeps a repeated request from counting twice.

        Raises:
            Unavailable: other transactions, or too many requests, were in the way each time.
        """
        check(writes)
        if not writes:
            return
        if len(writes) == 1 and not isinstance(writes[0], Add):
            self._write_one(writes[0])
        else:
            self._write_all(writes)

    def due(self, at: int, limit: int = 100) -> list[Row]:
        """See Table. What the index finds is read again, so a row that was settled meanwhile is left out."""
        overdue = self._pool.map(lambda shard: self._overdue(shard, at, limit), range(DEADLINE_SHARDS))
        keys = [key for _, key in sorted(chain.from_iterable(overdue))]
        found: list[tuple[int, Row]] = []
        for start in range(0, len(keys), limit):
            rows = self.get(keys[start : start + limit]).values()
            found += ((row.deadline, row) for row in rows if row.deadline is not None and row.deadline <= at)
            if len(found) >= limit:
                break
        return [row for _, row in sorted(found, key=lambda each: each[0])[:limit]]

    def scan(self) -> Iterator[Row]:
        """See Table."""
        for page in self._client.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True):
            yield from map(_row, page["Items"])

    def close(self) -> None:
        """Ends the threads; the client is its maker's."""
        self._pool.shutdown()

    def _tries(self) -> Iterator[None]:
        for attempt in range(TRIES):
            if attempt:
                self._sleep(self._random.uniform(0, min(LAST_PAUSE_S, FIRST_PAUSE_S * 2 ** (attempt - 1))))
            yield
        raise Unavailable("The database is busy. Please repeat the request.")

    def _get(self, keys: Sequence[Key]) -> list[Row]:
        wanted = {self._table: {"Keys": [_key(key) for key in keys], "ConsistentRead": True}}
        found: list[Row] = []
        for _ in self._tries():
            while wanted:  # 
                answer = self._client.batch_get_item(RequestItems=wanted)
        return found
