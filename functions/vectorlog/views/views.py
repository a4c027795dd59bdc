"""The views: projects commits, and reads rows and counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from itertools import product
from typing import Any

from vectorlog.event_log.decision import AnyDecision
from vectorlog.event_log.streams import Outcome
from vectorlog.recent import Newest
from vectorlog.retry import REAL_TIME, Timing
from vectorlog.views import keys
from vectorlog.views.busy_rows import prepare
from vectorlog.views.claims import Claims
from vectorlog.views.counts import Counts, batch_counts_of, store_counts_of
from vectorlog.views.group_projection import project
from vectorlog.views.groups import groups
from vectorlog.views.joint_projection import project_jointly
from vectorlog.views.projection import needs_counts, touched
from vectorlog.views.table import Key, Put, Remove, Row, RowConflict, Table

Prefetched = dict[Key, Row | None]
"""Rows that were read in advance; None for a row that did not exist."""


class Views:
    """The rows that are made from commits.

    Args:
        table: the table that is read.
        timing: of repeated attempts.
        also: further tables that are written: during a rebuild the one that will replace `table`, or the one that it
            replaced (ARCHITECTURE.md, "Rebuild").
        remember: how many commits that `show` has projected are left out by `apply`, for a process that also reads the
            feed: their rows are in the table as long as it runs.
        pool: threads in which `apply` writes side by side; None where a table makes one write at a time anyway.

    Attributes:
        table: see above.
        tables: the tables that are written: `table`, and those of `also`.
    """

    def __init__(
        self,
        table: Table,
        timing: Timing = REAL_TIME,
        also: Sequence[Table] = (),
        *,
        remember: int = 0,
        pool: Executor | None = None,
    ) -> None:
        self.table = table
        self.tables = (table, *also)
        self._timing = timing
        self._pool = pool
        self._shown: Newest[tuple[str, int], bool] = Newest(remember)

    def prefetch(self, decisions: Sequence[AnyDecision]) -> Prefetched:
        """Reads the rows that these commits will change; a stream's first commit has no rows yet."""
        wanted = [key for decision in decisions if decision.version > 0 for key in touched(decision)]
        rows = self.table.get(wanted, counts=needs_counts(decisions)) if wanted else {}
        return {key: rows.get(key) for key in wanted}

    def show(self, outcomes: Sequence[Outcome[Any, Any]], prefetched: Prefetched | None = None) -> None:
        """Projects the newest commit of each outcome, even if its plan decided nothing. Rows in `prefetched` are not
        read again; if one has changed since, the write is refused, and only then is it read.

        Raises:
            Unavailable: see `apply`.
        """
        first_commits = [outcome.decision for outcome in outcomes if outcome.decision and outcome.decision.version == 0]
        absent: Prefetched = {key: None for decision in first_commits for key in touched(decision)}
        newest = [outcome.newest for outcome in outcomes if outcome.newest]
        self._apply(newest, absent, prefetched or {})
        for each in newest:
            self._shown.put((each.stream, each.version), True)

    def apply(self, decisions: Sequence[AnyDecision]) -> None:
        """Projects these commits; projecting one again changes nothing.

        Raises:
            Unavailable: other projections were first every time.
        """
        unshown = [each for each in decisions if (each.stream, each.version) not in self._shown]
        if self._pool is None:
            self._apply(unshown, {}, {})
            return
        for table in self.tables:
            project_jointly(table, list(groups(unshown)), self._pool, self._timing)

    def prepare(self, decisions: Sequence[AnyDecision]) -> None:
        """Prepares the tables for what follows from these commits, which are projected: many files, or none for now."""
        for table in self.tables:
            prepare(table, decisions)

    def _apply(self, decisions: Sequence[AnyDecision], absent: Prefetched, prefetched: Prefetched) -> None:
        """Projects commits. The rows in `absent` exist in none of the tables; `prefetched` was read from `table`."""
        for table, group in product(self.tables, list(groups(decisions))):
            known = absent | prefetched if table is self.table else absent
            project(table, group, known, self._timing)

    def row(self, key: Key) -> Row | None:
        """Returns a row; None if there is none or it is a tombstone."""
        row = self.table.get([key]).get(key)
        return None if row is None or row.gone else row

    def rows(self, wanted: Sequence[Key], *, counts: bool = True) -> dict[Key, Row]:
        """Returns the rows that exist and are not tombstones; about `counts` see `Table.get`."""
        return {key: row for key, row in self.table.get(wanted, counts=counts).items() if not row.gone}

    def store_counts(self, store: str) -> Counts:
        """Returns a store's counts, including files that batches have named and not reached yet."""
        row = self.table.get([keys.store(store)]).get(keys.store(store))
        return store_counts_of(row.counts if row else {})

    def batch_counts(self, batch: str, total: int) -> Counts:
        """Returns a batch's counts; files of its `total` that have not ended are in progress."""
        return batch_counts_of(self.entry_counts(batch), total)

    def project_counts(self, project: str) -> Mapping[str, int]:
        """Returns what a project holds: `stored_bytes`, `files` and `stores`."""
        rows = self.table.query(keys.project_counts_of(project), limit=keys.COUNT_SHARDS)
        return {name: sum(row.counts.get(name, 0) for row in rows) for name in ("stored_bytes", "files", "stores")}

    def entry_counts(self, batch: str) -> Mapping[str, int]:
        """Returns the counts of a batch's row: how many files have ended, by status, and how many were `reached`."""
        row = self.table.get([keys.batch(batch)]).get(keys.batch(batch))
        return row.counts if row else {}

    def close_batch(self, store: str, batch: str) -> None:
        """Removes a batch that has reached all of its files from the store's open batches."""
        for table in self.tables:
            table.write([Remove(keys.open_batch(store, batch))])

    def open_batches(self, store: str) -> dict[str, int]:
        """Returns the ids of a store's batches that have not reached all of their files, each with the number of files
        at the beginning of its manifest that it has reached for certain, and whose rows are written.
        """
        rows = self.table.query(keys.batches(store), prefix=keys.OPEN, limit=1000)
        return {keys.thing_of(row.key.sk): int(row.data or 0) for row in rows}

    def note_reached(self, store: str, batch: str, files: int) -> None:
        """Records that an open batch has reached this many files at the beginning of its manifest."""
        key = keys.open_batch(store, batch)
        for table in self.tables:
            row = table.get([key]).get(key)
            if row is not None and int(row.data or 0) < files:
                with suppress(RowConflict):  # the sweep was first; the next step of the batch records more
                    table.write([Put(key, row.version + 1, row.version, data=str(files), deadline=row.deadline)])

    def claims(self) -> Claims:
        """Returns the claims on content that is being attached."""
        return Claims(self.table, self._timing)

    def leaving(self, project: str) -> set[str]:
        """Returns the project's deleted files that have yet to leave some of their stores; mostly there are none."""
        leaving: set[str] = set()
        after = None
        while rows := self.table.query(keys.leaving_of(project), after=after, limit=1000):
            leaving |= {row.key.sk for row in rows}
            after = rows[-1].key.sk
        return leaving

    def missing(self, files: Sequence[str]) -> set[str]:
        """Returns those of these uploaded files that have no row, because they were deleted."""
        rows = self.rows([keys.file(file) for file in files]) if files else {}
        return {file for file in files if keys.file(file) not in rows}

    def left_all_stores(self, project: str, file: str) -> None:
        """Records that a deleted file has left all of its stores."""
        for table in self.tables:
            table.write([Remove(keys.leaving(project, file))])

    def stores_of(self, file: str, limit: int, after: str | None = None) -> list[str]:
        """Returns up to `limit` ids of stores that contain an uploaded file, in order, beginning after `after`."""
        cursor = None if after is None else keys.attachment(file, after).sk
        pk, prefix = keys.attachments(file)
        stores = (keys.store_of(row.key) for row in self.table.query(pk, prefix=prefix, after=cursor, limit=limit))
        return [store for store in stores if store is not None]

    def stores_ever_of(self, file: str, limit: int, after: str | None = None) -> list[str]:
        """Returns what `stores_of` returns, including stores that the file has left, and deleted stores."""
        cursor = None if after is None else keys.attachment(file, after).sk
        pk, prefix = keys.attachments(file)
        rows = self.table.query(pk, prefix=prefix, after=cursor, limit=limit, tombstones=True)
        return [store for row in rows if (store := keys.store_of(row.key)) is not None]
