"""Removes the dead rows of a store from memory and disk."""

from __future__ import annotations

from sqlite3 import Connection

import numpy as np

from vectorlog.index.embedded.snapshot import Column, Snapshot

_BLOCK = 16_384
"""Maximum number of rows in a rewritten block, which keeps its blobs far below SQLite's limit of 1 GB."""
_DEAD = 1_024
"""Number of dead rows up to which a store is not compacted."""


def compacted(connection: Connection, old: Snapshot) -> Snapshot:
    """Returns the store without its dead rows, or `old` if they are few or no more than the live ones.

    Texts and files keep their ids, and the numbers of removed files become free.
    """
    live = int(np.count_nonzero(old.live))
    return old if len(old.rows) - live <= max(_DEAD, live) else without_dead_rows(connection, old)


def without_dead_rows(connection: Connection, old: Snapshot) -> Snapshot:
    """Returns the store without its dead rows, or `old` if it has none."""
    kept = np.flatnonzero(old.live)
    if len(kept) == len(old.rows):
        return old
    new_rows = np.full(len(old.rows), -1, np.int32)
    new_rows[kept] = np.arange(len(kept), dtype=np.int32)
    ends = np.append(old.rows["window"][1:], len(old.vectors))
    windows = ends - old.rows["window"]
    vectors = old.vectors[np.repeat(old.live, windows)]
    rows = old.rows[kept]
    rows["window"] = np.cumsum(windows[kept]) - windows[kept]
    segments = tuple(segment.renumbered(new_rows) for segment in old.segments)
    connection.execute("delete from block where store = ?", (old.key,))
    connection.execute("delete from postings where store = ?", (old.key,))
    for first in range(0, len(rows), _BLOCK):
        part = rows[first : first + _BLOCK]
        end = int(part["window"][-1]) + int(windows[kept[first + len(part) - 1]])
        data = vectors[int(part["window"][0]) : end].astype(np.float16).tobytes()
        connection.execute("insert into block values(?, ?, ?, ?)", (old.key, first, part.tobytes(), data))
    connection.executemany(
        "insert into postings(store, data) values(?, ?)", [(old.key, segment.to_bytes()) for segment in segments]
    )
    files = old.files.compacted(rows["file"])
    return Snapshot.of(old.key, Column(rows), Column(vectors), np.ones(len(rows), bool), files, segments)
