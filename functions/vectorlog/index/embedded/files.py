"""The files of a store in the embedded index, and the numbers by which its rows refer to them.

Names and attributes are read from the database when they are needed, because a store may have a million files. SQLite
has no statistics here and would look for a name among all files, so the queries say which index they use.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from sqlite3 import Connection

import numpy as np
from numpy.typing import NDArray

from vectorlog.index.chunk_index import FileChunks
from vectorlog.index.embedded.attribute_table import AttributeTable, Read
from vectorlog.index.embedded.rows import Column

_NUMBER = 8
"""Approximate bytes of a number in memory."""


class Numbers:
    """Which numbers are taken. Only a writer uses it, and it is always that of the newest state.

    A number is used again once no file has it and no row refers to it, not even a dead one, because a row is told from
    a dead one by the file that has its number.
    """

    def __init__(self, files: Sequence[int], rows: Iterable[NDArray[np.int32]]) -> None:
        """Starts with the numbers that files have, and those to which rows refer."""
        used = list(rows)
        self.size = max([-1, *files, *(int(each.max(initial=-1)) for each in used)]) + 1
        self._rows = Column(
            sum((np.bincount(each, minlength=self.size) for each in used), np.zeros(self.size, np.int64))
        )
        self._taken = Column(np.zeros(self.size, bool))
        self._taken.items[list(files)] = True
        self._free: list[int] = np.flatnonzero(~self._taken.items & (self._rows.items == 0)).tolist()
        heapify(self._free)

    def take(self) -> int:
        """Returns a number for a new file."""
        if self._free:
            number = heappop(self._free)
        else:
            number = self.size
            self.size += 1
            self._rows.extend(np.zeros(1, np.int64))
            self._taken.extend(np.zeros(1, bool))
        self._taken.items[number] = True
        return number

    def taken(self, numbers: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Returns whether each of these numbers is that of a file."""
        return self._taken.items[numbers]

    def give(self, numbers: Sequence[int]) -> None:
        """The files with these numbers are gone."""
        for number in numbers:
            self._taken.items[number] = False
            if not self._rows.items[number]:
                heappush(self._free, number)

    def add_rows(self, numbers: Sequence[int]) -> None:
        """Rows were added that refer to these numbers."""
        np.add.at(self._rows.items, numbers, 1)

    def drop_rows(self, numbers: NDArray[np.int32]) -> None:
        """Dead rows that referred to these numbers are no more."""
        dropped, counts = np.unique(numbers, return_counts=True)
        self._rows.items[dropped] -= counts
        for number in dropped[(self._rows.items[dropped] == 0) & ~self._taken.items[dropped]].tolist():
            heappush(self._free, number)


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one state of a store.

    Attributes:
        size: one more than the highest number.
        attributes: of the files, by number.
        numbers: which are taken, in the newest state.
        reader: returns a connection that reads attributes later.
    """

    size: int
    attributes: AttributeTable
    numbers: Numbers
    reader: Callable[[], Connection]

    @classmethod
    def read(
        cls,
        connection: Connection,
        reader: Callable[[], Connection],
        key: int | None,
        rows: Iterable[NDArray[np.int32]],
    ) -> Files:
        """Reads the files of a store, in which `rows` are the numbers to which rows refer. `reader` returns a
        connection that later reads their attributes.
        """
        taken = [number for (number,) in connection.execute("select number from file where store = ?", (key,))]
        numbers = Numbers(taken, rows)
        return cls(numbers.size, AttributeTable(numbers.size, _read(reader, key)), numbers, reader)

    @property
    def nbytes(self) -> int:
        """Approximate memory use in bytes."""
        return 2 * _NUMBER * self.size + self.attributes.nbytes

    def recorded(self, connection: Connection, key: int, parts: Sequence[FileChunks]) -> tuple[Files, list[int]]:
        """Stores the attributes of these files, unless newer ones are known; returns the number of each part's file."""
        found = list[int]()
        changed: dict[int, FileChunks] = {}
        for part in parts:
            text = json.dumps(part.attributes)
            known = connection.execute(
                "select number, revision, row = ? and revision = ? and attributes = ? from file indexed by file_name"
                " where store = ? and name = ? and generation = ?",
                (part.row, part.revision, text, key, part.file, part.generation),
            ).fetchone()
            if known is None:
                number = self.numbers.take()
                connection.execute(
                    "insert into file(store, number, name, generation, row, revision, attributes)"
                    " values(?, ?, ?, ?, ?, ?, ?)",
                    (key, number, part.file, part.generation, part.row, part.revision, text),
                )
                changed[number] = part
            else:
                number, revision, same = known
                if not same and part.revision >= revision:
                    connection.execute(
                        "update file set row = ?, revision = ?, attributes = ? where store = ? and number = ?",
                        (part.row, part.revision, text, key, number),
                    )
                    changed[number] = part
            found.append(number)
        if not changed:
            return self, found
        size = self.numbers.size
        attributes = {number: part.attributes for number, part in changed.items()}
        table = self.attributes.changed(size, attributes, _read(self.reader, key))
        return replace(self, size=size, attributes=table), found

    def without(self, removed: Sequence[int]) -> Files:
        """Returns the other files."""
        self.numbers.give(removed)
        return self


def generations(connection: Connection, key: int | None, name: str) -> dict[int, int]:
    """Returns the number of each generation of a file, by generation."""
    rows = connection.execute(
        "select generation, number from file indexed by file_name where store = ? and name = ?", (key, name)
    )
    return dict(rows.fetchall())


def named(connection: Connection, key: int | None, names: Iterable[str]) -> Iterable[tuple[str, int, int]]:
    """Returns the name, the generation and the number of each generation of these files."""
    return connection.execute(
        "select name, generation, number from json_each(?) asked"
        " cross join file indexed by file_name on file.store = ? and name = asked.value",
        (json.dumps(list(names)), key),
    )


def listed(connection: Connection, key: int | None) -> Mapping[int, tuple[str, int]]:
    """Returns the name and the generation of each file, by number."""
    rows = connection.execute("select number, name, generation from file where store = ?", (key,))
    return {number: (name, generation) for number, name, generation in rows}


def _read(reader: Callable[[], Connection], key: int | None) -> Read:
    """Returns what reads the attributes of all files of a store."""
    return lambda: reader().execute("select number, attributes from file where store = ?", (key,))
