"""The attributes of a store's files in columns, so that a filter is evaluated with arrays, not file by file."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vectorlog.domain.filters import ORDERED, Attributes, Comparison, Filter, Identity, identity, kind, simplified

_KEYS = 64
"""Maximum number of columns that are kept; others are built again when a filter uses their key."""
_SPARE_VALUES = 1_024
"""A column is built again once it has this many values more than two for each file, most of which no file has now."""


class HasAttributes(Protocol):
    """A file of which only the attributes matter here."""

    @property
    def attributes(self) -> Attributes:
        """The file's attributes."""
        ...


Files = Sequence[HasAttributes | None]
"""Files by number; None has no attributes."""


class _Column:
    """The values of one key: a code for each file, shape (files,), and the code of each distinct value.

    A later column shares `known`, which only grows; this column's codes are those below `size`.
    """

    __slots__ = ("_ordered", "codes", "known", "size")

    def __init__(self, codes: NDArray[np.int32], known: dict[Identity, int]) -> None:
        self.codes = codes
        self.known = known
        self.size = len(known)
        self._ordered: dict[str, tuple[list[Any], NDArray[np.int32]]] = {}

    def changed(self, total: int, changes: Iterable[tuple[int, Identity]]) -> _Column:
        """Returns the column of `total` files in which these files have other values, given by number."""
        codes = np.empty(total, np.int32)
        codes[: len(self.codes)] = self.codes
        for number, value in changes:
            codes[number] = self.known.setdefault(value, len(self.known))
        return _Column(codes, self.known)

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
    """The attributes of files by number. Any number of threads may read it; one at a time may derive another table."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._columns: dict[str, _Column] = {}

    def changed(self, files: Files, numbers: Iterable[int]) -> AttributeTable:
        """Returns a table of these files, which are those of this table except for the files with these numbers.

        Numbers beyond the end of this table must be among them. Columns are updated, not built again.
        """
        table, total, changed = AttributeTable(files), len(files), tuple(numbers)
        for key, column in self._columns.copy().items():
            if column.size <= 2 * total + _SPARE_VALUES:
                values = ((number, identity(_attribute(files[number], key))) for number in changed)
                table._columns[key] = column.changed(total, values)
        return table

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
        result = np.full(len(self._files), condition.operator == "and")
        for inner in condition.filters:
            combine(result, self._matching(inner), out=result)
        return result

    def _column(self, key: str) -> _Column:
        column = self._columns.get(key)
        if column is None:
            known: dict[Identity, int] = {}
            values = (identity(_attribute(file, key)) for file in self._files)
            codes = np.fromiter((known.setdefault(value, len(known)) for value in values), np.int32, len(self._files))
            column = _Column(codes, known)
            # A new dict, because another thread may read the old one.
            self._columns = {**dict(list(self._columns.items())[1 - _KEYS :]), key: column}
        return column


def _attribute(file: HasAttributes | None, key: str) -> object:
    return None if file is None else file.attributes.get(key)
