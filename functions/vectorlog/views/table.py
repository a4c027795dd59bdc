"""The port of the views' table: rows under (pk, sk), with consistent reads and atomic writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

NO_ROW = -1
"""The version of a row that does not exist."""

ENDED = "ended"
"""The status of a row of which additions may require that it has not ended. No list is filtered by it."""


class Key(NamedTuple):
    """The key of a row."""

    pk: str
    sk: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it was read.

    Attributes:
        version: of the commit from which it was made; `NO_ROW` if it has only counts.
        data: JSON text.
        status: lists can be filtered by it; a row without one is in no filtered list.
        deadline: when the sweep has to handle the row, in ms since 1970; None for never.
        gone: whether it is a tombstone, which lists leave out and newer versions may replace.
        closed: whether it refuses every further `Add`, as the counts of a deleted store do.
        counts: sums, which only `Add` changes.
    """

    key: Key
    version: int = NO_ROW
    data: str = ""
    status: str | None = None
    deadline: int | None = None
    gone: bool = False
    closed: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Put:
    """Writes a row except for its counts, if the existing row has the version `replaces` (`NO_ROW`: there is no row, or
    one with only counts), and the `counts` that are given (None: no such count).

    From `expires_at` on, in ms since 1970, the table may delete the row (a tombstone).
    """

    key: Key
    version: int
    replaces: int
    data: str = ""
    status: str | None = None
    deadline: int | None = None
    gone: bool = False
    closed: bool = False
    expires_at: int | None = None
    counts: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def ends(self) -> bool:
        """Whether the row refuses some additions from then on."""
        return self.closed or self.status is not None


@dataclass(frozen=True, slots=True)
class Add:
    """Adds to a row's counts, and creates the row if there is none; refused if the row is closed.

    Attributes:
        alive: None: whatever else the row is. True: refused unless the row is there and has no status, such as `ENDED`.
            False: refused unless there is no row, or one with only counts.
    """

    key: Key
    counts: Mapping[str, int]
    alive: bool | None = None

    def fits(self, version: int, status: str | None) -> bool:
        """Whether a row with this version and status, which is not closed, is what it has to be."""
        match self.alive:
            case None:
                return True
            case True:
                return version != NO_ROW and status is None
            case False:
                return version == NO_ROW


@dataclass(frozen=True, slots=True)
class Remove:
    """Removes a row, with its counts. If `replaces` is None, whatever the row's version is, and it is no error if there
    is none.
    """

    key: Key
    replaces: int | None = None


Write = Put | Add | Remove


class RowConflict(Exception):
    """A row does not have the version or the counts that a write needs; nothing was written. Read again and decide
    again.
    """


class RowClosed(Exception):
    """An `Add` was refused by a closed row; nothing was written."""


WRITE_LIMIT = 100
"""The largest number of writes in one `write`: DynamoDB's limit for a transaction."""


def check(writes: Sequence[Write]) -> None:
    """Checks the limits that every table has for one `write`.

    Raises:
        ValueError: there are more than `WRITE_LIMIT` writes, or two with the same key.
    """
    if len(writes) > WRITE_LIMIT:
        raise ValueError(f"{len(writes)} writes in one transaction; {WRITE_LIMIT} fit")
    if len({each.key for each in writes}) < len(writes):
        raise ValueError("two writes on one key in one transaction")


class Table(Protocol):
    """A table of rows. Every read sees all writes that have returned, except that `query(status=…)`, `due` and
    `earliest_deadline` may lag on AWS.
    """

    def get(self, keys: Sequence[Key], *, counts: bool = True) -> dict[Key, Row]:
        """Returns the rows that exist, including tombstones. Without `counts`, those of rows may be too low: a table
        that keeps the counts of busy rows apart need not look for them.
        """
        ...

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
        """Returns up to `limit` rows in the order of their sort keys, without tombstones by default.

        Args:
            pk: the partition key of the rows.
            prefix: of their sort keys.
            after: an exclusive sort key after which the list begins, in the direction of the list. There need not be a
                row with this key.
            before: an exclusive sort key before which the list ends; likewise.
            limit: how many rows at most.
            descending: whether the list is in descending order.
            status: only rows with this status; None for all rows.
            tombstones: whether the list includes them; not together with `status`.
        """
        ...

    def write(self, writes: Sequence[Write]) -> None:
        """Makes all writes or none; at most `WRITE_LIMIT`, each with a different key.

        Raises:
            RowConflict: a Put or a Remove was refused, or an Add that needs more than a row which is not closed.
            RowClosed: an Add that needs no more was refused.
            ValueError: there are too many writes, or two with the same key.
        """
        ...

    def spread(self, keys: Sequence[Key]) -> None:
        """Prepares rows for additions by many writers at once. Changes nothing that is read; a table whose writers do
        not hinder each other does nothing.
        """
        ...

    def gather(self, key: Key, quiet: Callable[[Row], bool]) -> None:
        """Takes back what `spread` prepared, if there is something and the row is quiet now."""
        ...

    def due(self, at: int, limit: int = 100) -> list[Row]:
        """Returns up to `limit` rows whose deadline is at or before `at` (ms since 1970), the oldest deadline first."""
        ...

    def earliest_deadline(self, until: int, prefixes: Sequence[str]) -> int | None:
        """Returns the earliest deadline up to `until` (ms since 1970) of the rows whose sort key has one of these
        prefixes; None if there is none.
        """
        ...

    def scan(self, section: int = 0, of: int = 1) -> Iterator[Row]:
        """Yields every row, including tombstones, in no particular order; each as it is when the scan reaches it.

        Args:
            section: the part of the table that is read, from 0 on.
            of: in how many sections the table is read.
        """
        ...

    def close(self) -> None:
        """Releases the table's resources."""
        ...
