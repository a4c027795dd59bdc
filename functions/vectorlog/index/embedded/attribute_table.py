"""Attributes of a store's files by key, so that a filter looks at each distinct value once and not at each file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vectorlog.domain.filters import Attributes, Compound, Filter, Scalar, matches

_KEYS = 64
"""Columns that are kept; others are made again when a filter names their key."""


@dataclass(frozen=True, slots=True)
class _Column:
    """What each file has under one key: codes of shape (files,), and the code of each distinct value."""

    codes: NDArray[np.int32]
    values: dict[tuple[type, Scalar | None], int]


class AttributeTable:
    """The attributes of files that are given by number. Any number of threads may read it."""

    def __init__(self, files: Sequence[Attributes]) -> None:
        self._files = files
        self._columns: dict[str, _Column] = {}

    def grown(self, files: Sequence[Attributes]) -> AttributeTable:
        """The table of these files, the first of which are those of this table; it goes on from the columns that are
        there.
        """
        table = AttributeTable(files)
        table._columns = self._columns.copy()
        return table

    def matching(self, condition: Filter) -> NDArray[np.bool_]:
        """Whether each file satisfies the filter, shape (files,)."""
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
        found = (attributes.get(key) for attributes in self._files[len(known.codes) :])
        # The type is part of the value: to a dict, 1, 1.0 and True are one key.
        codes = [values.setdefault((type(value), value), len(values)) for value in found]
        column = _Column(np.concatenate([known.codes, np.array(codes, np.int32)]), values)
        columns = dict(list(self._columns.items())[1 - _KEYS :])
        columns[key] = column
        self._columns = columns
        return column
