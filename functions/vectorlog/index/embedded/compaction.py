"""Removes the dead rows of a store from memory and disk."""

from __future__ import annotations

from sqlite3 import Connection

import numpy as np

from vectorlog.index.embedded.snapshot import FORMAT, Column, Snapshot, run_indices

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
    rows = old.rows[kept]
    used = np.zeros(len(old.vectors), bool)
    used[run_indices(rows)[0]] = True
    vectors = old.vectors[used]
    rows["window"] = (np.cumsum(used) - 1)[rows["window"]]
    segments = tuple(segment.renumbered(new_rows) for segment in old.segments)
    connection.execute("delete from block where store = ?", (old.key,))
    connection.execute("delete from postings where store = ?", (old.key,))
    begin = 0
    for first in range(0, len(rows), _BLOCK):
        part = rows[first : first + _BLOCK]
        end = int((part["window"] + part["windows"]).max())
        data = vectors[begin:end].astype(np.float16).tobytes()
        connection.execute("insert into block values(?, ?, ?, ?, ?)", (old.key, first, part.tobytes(), data, FORMAT))
        begin = end
    connection.executemany(
        "insert into postings(store, data) values(?, ?)", [(old.key, segment.to_bytes()) for segment in segments]
    )
    files = old.files.compacted(rows["file"])
    return Snapshot.of(old.key, Column(rows), Column(vectors), np.ones(len(rows), bool), files, segments)
