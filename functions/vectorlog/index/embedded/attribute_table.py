"""The attributes of a store's files in columns, so that a filter is evaluated with arrays, not file by file."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vectorlog.domain.filters import ORDERED, Attributes, Comparison, Filter, Identity, identity, kind, simplified
from vectorlog.index.embedded.rows import Column

_KEYS = 64
"""Maximum number of columns that are kept; others are built again when a filter uses their key."""
_SAME = 10_000
"""Maximum number of texts whose codes are remembered while a column is built."""
_SPARE_VALUES = 1_024
"""A column is built again once it has this many values more than two for each file, most of which no file has now."""


Read = Callable[[], Iterable[tuple[int, str]]]
"""Reads the attributes of all files: the number of each, and its attributes as JSON."""


class _Column:
    """The values of one key: a code for each file, shape (files,), and the code of each distinct value.

    A later column shares `known`, which only grows; this column's codes are those below `size`.
    """

    __slots__ = ("_column", "_ordered", "codes", "known", "size")

    def __init__(self, column: Column[np.int32], known: dict[Identity, int]) -> None:
        self._column = column
        self.codes = column.items
        self.known = known
        self.size = len(known)
        self._ordered: dict[str, tuple[list[Any], NDArray[np.int32]]] = {}

    def changed(self, total: int, changes: Mapping[int, Identity]) -> _Column:
        """Returns the column of `total` files in which these files have other values, given by number."""
        before = len(self.codes)
        more = np.zeros(total - before, np.int32)
        later = {number: self.known.setdefault(value, len(self.known)) for number, value in changes.items()}
        more[[number - before for number in later if number >= before]] = [
            code for number, code in later.items() if number >= before
        ]
        if len(later) == len(more):  # only files at the end: their codes are appended, whatever the number of files
            self._column.extend(more)
            return _Column(self._column, self.known)
        codes = np.concatenate([self.codes, more])
        codes[list(later)] = list(later.values())
        return _Column(Column(codes), self.known)

    def satisfying(self, comparison: Comparison) -> NDArray[np.bool_]:
        """Returns whether the value with each code satisfies the comparison, shape (size,)."""
        result = np.zeros(self.size, bool)
        operator = comparison.operator
        if operator in ORDERED:
            values, codes = self._in_order(kind(comparison.value))
            place = bisect_left if operator in ("gte", "lt") else bisect_right
            bound: Any = comparison.value
            border = place(values, bound)
            result[codes[border:] if operator in ("gt", "gte") else codes[:border]] = True
            return result
        codes_of = (self.known.get(identity(value), self.size) for value in comparison.values)
        result[[code for code in codes_of if code < self.size]] = True
        return result if operator in ("eq", "in") else ~result

    def _in_order(self, kind_: str) -> tuple[list[Any], NDArray[np.int32]]:
        """Returns the values of a kind in ascending order, and their codes; none for a kind that has no order."""
        if kind_ not in self._ordered:
            # A copy, because a writer may extend the dict meanwhile.
            known = self.known.copy().items() if kind_ in ("number", "string") else ()
            values: dict[int, Any] = {
                code: value for (each, value), code in known if each == kind_ and code < self.size
            }
            codes = sorted(values, key=values.__getitem__)
            self._ordered[kind_] = [values[code] for code in codes], np.array(codes, np.int32)
        return self._ordered[kind_]


class AttributeTable:
    """The attributes of files by number. Any number of threads may read it; one at a time may derive another table.

    Args:
        size: one more than the highest number.
        read: called for the first filter on a key; what it returns may be newer than this table.
    """

    def __init__(self, size: int, read: Read) -> None:
        self._size = size
        self._read = read
        self._columns: dict[str, _Column] = {}

    def changed(self, size: int, changes: Mapping[int, Attributes], read: Read) -> AttributeTable:
        """Returns a table of `size` files, which are those of this table except for the files with these numbers.

        Numbers beyond the end of this table that are not among them have no attributes. Columns are updated, not built
        again.
        """
        table = AttributeTable(size, read)
        for key, column in self._columns.copy().items():
            if column.size <= 2 * size + _SPARE_VALUES:
                values = {number: identity(attributes.get(key)) for number, attributes in changes.items()}
                missing = range(len(column.codes), size)
                values |= {number: identity(None) for number in missing if number not in values}
                table._columns[key] = column.changed(size, values)
        return table

    @property
    def nbytes(self) -> int:
        """Memory use of the columns in bytes, without their values."""
        return sum(column.codes.nbytes for column in self._columns.values())

    def matching(self, condition: Filter) -> NDArray[np.bool_]:
        """Returns whether each file satisfies the filter, shape (files,).

        The time is that of a few passes over the files for each comparison of the simplified filter.
        """
        return self._matching(simplified(condition))

    def _matching(self, condition: Filter) -> NDArray[np.bool_]:
        if isinstance(condition, Comparison):
            column = self._column(condition.key)
            satisfied: NDArray[np.bool_] = column.satisfying(condition)[column.codes]
            return satisfied
        combine = np.logical_and if condition.operator == "and" else np.logical_or
        result = np.full(self._size, condition.operator == "and")
        for inner in condition.filters:
            combine(result, self._matching(inner), out=result)
        return result

    def _column(self, key: str) -> _Column:
        column = self._columns.get(key)
        if column is None:
            known: dict[Identity, int] = {}
            nothing = known.setdefault(identity(None), 0)
            codes = np.full(self._size, nothing, np.int32)
            same: dict[str, int] = {}  # the code of a text of attributes, of which files often have few
            for number, text in self._read():
                if number < self._size:
                    code = same.get(text)
                    if code is None:
                        code = known.setdefault(identity(json.loads(text).get(key)), len(known))
                        if len(same) < _SAME:
                            same[text] = code
                    codes[number] = code
            column = _Column(Column(codes), known)
            # A new dict, because another thread may read the old one.
            self._columns = {**dict(list(self._columns.items())[1 - _KEYS :]), key: column}
        return column
