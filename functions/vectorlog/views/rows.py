"""The rows as a projection sees them: as they were read, with its own changes applied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from vectorlog.views.table import NO_ROW, Add, Key, Put, Remove, Row, Write


class Rows:
    """Rows that were read, and the changes to be written to them. A row that was changed is returned as changed."""

    def __init__(self, read: Mapping[Key, Row]) -> None:
        self._read = read
        self._changes: dict[Key, Put | Remove] = {}
        self._adds: dict[Key, dict[str, int]] = defaultdict(dict)
        self._guards: set[Key] = set()
        self._held: set[Key] = set()

    def version(self, key: Key) -> int:
        """The version of the row after the changes so far, or `NO_ROW`."""
        row = self._current(key)
        return row.version if row else NO_ROW

    def status(self, key: Key) -> str | None:
        """The status of the row after the changes so far."""
        row = self._current(key)
        return row.status if row else None

    def data(self, key: Key) -> str:
        """The data of the row after the changes so far."""
        row = self._current(key)
        return row.data if row else ""

    def gone(self, key: Key) -> bool:
        """Whether the row is a tombstone after the changes so far."""
        row = self._current(key)
        return row is not None and row.gone

    def counts(self, key: Key) -> Mapping[str, int]:
        """The counts of the row as they were read."""
        return self._read[key].counts if key in self._read else {}

    def exists(self, key: Key) -> bool:
        """Whether the row was there when it was read, even if only with counts."""
        return key in self._read

    def closed(self, key: Key) -> bool:
        """Whether the row was closed when it was read, so that it refuses counts."""
        return key in self._read and self._read[key].closed

    def put(self, key: Key, version: int, **fields: Any) -> None:  # noqa: ANN401  # fields of Put
        """Writes a row unless it already has this version or a newer one; `fields` are those of `Put`."""
        if self.version(key) < version:
            self._changes[key] = Put(key, version, self._read_version(key), **fields)

    def remove(self, key: Key) -> None:
        """Removes a row, as it was read. What keeps older commits from writing it again must be another row."""
        if self._read_version(key) == NO_ROW:
            self._changes.pop(key, None)
        else:
            self._changes[key] = Remove(key, self._read_version(key))

    def add(self, key: Key, **counts: int) -> None:
        """Adds to a row's counts."""
        sums = self._adds[key]
        for name, number in counts.items():
            sums[name] = sums.get(name, 0) + number

    def guard(self, key: Key) -> None:
        """Has all puts refused if the row is closed when they are written, as an `add` on that row would."""
        self._guards.add(key)

    def hold(self, key: Key) -> None:
        """Has all changes refused if the row has been made, or has ended, by the time they are written, and had not
        when it was read.
        """
        self._held.add(key)

    def writes(self) -> list[Write]:
        """Returns the changes as writes for the table."""
        guarded = (self._guards | self._held) - self._changes.keys() if self._changes else ()
        adds = {key: {name: number for name, number in counts.items() if number} for key, counts in self._adds.items()}
        changes = {key: {"unreached": 0} for key in guarded} | {key: counts for key, counts in adds.items() if counts}
        return [*self._changes.values(), *(Add(key, counts, self._needed(key)) for key, counts in changes.items())]

    def _needed(self, key: Key) -> bool | None:
        """What a row must be if it is held; that a closed one is closed is found by its other check."""
        if key not in self._held or self.closed(key):
            return None
        row = self._read.get(key, Row(key))
        return False if row.version == NO_ROW else True if row.status is None else None

    def _current(self, key: Key) -> Row | Put | None:
        change = self._changes.get(key, self._read.get(key))
        return None if isinstance(change, Remove) else change

    def _read_version(self, key: Key) -> int:
        read = self._read.get(key)
        return read.version if read else NO_ROW
