"""Removes the dead rows of segments from memory and disk."""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection

import numpy as np

from vectorlog.index.embedded.rows import FORMAT, run_indices
from vectorlog.index.embedded.segment import Columns, Segment
from vectorlog.index.embedded.snapshot import Snapshot

_BLOCK = 16_384
"""Maximum number of rows in a rewritten block, which keeps its blobs far below SQLite's limit of 1 GB."""
_DEAD = 1_024
"""Number of dead rows up to which a segment is not compacted."""


def is_due(segment: Segment) -> bool:
    """Returns whether a segment has many dead rows, and more than live ones."""
    return segment.dead > max(_DEAD, len(segment.rows) - segment.dead)


def compacted(connection: Connection, old: Snapshot) -> Snapshot:
    """Returns the store without the dead rows of those segments in memory that have too many."""
    for segment in reversed(old.segments):
        if segment.sealed is None and is_due(segment):
            old = without_dead_rows(connection, old, [segment], live_rows([segment]))
    return old


def without_dead_rows(connection: Connection, old: Snapshot, run: Sequence[Segment], merged: Segment) -> Snapshot:
    """Returns the store with one segment in the place of these neighbours, whose `live_rows` it has; with none if all
    of their rows are dead. Texts and files keep their ids.
    """
    place = old.segments.index(run[0])
    end = run[-1].first + max(len(run[-1].rows), 1)
    firsts = [segment.first for segment in run]
    connection.execute("delete from block where store = ? and first >= ? and first < ?", (old.key, firsts[0], end))
    for table, column in (("postings", "segment"), ("segment", "first")):
        connection.executemany(
            f"delete from {table} where store = ? and {column} = ?", [(old.key, first) for first in firsts]
        )
    if len(merged.rows):
        _insert(connection, old.key, merged)
    for segment in run:
        old.files.numbers.drop_rows(segment.rows["file"][~segment.live])
    kept = (merged,) if len(merged.rows) else ()
    segments = (*old.segments[:place], *kept, *old.segments[place + len(run) :])
    return Snapshot(old.key, segments, old.files, old.centre)


def live_rows(run: Sequence[Segment]) -> Segment:
    """Returns a segment in memory with the live rows of these neighbours."""
    rows, vectors, postings = [], [], []
    count = windows = 0
    for segment in run:
        kept = np.flatnonzero(segment.live)
        new_rows = np.full(len(segment.rows), -1, np.int32)
        new_rows[kept] = np.arange(count, count + len(kept), dtype=np.int32)
        some = segment.rows[kept]
        used = np.zeros(segment.windows, bool)
        used[run_indices(some)[0]] = True
        some["window"] = (np.cumsum(used) - 1)[some["window"]] + windows
        rows.append(some)
        vectors.append(segment.vectors(used))
        postings += [each.renumbered(new_rows) for each in segment.runs]
        count += len(kept)
        windows += len(vectors[-1])
    columns = Columns(np.concatenate(rows), np.concatenate(vectors))
    return Segment.in_memory(run[0].first, columns, np.ones(count, bool), tuple(postings))


def _insert(connection: Connection, key: int | None, segment: Segment) -> None:
    connection.execute("insert into segment(store, first) values(?, ?)", (key, segment.first))
    begin = 0
    for first in range(0, len(segment.rows), _BLOCK):
        part = segment.rows[first : first + _BLOCK]
        end = int((part["window"] + part["windows"]).max())
        data = segment.vectors(slice(begin, end)).astype(np.float16).tobytes()
        connection.execute(
            "insert into block(store, first, rows, vectors, format) values(?, ?, ?, ?, ?)",
            (key, segment.first + first, part.tobytes(), data, FORMAT),
        )
        begin = end
    connection.executemany(
        "insert into postings(store, segment, data) values(?, ?, ?)",
        [(key, segment.first, each.to_bytes()) for each in segment.runs],
    )
