"""The views: commits go in, rows and counts come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

from vectorlog.domain.errors import Unavailable
from vectorlog.event_log.decision import AnyDecision
from vectorlog.event_log.optimistic import until_first
from vectorlog.event_log.streams import Outcome
from vectorlog.retry import REAL_TIME, Contended, Timing
from vectorlog.views import keys
from vectorlog.views.groups import groups
from vectorlog.views.projection import apply, touched
from vectorlog.views.rows import Rows
from vectorlog.views.table import Key, Remove, Row, RowClosed, RowConflict, Table

Foreseen = dict[Key, Row | None]
"""Rows as they were read ahead; None where there was none."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Files by status; they add up to `total`. `usage_bytes` is of completed files' text."""

    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    usage_bytes: int = 0
    unreached: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.in_progress + self.completed + self.failed + self.cancelled


class Views:
    """Rows made from commits.

    Attributes:
        table: what is read.
        tables: what is written: that one, and others that are to be read some day, or were a moment ago (`rebuild/`).
    """

    def __init__(self, table: Table, timing: Timing = REAL_TIME, also: Sequence[Table] = ()) -> None:
        self.table = table
        self.tables = (table, *also)
        self._timing = timing

    def foresee(self, decisions: Sequence[AnyDecision]) -> Foreseen:
        """The rows that these commits will change; of streams that begin with them there are none."""
        wanted = [key for decision in decisions if decision.version > 0 for key in touched(decision)]
        rows = self.table.get(wanted) if wanted else {}
        return {key: rows.get(key) for key in wanted}

    def show(self, outcomes: Sequence[Outcome[Any, Any]], foreseen: Foreseen | None = None) -> None:
        """Brings the rows up to what became of a request's plans, also where that was true already. What was foreseen
        need not be read; where it has changed since, the write is refused, and it is read after all.

        Raises:
            Unavailable: as `project`.
        """
        begun = [outcome.decision for outcome in outcomes if outcome.decision and outcome.decision.version == 0]
        born: Foreseen = {key: None for decision in begun for key in touched(decision)}
        self._apply([outcome.newest for outcome in outcomes if outcome.newest], born, foreseen or {})

    def apply(self, decisions: Sequence[AnyDecision]) -> None:
        """Brings the rows up to these commits; projecting one again changes nothing.

        Raises:
            Unavailable: other projections got in first every time.
        """
        self._apply(decisions, {}, {})

    def _apply(self, decisions: Sequence[AnyDecision], born: Foreseen, foreseen: Foreseen) -> None:
        """`born`: what streams that began with these commits have in no table; `foreseen` was read from the one that is
        read.
        """
        for table, group in product(self.tables, list(groups(decisions))):
            known = born | foreseen if table is self.table else born
            try:
                until_first("project", partial(_project, table, group, known), self._timing)
            except Contended:
                raise Unavailable(
                    "The change is stored, but its lists and counts are still being brought up to date. Please "
                    "repeat the request."
                ) from None

    def row(self, key: Key) -> Row | None:
        """A row that is no tombstone."""
        found = self.table.get([key]).get(key)
        return None if found is None or found.gone else found

    def rows(self, wanted: Sequence[Key]) -> dict[Key, Row]:
        """Those of the rows that are no tombstones."""
        return {key: row for key, row in self.table.get(wanted).items() if not row.gone}

    def store_counts(self, store: str) -> Counts:
        """Files of a store, those included that an open batch has named and not reached yet."""
        found = self.table.get([keys.store(store)]).get(keys.store(store))
        return store_counts_of(found.counts if found else {})

    def batch_counts(self, batch: str, total: int) -> Counts:
        """Files of a batch: what is not settled is in progress."""
        return batch_counts_of(self.settled(batch), total)

    def settled(self, batch: str) -> Mapping[str, int]:
        """How many files of a batch were reached, and how many ended in which way."""
        found = self.table.get([keys.batch(batch)]).get(keys.batch(batch))
        return found.counts if found else {}

    def close_batch(self, store: str, batch: str) -> None:
        """Takes a batch that has reached all of its files from the open ones."""
        for table in self.tables:
            table.write([Remove(keys.open_batch(store, batch))])

    def open_batches(self, store: str) -> list[str]:
        """Batches that have not reached all of their files."""
        found = self.table.query(keys.batches(store), prefix=keys.OPEN, limit=1000)
        return [keys.thing_of(row.key.sk) for row in found]

    def stores_of(self, file: str, limit: int, after: str | None = None) -> list[str]:
        """Stores that an uploaded file is in, by id, up to `limit`, those behind `after`."""
        behind = None if after is None else keys.attachment(file, after).sk
        pk, prefix = keys.attachments(file)
        found = (keys.store_of(row.key) for row in self.table.query(pk, prefix=prefix, after=behind, limit=limit))
        return [store for store in found if store is not None]


def _project(table: Table, group: Sequence[AnyDecision], foreseen: Foreseen, first: bool) -> bool:
    """Brings one table's rows up to commits; False where others got in first."""
    known = foreseen if first else {}
    wanted = [key for decision in group for key in touched(decision)]
    unread = [key for key in wanted if key not in known]
    rows = Rows({key: row for key in wanted if (row := known.get(key))} | (table.get(unread) if unread else {}))
    for decision in group:
        apply(decision, rows)
    writes = rows.writes()
    try:
        if writes:
            table.write(writes)
    except RowConflict:
        return False
    except RowClosed:  # the store was deleted meanwhile: nothing of it is shown any more
        return True
    return True


def batch_counts_of(settled: Mapping[str, int], total: int) -> Counts:
    """A batch's counts as its row holds them."""
    ended = {status: settled.get(status, 0) for status in ("completed", "failed", "cancelled")}
    return Counts(in_progress=total - sum(ended.values()), unreached=total - settled.get("reached", 0), **ended)


def store_counts_of(counts: Mapping[str, int]) -> Counts:
    """A store's counts as its row holds them."""
    unreached = counts.get("unreached", 0)
    return Counts(
        in_progress=counts.get("in_progress", 0) + unreached,
        completed=counts.get("completed", 0),
        failed=counts.get("failed", 0),
        cancelled=counts.get("cancelled", 0),
        usage_bytes=counts.get("usage_bytes", 0),
        unreached=unreached,
    )
