"""The files of a store in the embedded index, and the numbers by which its rows refer to them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Connection

import numpy as np
from numpy.typing import NDArray

from vectorlog.domain.filters import Attributes
from vectorlog.index.chunk_index import FileChunks
from vectorlog.index.embedded.attribute_table import AttributeTable

_FILE = 1_024
"""Approximate bytes of a file's record in memory."""
_NUMBER = 16
"""Approximate bytes of a number that no file has."""


@dataclass(frozen=True, slots=True)
class File:
    """One generation of a file in a store, as FileChunks describes it."""

    name: str
    generation: int
    row: str
    revision: int
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one state of a store; nothing in it changes.

    A number is used again once no row refers to it, not even a dead one, because a row is told from a dead one by the
    file that has its number.

    Attributes:
        listed: by number; None for a number that no file has.
        numbers: by file id, the numbers of its generations.
        free: the numbers that may be used again, the largest first.
        attributes: of the files, by number.
    """

    listed: list[File | None]
    numbers: dict[str, tuple[int, ...]]
    free: list[int]
    attributes: AttributeTable

    @classmethod
    def read(cls, connection: Connection, key: int | None, used: NDArray[np.int32]) -> Files:
        """Reads the files of a store; `used` are the numbers to which rows refer."""
        known = connection.execute(
            "select number, name, generation, row, revision, attributes from file where store = ? order by number",
            (key,),
        ).fetchall()
        listed: list[File | None] = [None] * (max(int(used.max(initial=-1)), known[-1][0] if known else -1) + 1)
        numbers: dict[str, tuple[int, ...]] = {}
        for number, name, generation, row, revision, attributes in known:
            listed[number] = File(name, generation, row, revision, json.loads(attributes))
            numbers[name] = (*numbers.get(name, ()), number)
        return cls(listed, numbers, _free(listed, used), AttributeTable(listed))

    @property
    def nbytes(self) -> int:
        """Approximate memory use in bytes."""
        return _FILE * (sum(map(len, self.numbers.values())) + 1) + _NUMBER * len(self.listed)

    def generations(self, name: str) -> dict[int, int]:
        """Returns the number of each generation of a file, by generation."""
        return {self[number].generation: number for number in self.numbers.get(name, ())}

    def __getitem__(self, number: int) -> File:
        """Returns the file with a number that a file has."""
        file = self.listed[number]
        assert file is not None
        return file

    def recorded(self, connection: Connection, key: int, parts: Sequence[FileChunks]) -> tuple[Files, list[int]]:
        """Stores the attributes of these files, unless newer ones are known; returns the number of each part's file."""
        listed, names, free, found = self.listed.copy(), self.numbers.copy(), self.free.copy(), list[int]()
        changed: dict[int, File] = {}
        for part in parts:
            file = File(part.file, part.generation, part.row, part.revision, dict(part.attributes))
            known = names.get(part.file, ())
            number = next((each for each in known if _at(listed, each).generation == part.generation), None)
            if number is None:
                number = free.pop() if free else len(listed)
                if number == len(listed):
                    listed.append(None)
                names[part.file] = (*known, number)
                listed[number] = changed[number] = file
            elif file != listed[number] and file.revision >= _at(listed, number).revision:
                listed[number] = changed[number] = file
            found.append(number)
        if not changed:
            return self, found
        connection.executemany(
            "insert into file values(?, ?, ?, ?, ?, ?, ?) on conflict(store, number) do update set"
            " row = excluded.row, revision = excluded.revision, attributes = excluded.attributes",
            [
                (key, number, file.name, file.generation, file.row, file.revision, json.dumps(file.attributes))
                for number, file in changed.items()
            ],
        )
        return Files(listed, names, free, self.attributes.changed(listed, changed)), found

    def without(self, removed: Sequence[int], used: NDArray[np.int32]) -> Files:
        """Returns the other files; `used` are the numbers to which rows refer."""
        listed, numbers = self.listed.copy(), self.numbers.copy()
        for number in removed:
            name = self[number].name
            numbers[name] = tuple(each for each in numbers[name] if each != number)
            if not numbers[name]:
                del numbers[name]
            listed[number] = None
        unused = set(removed).difference(used[np.isin(used, removed)].tolist())
        free = sorted({*self.free, *unused}, reverse=True) if unused else self.free
        return Files(listed, numbers, free, self.attributes.changed(listed, ()))

    def compacted(self, used: NDArray[np.int32]) -> Files:
        """Returns the same files with the same numbers, without the unused numbers at the end, and with all others
        free. `used` are the numbers to which rows still refer.
        """
        end = max((number for numbers in self.numbers.values() for number in numbers), default=-1) + 1
        listed = self.listed[: max(end, int(used.max(initial=-1)) + 1)]
        return Files(listed, self.numbers, _free(listed, used), AttributeTable(listed))


def _at(listed: Sequence[File | None], number: int) -> File:
    """Returns the file with a number that a file has."""
    file = listed[number]
    assert file is not None
    return file


def _free(listed: Sequence[File | None], used: NDArray[np.int32]) -> list[int]:
    taken = np.array([file is not None for file in listed], bool)
    taken[used] = True
    free: list[int] = np.flatnonzero(~taken)[::-1].tolist()
    return free
