"""A table in which tombstones last from now on, however old their commits are: for a rebuild that may be repeated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from vectorlog.views.deadlines import TOMBSTONE_MS
from vectorlog.views.table import Put, Table, Write


class LastingTombstones:
    """Forwards everything to another table, and keeps each tombstone for `TOMBSTONE_MS` from when it is written.

    A tombstone lasts from its commit on, so those of an old log would be over at once, and a commit that is projected
    once more would count again.
    """

    def __init__(self, table: Table, clock: Callable[[], int]) -> None:
        self._table = table
        self._clock = clock

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            return getattr(self._table, name)

    def write(self, writes: Sequence[Write]) -> None:
        """See Table."""
        until = self._clock() + TOMBSTONE_MS
        self._table.write([_lasting(write, until) for write in writes])


def lasting(table: Table, clock: Callable[[], int]) -> Table:
    """Returns a table that writes to `table`; see `LastingTombstones`."""
    return cast("Table", LastingTombstones(table, clock))


def _lasting(write: Write, until: int) -> Write:
    if isinstance(write, Put) and write.expires_at is not None:
        return replace(write, expires_at=max(write.expires_at, until))
    return write
