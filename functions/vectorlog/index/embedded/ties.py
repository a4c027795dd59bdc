"""Which of many rows with equal scores come first.

A store may hold a text as often as it has files, and every search for it then meets as many ties. So neither their
texts are read for this nor, mostly, the names of their files.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from sqlite3 import Connection

import numpy as np
from numpy.typing import NDArray

from vectorlog.index.embedded.snapshot import Snapshot

_WALKED = 20_000
"""Of so many files, in the order of the store's list, it is looked whether they have ties: some 15 ms."""
_FEW = 2_000
"""So many files are looked up at once."""

Rows = tuple[int, NDArray[np.intp]]
"""The place of a segment, and rows in it."""


class TextsRemoved(Exception):
    """A text of this snapshot was deleted since; a newer snapshot does not have it."""


def first_of(snapshot: Snapshot, ties: Sequence[Rows], count: int, connection: Connection) -> list[Rows]:
    """Returns the first `count` of these rows in the order of ties: by the file's row in the store's list, its name,
    its generation, and n. All of them have the same score.

    Raises:
        TextsRemoved: see there.
    """
    if count <= 0:
        return []
    has = np.zeros(snapshot.files.size, bool)
    for i, rows in ties:
        has[snapshot.segments[i].rows["file"][rows]] = True
    files = np.flatnonzero(has)
    chosen = _walked(snapshot.key, has, count, connection) if len(files) > _FEW else None
    ranks = np.full(snapshot.files.size, -1, np.int64)
    ordered = _ordered(snapshot.key, files.tolist() if chosen is None else chosen, connection)[:count]
    ranks[ordered] = np.arange(len(ordered))
    kept = [(i, rows[ranks[snapshot.segments[i].rows["file"][rows]] >= 0]) for i, rows in ties]
    parts = [(i, rows, snapshot.segments[i].rows[rows]) for i, rows in kept]
    keys = np.concatenate([np.empty(0, np.int64), *(ranks[each["file"]] << 32 | each["n"] for _, _, each in parts)])
    last = np.sort(keys)[min(count, len(keys)) - 1] if len(keys) else -1
    return [(i, rows[(ranks[each["file"]] << 32 | each["n"]) <= last]) for i, rows, each in parts]


def _walked(key: int | None, has: NDArray[np.bool_], count: int, connection: Connection) -> list[int] | None:
    """Returns the numbers of files with ties, the first `count` of the store's list among them; None if they are not
    among the first files of the list.
    """
    found, reached = list[int](), ""
    walk = connection.execute("select number, row from file where store = ? order by row", (key,))
    for number, row in islice(walk, _WALKED):
        if len(found) >= count and row != reached:
            return found
        if number < len(has) and has[number]:
            found.append(number)
            reached = row
    return None


def _ordered(key: int | None, numbers: Sequence[int], connection: Connection) -> list[int]:
    """Returns the numbers in the order of their files."""
    places = connection.execute(
        "select file.row, name, generation, number from json_each(?) asked"
        " cross join file on file.store = ? and file.number = asked.value",
        (json.dumps(numbers), key),
    ).fetchall()
    if len(places) < len(numbers):
        raise TextsRemoved
    return [number for *_, number in sorted(places)]
