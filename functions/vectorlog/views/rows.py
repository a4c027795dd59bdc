"""Rows as a projection sees them while it goes: those that were read, with its own changes over them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from vectorlog.views.table import NO_ROW, Add, Key, Put, Row, Write


class Rows:
    """The rows that were read, with what is to be written laid over them."""

    def __init__(self, read: Mapping[Key, Row]) -> None:
        self._read = read
        self._puts: dict[Key, Put] = {}
        self._adds: dict[Key, dict[str, int]] = defaultdict(dict)
        self._guards: set[Key] = set()

    def version(self, key: Key) -> int:
        """The version of the row as it will be, or `NO_ROW`."""
        standing = self._puts.get(key) or self._read.get(key)
        return standing.version if standing else NO_ROW

    def status(self, key: Key) -> str | None:
        """The status of the row as it will be."""
        standing = self._puts.get(key) or self._read.get(key)
        return standing.status if standing else None

    def data(self, key: Key) -> str:
        """The data of the row as it will be."""
        standing = self._puts.get(key) or self._read.get(key)
        return standing.data if standing else ""

    def stands(self, key: Key) -> bool:
        """Whether there is a row, if only with counts."""
        return key in self._read

    def closed(self, key: Key) -> bool:
        """Whether the row refuses counts."""
        return key in self._read and self._read[key].closed

    def put(self, key: Key, version: int, **fields: Any) -> None:  # noqa: ANN401  # fields of Put
        """Writes a row unless it is as new already."""
        if self.version(key) < version:
            read = self._read.get(key)
            self._puts[key] = Put(key, version, read.version if read else NO_ROW, **fields)

    def add(self, key: Key, **counts: int) -> None:
        """Adds to counts."""
        sums = self._adds[key]
        for name, number in counts.items():
            sums[name] = sums.get(name, 0) + number

    def guard(self, key: Key) -> None:
        """Lets nothing be written if the row is closed by then, as counts to be added do by themselves."""
        self._guards.add(key)

    def writes(self) -> list[Write]:
        """What is to be written, one write per key."""
        guards = {key: {"unreached": 0} for key in self._guards if self._puts}
        adds = {key: {name: number for name, number in counts.items() if number} for key, counts in self._adds.items()}
        changes = guards | {key: counts for key, counts in adds.items() if counts}
        return [*self._puts.values(), *(Add(key, counts) for key, counts in changes.items())]
