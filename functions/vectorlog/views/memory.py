"""The views in memory. A fresh projection of the log goes here, to be compared with the stored views."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from zlib import crc32

from vectorlog.views.table import Add, Key, Put, Remove, Row, RowClosed, RowConflict, Write, check


class MemoryTable:
    """Implements Table for one thread."""

    def __init__(self) -> None:
        self._rows: dict[Key, Row] = {}

    def get(self, keys: Sequence[Key], *, counts: bool = True) -> dict[Key, Row]:  # noqa: ARG002
        """See Table."""
        return {key: self._rows[key] for key in keys if key in self._rows}

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
        """See Table."""
        low, high = (before, after) if descending else (after, before)
        rows = [
            row
            for key, row in self._rows.items()
            if key.pk == pk
            and (tombstones or not row.gone)
            and key.sk.startswith(prefix)
            and (low is None or key.sk > low)
            and (high is None or key.sk < high)
            and status in (None, row.status)
        ]
        return sorted(rows, key=lambda row: row.key.sk, reverse=descending)[:limit]

    def write(self, writes: Sequence[Write]) -> None:
        """See Table."""
        check(writes)
        changed: dict[Key, Row | None] = {write.key: self._changed(write) for write in writes}
        for key, row in changed.items():
            if row is None:
                self._rows.pop(key, None)
            else:
                self._rows[key] = row

    def spread(self, keys: Sequence[Key]) -> None:
        """Does nothing: one write is made at a time."""

    def gather(self, key: Key, quiet: Callable[[Row], bool]) -> None:
        """Does nothing: no row is spread."""

    def due(self, at: int, limit: int = 100) -> list[Row]:
        """See Table."""
        rows = [row for row in self._rows.values() if row.deadline is not None and row.deadline <= at]
        return sorted(rows, key=lambda row: row.deadline or 0)[:limit]

    def earliest_deadline(self, until: int, prefixes: Sequence[str]) -> int | None:
        """See Table."""
        rows = (row for row in self._rows.values() if row.key.sk.startswith(tuple(prefixes)))
        return min((row.deadline for row in rows if row.deadline is not None and row.deadline <= until), default=None)

    def scan(self, section: int = 0, of: int = 1) -> Iterator[Row]:
        """See Table."""
        yield from (row for row in self._rows.values() if of == 1 or crc32(row.key.pk.encode()) % of == section)

    def close(self) -> None:
        """Does nothing: the table has no resources to release."""

    def _changed(self, write: Write) -> Row | None:
        current = self._rows.get(write.key, Row(write.key))
        match write:
            case Put():
                if current.version != write.replaces:
                    raise RowConflict(f"{write.key} is not at version {write.replaces}")
                if any(current.counts.get(name) != number for name, number in write.counts.items()):
                    raise RowConflict(f"{write.key} has other counts")
                return Row(
                    write.key,
                    write.version,
                    write.data,
                    write.status,
                    write.deadline,
                    write.gone,
                    write.closed,
                    current.counts,
                )
            case Add():
                if write.alive is not None and (current.closed or not write.fits(current.version, current.status)):
                    raise RowConflict(f"{write.key} is closed, or not what the counts are for")
                if current.closed:
                    raise RowClosed(f"{write.key} is closed")
                added = {name: current.counts.get(name, 0) + number for name, number in write.counts.items()}
                return replace(current, counts={**current.counts, **added})
            case Remove():
                if write.replaces not in (None, current.version):
                    raise RowConflict(f"{write.key} is not at version {write.replaces}")
                return None
