"""Finds rows with deadlines in the shards of the index `by_deadline`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from itertools import chain

from vectorlog.views.dynamodb_calls import LONGEST_PAGE, Calls
from vectorlog.views.dynamodb_items import DEADLINE_SHARDS, deadlines_request, key_of
from vectorlog.views.table import Key

DEADLINES_PER_UNIT = 20
"""Items of `by_deadline` in the 4 KB that half a read unit pays for: each has two ids in its keys, and fewer than 200
bytes in total.
"""


class Deadlines:
    """Reads all shards in parallel, by the threads of `pool`."""

    def __init__(self, calls: Calls, pool: Callable[[], Executor]) -> None:
        self._calls = calls
        self._pool = pool

    def overdue(self, at: int, limit: int) -> list[Key]:
        """Returns the keys of at least the `limit` rows whose deadlines passed first, as the index has them."""
        overdue = self._pool().map(lambda shard: self._overdue(shard, at, limit), range(DEADLINE_SHARDS))
        return [key for _, key in sorted(chain.from_iterable(overdue))]

    def earliest(self, until: int, prefixes: Sequence[str]) -> int | None:
        """Returns the earliest deadline up to `until` of the rows whose sort key has one of these prefixes. Makes one
        small Query for each shard, and more only if rows with other prefixes come first.
        """
        earliest = self._pool().map(lambda shard: self._earliest(shard, until, prefixes), range(DEADLINE_SHARDS))
        return min((deadline for deadline in earliest if deadline is not None), default=None)

    def _overdue(self, shard: int, at: int, limit: int) -> list[tuple[int, Key]]:
        page = self._calls.client.query(TableName=self._calls.table, **deadlines_request(shard, at), Limit=limit)
        return [(int(item["t"]["N"]), key_of(item)) for item in page["Items"]]

    def _earliest(self, shard: int, until: int, prefixes: Sequence[str]) -> int | None:
        request = {
            "TableName": self._calls.table,
            **deadlines_request(shard, until),
            "Limit": DEADLINES_PER_UNIT,
        }
        while True:
            page = self._calls.client.query(**request)
            deadlines = (int(item["t"]["N"]) for item in page["Items"] if item["sk"]["S"].startswith(tuple(prefixes)))
            earliest = next(deadlines, None)
            if earliest is not None or "LastEvaluatedKey" not in page:
                return earliest
            request |= {
                "ExclusiveStartKey": page["LastEvaluatedKey"],
                "Limit": min(LONGEST_PAGE, request["Limit"] * 4),
            }
