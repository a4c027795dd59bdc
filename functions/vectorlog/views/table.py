"""The port of the views: rows under (pk, sk), read consistently, written all or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

NO_ROW = -1
"""The version that an absent row counts as."""


class Key(NamedTuple):
    """Where a row is."""

    pk: str
    sk: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it was read.

    Attributes:
        version: of the commit that it was made from; `NO_ROW` where it holds counts only.
        data: JSON text.
        status: what lists filter by; None is in no filtered list.
        deadline: ms since 1970 at which a sweep has to look at it; None never.
        gone: a tombstone, which lists skip and newer versions may replace.
        closed: refuses every further `Add` (a deleted store's counts).
        counts: only ever added to.
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
    """Writes a row, but for its counts, if the row that stands there has the version `replaces` (`NO_ROW`: none stands,
    or one with counts only).

    `expires_at`: ms since 1970 from which the row may vanish by itself (tombstones).
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


@dataclass(frozen=True, slots=True)
class Add:
    """Adds to counts, making the row where there is none; refused where the row is closed."""

    key: Key
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Remove:
    """Removes a row; none there is no error."""

    key: Key


Write = Put | Add | Remove


class RowConflict(Exception):
    """A row is not at the version that a `Put` replaces; nothing was written. Read again, and decide again."""


class RowClosed(Exception):
    """An `Add` met a closed row; nothing was written."""


WRITE_LIMIT = 100
"""Actions of one `write` (DynamoDB's transaction)."""


def check(writes: Sequence[Write]) -> None:
    """Raises ValueError for what no table takes in one `write`."""
    if len(writes) > WRITE_LIMIT:
        raise ValueError(f"{len(writes)} writes in one transaction; {WRITE_LIMIT} fit")
    if len({each.key for each in writes}) < len(writes):
        raise ValueError("two writes on one key in one transaction")


class Table(Protocol):
    """Rows. Every read sees every write that has returned, but for `query(status=…)` and deadlines, which on AWS may
    lag.
    """

    def get(self, keys: Sequence[Key]) -> dict[Key, Row]:
        """The rows that there are, tombstones included."""
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
    ) -> list[Row]:
        """Up to `limit` rows in order of sk, tombstones left out.

        `after` and `before` are sort keys, exclusive, and need not be there: `after` is where the list goes on in its
        own direction, `before` where it stops.
        """
        ...

    def write(self, writes: Sequence[Write]) -> None:
        """All or nothing; at most `WRITE_LIMIT` writes, each on another key.

        Raises:
            RowConflict: by a Put.
            RowClosed: by an Add.
            ValueError: too many writes, or two on one key.
        """
        ...

    def due(self, at: int, limit: int = 100) -> list[Row]:
        """Rows whose deadline is over, oldest first."""
        ...

    def earliest_deadline(self, until: int, prefixes: Sequence[str]) -> int | None:
        """The earliest deadline up to `until` (ms since 1970) of the rows whose sort key begins with one of these."""
        ...

    def scan(self) -> Iterator[Row]:
        """Every row, tombstones included, in no order; each as it stands when it is reached."""
        ...

    def close(self) -> None:
        """Releases what the table holds."""
        ...
