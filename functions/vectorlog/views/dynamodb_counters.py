"""Spreads the counts of busy rows over several items of DynamoDB, their counters (ARCHITECTURE.md).
`dynamodb_items.py` describes the items.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

from vectorlog.domain.errors import Unavailable
from vectorlog.event_log.optimistic import until_first
from vectorlog.recent import Newest
from vectorlog.retry import Contended
from vectorlog.views.dynamodb_calls import Calls, Refused, busy
from vectorlog.views.dynamodb_counter_items import (
    COUNTERS,
    add_to_counter,
    counters_request,
    gather_actions,
    is_made,
    is_spread,
    may_be_spread,
    spread_actions,
    with_counters,
)
from vectorlog.views.dynamodb_items import Action, Item, key_of, needs_one_item, row_of
from vectorlog.views.table import Add, Key, Row, Write

HOT = 2
"""How many refusals of additions to a row in one process make it a busy one. One may be chance: two requests of one
client at the same moment.
"""
READINGS = 5
"""How often a spread row is read until two readings are equal. A row with 50 transactions a second is unchanged for the
5 ms of a reading in 78 % of all cases (calculated).
"""
KNOWN = 10_000
"""How many rows a process remembers, with refusals, and as spread."""

log = logging.getLogger(__name__)


class Counters:
    """What a process knows of spread rows. Safe to use from several threads. Without `spreads`, it spreads none."""

    def __init__(self, calls: Calls, *, spreads: bool = True) -> None:
        self._calls = calls
        self._spreads = spreads
        self._refusals: Newest[Key, int] = Newest(KNOWN)
        self._spread: Newest[Key, bool] = Newest(KNOWN)
        self._own = self._any()
        self._in_use: Counter[int] = Counter()
        self._lock = Lock()

    @contextmanager
    def one(self) -> Iterator[int]:
        """Lends the number of the counter to which this process adds, or of another one while a thread has that."""
        with self._lock:
            free = [number for number in range(COUNTERS) if not self._in_use[number]]
            number = self._own if self._own in free or not free else free[0]
            self._in_use[number] += 1
        try:
            yield number
        finally:
            with self._lock:
                self._in_use[number] -= 1

    def find(self, writes: Sequence[Write]) -> None:
        """Looks up, once, whether rows are spread to which additions go together with one that is known to be."""
        added = [write.key for write in writes if isinstance(write, Add)]
        if any(map(self.knows, added)):
            self._look_up([key for key in added if key not in self._spread])

    def action(self, write: Write, number: int) -> Action | None:
        """Returns the action of an addition to a row that is known to be spread; None for any other write. Rows that
        must not be spread for their write are gathered first.

        Raises:
            Unavailable: the row cannot be gathered.
        """
        if not self.knows(write.key):
            return None
        if isinstance(write, Add):
            return add_to_counter(write, number)
        if needs_one_item(write):
            self.gather(write.key)
        return None

    def learn(self, items: Sequence[Item]) -> None:
        """Notes which of the rows that were read are spread."""
        for item in items:
            key = key_of(item)
            if is_spread(item) or key in self._spread:
                self._spread.put(key, is_spread(item))

    def knows(self, key: Key) -> bool:
        """Whether a row is known to be spread."""
        return bool(self._spread.get(key))

    def forget(self, key: Key) -> None:
        """Notes that a row's counters are gone."""
        self._spread.put(key, False)

    def met_on_counter(self) -> None:
        """Has this process take another counter, because another one adds to its own."""
        self._own = self._any()

    def met(self, key: Key) -> bool:
        """Counts a refusal of an addition to a row. Returns whether the row is busy; before it is, looks up whether
        others have found it to be.
        """
        refusals = (self._refusals.get(key) or 0) + 1
        self._refusals.put(key, refusals)
        if refusals < HOT:
            self._look_up([key])
        return refusals >= HOT

    def spread(self, key: Key) -> None:
        """Spreads a row, unless it is closed or has ended. If that fails, nothing has changed, and a later refusal has
        it tried again.
        """
        try:
            found = self._calls.items([key])
            item = found[0] if found else None
            if item is None or not is_spread(item):
                if not self._spreads or (item is not None and not may_be_spread(item)):
                    return
                self._calls.transact(spread_actions(key, made=item is not None and is_made(item)))
                log.info("the counts of a busy row are spread", extra={"row": list(key)})
        except (Refused, Unavailable) as error:
            log.info("a busy row was not spread: %s", error, extra={"row": list(key)})
            return
        self._spread.put(key, True)

    def gather(self, key: Key) -> None:
        """Adds a row's counters to the row, and removes them.

        Raises:
            Unavailable: others added to them every time.
        """

        def attempt(_: bool) -> bool:
            found = self._calls.items([key])
            if found and is_spread(found[0]):
                try:
                    self._calls.transact(gather_actions(key, self._read(key)))
                except Refused:
                    return False
            self._spread.put(key, False)
            return True

        try:
            until_first("gather counts", attempt, self._calls.timing)
        except Contended:
            raise busy() from None

    def whole(self, item: Item) -> Row | None:
        """Returns a spread row with all of its counts, as they were at one moment; None if it was removed meanwhile.

        Raises:
            Unavailable: it is spread and gathered all the time.
        """
        key = key_of(item)
        counters = self._read(key)
        for _ in range(READINGS - 1):
            before, known = item, counters
            found = self._calls.items([key])
            if not found:
                return None
            item = found[0]
            if not is_spread(item):
                return row_of(item)
            counters = self._read(key)
            if (item, counters) == (before, known):
                break
        if len(counters) < COUNTERS:
            raise busy()
        return with_counters(item, counters)

    def _look_up(self, keys: Sequence[Key]) -> None:
        """Looks up whether rows are spread. If that fails, they count as not spread, which is right, only slower."""
        for key in keys:
            self._spread.put(key, False)
        if keys:
            try:
                self.learn(self._calls.items(keys))
            except Unavailable as error:
                log.info("whether rows are spread was not looked up: %s", error, extra={"rows": list(map(list, keys))})

    def _read(self, key: Key) -> Sequence[Item]:
        items: Sequence[Item] = self._calls.client.query(TableName=self._calls.table, **counters_request(key))["Items"]
        return items

    def _any(self) -> int:
        return min(int(self._calls.timing.uniform(0, COUNTERS)), COUNTERS - 1)
