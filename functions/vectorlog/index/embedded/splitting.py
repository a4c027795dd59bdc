"""Splits a segment in memory that has several times as many rows as a full one: the only segment of a store that was
made before there were segments.

Its newest rows become a segment of their own, which is sealed before the next are cut off. So every step is a small
transaction, and takes the memory of one full segment more. Runs of postings stay whole: a segment is cut where one
begins, so only those of the rows that are cut off are written again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from sqlite3 import Connection

import numpy as np

from vectorlog.index.embedded.compaction import live_rows, without_dead_rows
from vectorlog.index.embedded.rows import FORMAT
from vectorlog.index.embedded.segment import Columns, Segment
from vectorlog.index.embedded.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a segment is cut: at this row, from which on the postings are those of `runs` and later ones."""

    row: int
    runs: int


def cut_of(segment: Segment, full: int) -> Cut | None:
    """Returns where to cut off about `full` rows, the newest ones. None if the segment is not much larger, or cannot be
    cut, because runs of postings or vectors belong to rows on both sides of each border.
    """
    size = len(segment.rows)
    if size < 2 * full or segment.sealed is not None:
        return None
    borders = _borders(segment)
    small = [each for each in borders if size - each.row <= full]
    large = [each for each in reversed(borders) if size - each.row > full]
    return next((each for each in (*small, *large) if _has_own_vectors(segment, each.row)), None)


def newest_rows(segment: Segment, cut: Cut) -> Segment:
    """Returns the live rows behind a cut, as a segment in memory."""
    return live_rows([_tail(segment, cut)])


def split(connection: Connection, old: Snapshot, segment: Segment, cut: Cut, newest: Segment) -> Snapshot:
    """Returns the store with a segment in two, of which the second is `newest`: the `newest_rows`."""
    place = old.segments.index(segment)
    head, tail = _head(segment, cut), _tail(segment, cut)
    connection.execute("insert or ignore into segment(store, first) values(?, ?)", (old.key, segment.first))
    connection.execute(
        "delete from postings where id in"
        " (select id from postings where store = ? and segment = ? order by id desc limit ?)",
        (old.key, segment.first, len(segment.runs) - cut.runs),
    )
    _shorten_block(connection, old.key, head, tail.first)
    halves = (*old.segments[:place], head, tail, *old.segments[place + 1 :])
    return without_dead_rows(connection, replace(old, segments=halves), [tail], newest)


def _borders(segment: Segment) -> list[Cut]:
    """Returns the rows at which runs of postings begin, in ascending order, if no run has rows on both sides."""
    runs = [(i, int(run.rows.min()), int(run.rows.max())) for i, run in enumerate(segment.runs) if len(run.rows)]
    if not runs:
        return []
    ends = np.maximum.accumulate([end for _, _, end in runs])
    begins = np.minimum.accumulate([begin for _, begin, _ in runs][::-1])[::-1]
    return [Cut(int(begins[i]), runs[i][0]) for i in range(1, len(runs)) if ends[i - 1] < begins[i]]


def _has_own_vectors(segment: Segment, row: int) -> bool:
    """Whether the rows from `row` on share no vector with those before."""
    windows, counts = segment.rows["window"], segment.rows["windows"]
    return int((windows[:row] + counts[:row]).max()) <= int(windows[row]) <= int(windows[row:].min())


def _head(segment: Segment, cut: Cut) -> Segment:
    vectors = segment.vectors(slice(0, int(segment.rows["window"][cut.row])))
    columns = Columns(segment.rows[: cut.row], vectors)
    return Segment.in_memory(segment.first, columns, segment.live[: cut.row], segment.runs[: cut.runs])


def _tail(segment: Segment, cut: Cut) -> Segment:
    rows = segment.rows[cut.row :].copy()
    begin = int(rows["window"][0])
    rows["window"] -= begin
    numbers = np.arange(-cut.row, len(rows), dtype=np.int32)
    runs = tuple(run.renumbered(numbers) for run in segment.runs[cut.runs :])
    columns = Columns(rows, segment.vectors(slice(begin, None)))
    return Segment.in_memory(segment.first + cut.row, columns, segment.live[cut.row :], runs)


def _shorten_block(connection: Connection, key: int | None, head: Segment, end: int) -> None:
    """Writes what `head` has of the block that goes beyond its `end`, if there is one."""
    within = (key, head.first, end)
    (first,) = connection.execute(
        "select max(first) from block where store = ? and first between ? and ?", within
    ).fetchone()
    if first == end:
        return
    (before,) = connection.execute(
        "select coalesce(sum(length(vectors)), 0) from block where store = ? and first >= ? and first < ?",
        (key, head.first, first),
    ).fetchone()
    vectors = head.vectors(slice(None))
    kept = vectors[before // (2 * vectors.shape[1]) :].astype(np.float16)
    connection.execute(
        "update block set rows = ?, vectors = ?, format = ? where store = ? and first = ?",
        (head.rows[first - head.first :].tobytes(), kept.tobytes(), FORMAT, key, first),
    )
