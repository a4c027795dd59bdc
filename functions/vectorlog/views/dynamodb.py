"""The views in DynamoDB; `dynamodb_items.py` describes the items."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from vectorlog.domain.errors import Unavailable
from vectorlog.event_log.optimistic import until_first
from vectorlog.retry import REAL_TIME, Contended, Timing
from vectorlog.views.dynamodb_calls import LONGEST_PAGE, Calls, Refused, busy
from vectorlog.views.dynamodb_counter_items import is_counter, is_spread
from vectorlog.views.dynamodb_counters import Counters
from vectorlog.views.dynamodb_deadlines import Deadlines
from vectorlog.views.dynamodb_items import (
    Item,
    action_of,
    key_of,
    list_request,
    request_of,
    row_of,
)
from vectorlog.views.table import Add, Key, Put, Remove, Row, RowClosed, RowConflict, Write, check

if TYPE_CHECKING:
    from botocore.client import BaseClient

KEYS_PER_GET = 100
"""The limit of a BatchGetItem."""

_FIRST, _LAST = "\x00", "\U0010ffff"
log = logging.getLogger(__name__)


class DynamoDBTable:
    """Implements Table. `threads` is the number of calls in parallel: a batch of 2,000 files reads rows by 41 calls.
    Without `spreads`, it spreads no row, but knows those that are spread.

    A `RowConflict` may also follow a response that was lost. The row is then the caller's own, as the caller sees when
    it reads again.
    """

    def __init__(
        self, client: BaseClient, table: str, timing: Timing = REAL_TIME, *, threads: int = 44, spreads: bool = True
    ) -> None:
        self._client = client
        self._table = table
        self._calls = Calls(client, table, timing)
        self._counters = Counters(self._calls, spreads=spreads)
        self._pool = ThreadPoolExecutor(threads, "views")
        self._deadlines = Deadlines(self._calls, lambda: self._pool)

    def get(self, keys: Sequence[Key], *, counts: bool = True) -> dict[Key, Row]:
        """See Table."""
        wanted = list(dict.fromkeys(keys))
        batches = [wanted[start : start + KEYS_PER_GET] for start in range(0, len(wanted), KEYS_PER_GET)]
        items = self._pool.map(self._calls.items, batches) if len(batches) > 1 else map(self._calls.items, batches)
        return {row.key: row for row in self._rows(list(chain.from_iterable(items)), counts=counts)}

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
            rows = self._confirmed(page["Items"], status) if "IndexName" in request else self._rows(page["Items"])
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
                done = partial(self._write_one, write)
            case _:
                done = partial(self._write_all, writes)
        try:
            until_first("write rows", lambda _: done(), self._calls.timing)
        except Contended:  # rows were spread and gathered every time
            raise busy() from None

    def spread(self, keys: Sequence[Key]) -> None:
        """See Table."""
        list(self._pool.map(self._counters.spread, dict.fromkeys(keys)))

    def gather(self, key: Key, quiet: Callable[[Row], bool]) -> None:
        """See Table. A row that this process has not read since it was spread stays as it is."""
        if not self._counters.knows(key):
            return
        try:
            if (row := self.get([key]).get(key)) and quiet(row):
                self._counters.gather(key)
        except Unavailable as error:
            log.info("a quiet row stays spread: %s", error, extra={"row": list(key)})

    def due(self, at: int, limit: int = 100) -> list[Row]:
        """See Table. Rows that the index finds are read again, so those that were handled meanwhile are left out."""
        keys = self._deadlines.overdue(at, limit)
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
        return self._deadlines.earliest(until, prefixes)

    def scan(self, section: int = 0, of: int = 1) -> Iterator[Row]:
        """See Table."""
        request = {"TableName": self._table, "ConsistentRead": True, "Segment": section, "TotalSegments": of}
        for page in self._client.get_paginator("scan").paginate(**request):
            yield from self._rows([item for item in page["Items"] if not is_counter(item)])

    def close(self) -> None:
        """Ends the threads. The client stays open; its creator closes it."""
        self._pool.shutdown()

    def _rows(self, items: Sequence[Item], *, counts: bool = True) -> list[Row]:
        """Returns the rows of items; with all `counts`, unless only those in the items are wanted."""
        self._counters.learn(items)
        if not counts or not any(map(is_spread, items)):
            return list(map(row_of, items))
        spread = [item for item in items if is_spread(item)]
        whole = dict(zip(map(key_of, spread), self._pool.map(self._counters.whole, spread), strict=True))
        rows = (whole[key_of(item)] if is_spread(item) else row_of(item) for item in items)
        return [row for row in rows if row is not None]

    def _confirmed(self, items: Sequence[Item], status: str | None) -> list[Row]:
        keys = [key_of(item) for item in items]
        rows = self.get(keys)
        return [rows[key] for key in keys if key in rows and rows[key].status == status and not rows[key].gone]

    def _write_one(self, write: Put | Remove) -> bool:
        """Writes a row; False if it was spread, and has to be written again."""
        self._counters.action(write, 0)
        request = {"TableName": self._table, **request_of(write)}
        send = self._client.delete_item if isinstance(write, Remove) else self._client.update_item

        def write_one() -> bool:
            try:
                send(**request)
            except self._client.exceptions.ConditionalCheckFailedException:
                self._recover([write], [0], ())
                return False
            except self._client.exceptions.TransactionConflictException as conflict:
                raise Contended(str(conflict)) from None
            return True

        return self._calls.retrying("DeleteItem" if isinstance(write, Remove) else "UpdateItem", write_one)

    def _write_all(self, writes: Sequence[Write]) -> bool:
        """Writes rows; False if counters were gone or rows were spread, and they have to be written again."""
        busy: set[Key] = set()
        self._counters.find(writes)
        with self._counters.one() as number:
            added = {place: made for place, each in enumerate(writes) if (made := self._counters.action(each, number))}
            actions = [added[place] if place in added else action_of(each) for place, each in enumerate(writes)]

            def met(places: Sequence[int]) -> None:
                if any(place in added for place in places):
                    self._counters.met_on_counter()
                adds = [each for place in places if place not in added and isinstance(each := writes[place], Add)]
                busy.update(add.key for add in adds if self._counters.met(add.key))

            try:
                self._calls.transact(actions, met)
            except Refused as refused:
                self._recover(writes, refused.places, added)
                return False
            finally:
                for key in busy:
                    self._counters.spread(key)
        return True

    def _recover(self, writes: Sequence[Write], refused: Sequence[int], added: Container[int]) -> None:
        """Makes good what was refused because counters were gone, or because rows to be removed were spread. The
        repetition tells what else is refused.

        Args:
            writes: as they were given.
            refused: the places of those that were refused.
            added: the places of those that went to counters.

        Raises:
            RowConflict, RowClosed: nothing was refused because of that.
        """
        gone = [writes[place].key for place in refused if place in added]
        spread = [
            each.key for each in map(writes.__getitem__, refused) if isinstance(each, Remove) and each.replaces is None
        ]
        for key in gone:
            self._counters.forget(key)
        for key in spread:
            self._counters.gather(key)
        if not (gone or spread):
            raise _refusal(writes[refused[0]]) from None


def _refusal(write: Write) -> RowConflict | RowClosed:
    if isinstance(write, Put | Remove):
        return RowConflict(f"{write.key} is not at version {write.replaces}, or has other counts")
    if write.alive is not None:
        return RowConflict(f"{write.key} is closed, or not what the counts are for")
    return RowClosed(f"{write.key} is closed")
