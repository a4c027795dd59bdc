"""The attributes of a store's files in columns, so that a filter is evaluated per distinct value, not per file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vectorlog.domain.filters import Attributes, Compound, Filter, Scalar, matches

_KEYS = 64
"""Maximum number of cached columns; others are built again when a filter uses their key."""


@dataclass(frozen=True, slots=True)
class _Column:
    """The values of one key: a code for each file, shape (files,), and the code of each distinct value."""

    codes: NDArray[np.int32]
    values: dict[tuple[type, Scalar | None], int]


class AttributeTable:
    """The attributes of files by number. Any number of threads may read it."""

    def __init__(self, files: Sequence[Attributes]) -> None:
        self._files = files
        self._columns: dict[str, _Column] = {}

    def extended(self, files: Sequence[Attributes]) -> AttributeTable:
        """Returns a table of these files, which begin with the files of this table, so that its columns are reused."""
        table = AttributeTable(files)
        table._columns = self._columns.copy()
        return table

    def matching(self, condition: Filter) -> NDArray[np.bool_]:
        """Returns whether each file satisfies the filter, shape (files,)."""
        if isinstance(condition, Compound):
            combine = np.logical_and if condition.operator == "and" else np.logical_or
            result = np.full(len(self._files), condition.operator == "and")
            for inner in condition.filters:
                combine(result, self.matching(inner), out=result)
            return result
        column = self._column(condition.key)
        satisfied = [matches(condition, {} if value is None else {condition.key: value}) for _, value in column.values]
        return np.array(satisfied, bool)[column.codes]

    def _column(self, key: str) -> _Column:
        known = self._columns.get(key, _Column(np.empty(0, np.int32), {}))
        if len(known.codes) == len(self._files):
            return known
        values = known.values.copy()
        added = (attributes.get(key) for attributes in self._files[len(known.codes) :])
        # The type is part of the key, because 1, 1.0 and True are equal as keys of a dict.
        codes = [values.setdefault((type(value), value), len(values)) for value in added]
        column = _Column(np.concatenate([known.codes, np.array(codes, np.int32)]), values)
        columns = dict(list(self._columns.items())[1 - _KEYS :])
        columns[key] = column
        self._columns = columns
        return column
