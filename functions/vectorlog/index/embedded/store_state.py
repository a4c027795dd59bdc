"""Reads the state of a store from the database, and seals its segments."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from sqlite3 import Connection

import numpy as np
from numpy.typing import NDArray

from vectorlog.domain.errors import NoSpace
from vectorlog.domain.vectors import Space
from vectorlog.index.embedded import sealed
from vectorlog.index.embedded.files import Files
from vectorlog.index.embedded.postings import Postings
from vectorlog.index.embedded.rows import ROW, read_rows
from vectorlog.index.embedded.segment import Columns, Segment
from vectorlog.index.embedded.snapshot import Snapshot

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the stores are.

    Attributes:
        reader: returns a connection for the attributes that a later search needs.
        write: runs a transaction; None if nothing may be written.
        sealed: the folder of the files of sealed segments.
        full: rows from which a segment is not added to any more.
    """

    reader: Callable[[], Connection]
    write: Callable[[Callable[[Connection], object]], object] | None
    sealed: Path
    full: int


def load(connection: Connection, place: Place, space: Space, name: str) -> Snapshot:
    """Reads a store, as visible to the connection, which is to see one state. The file of a segment that is missing or
    damaged is made anew, which is logged.
    """
    record = connection.execute(
        "select key, centre from store where model = ? and dimensions = ? and name = ?",
        (space.model, space.dimensions, name),
    ).fetchone()
    key, packed = record or (None, None)
    centre = None if packed is None else np.frombuffer(packed, np.float32)
    records: list[tuple[int, str | None, bytes | None]] = connection.execute(
        "select first, file, dead from segment where store = ? order by first", (key,)
    ).fetchall() or [(0, None, None)]
    ends = [*(first for first, _, _ in records[1:]), 1 << 62]
    segments = []
    for (first, file, dead), end in zip(records, ends, strict=True):
        if file is None:
            segments.append(_in_memory(connection, key, first, end, space.dimensions, dead))
            continue
        try:
            segments.append(sealed.read(place.sealed / file, first, dead or b"", space.dimensions))
        except sealed.SealedFileDamaged as damage:
            _tell(place, name, damage)
            segment = _in_memory(connection, key, first, end, space.dimensions, dead)
            segments.append(_sealed_anew(place, key, segment, centre, space.dimensions))
    files = Files.read(connection, place.reader, key, [segment.rows["file"] for segment in segments])
    return _lively(Snapshot(key, tuple(segments), files, centre))


def seal(
    connection: Connection, place: Place, old: Snapshot, segment: Segment, name: str, centre: NDArray[np.float32]
) -> Snapshot:
    """Returns the store with a segment in the file of this name; `old` itself if the segment is no longer there, or has
    lost rows. Then the file is deleted.
    """
    for i, each in enumerate(old.segments):
        if each.first == segment.first and each.sealed is None and len(each.rows) == len(segment.rows):
            dead = sealed.dead_bits(each)
            read = sealed.read(place.sealed / name, each.first, dead, len(centre))
            connection.execute(
                "insert into segment(store, first, file, dead) values(?, ?, ?, ?)"
                " on conflict(store, first) do update set file = excluded.file, dead = excluded.dead",
                (old.key, each.first, name, dead),
            )
            connection.execute("update store set centre = ? where key = ?", (centre.tobytes(), old.key))
            return replace(old.having({i: read}), centre=centre)
    sealed.unlink(place.sealed, [name])
    return old


def sealed_files(connection: Connection) -> set[str]:
    """Returns the names of the files of all sealed segments."""
    return {name for (name,) in connection.execute("select file from segment where file is not null")}


def _tell(place: Place, name: str, damage: sealed.SealedFileDamaged) -> None:
    if place.write is not None:
        log.warning("Store %s: %s It is made anew from the database.", name, damage)
    else:  # perhaps the server that has the folder open has just replaced it
        log.info("Store %s: %s The database is read instead.", name, damage)


def _sealed_anew(
    place: Place, key: int | None, segment: Segment, centre: NDArray[np.float32] | None, dimensions: int
) -> Segment:
    """Returns a segment in a file again, if one can be written."""
    if place.write is None or key is None or centre is None:
        return segment
    try:
        name = sealed.write(place.sealed, key, segment, centre)
    except (NoSpace, OSError) as error:
        log.warning("Segment %s of store %s stays in memory: %s", segment.first, key, error)
        return segment
    statement = "update segment set file = ? where store = ? and first = ?"
    place.write(lambda connection: connection.execute(statement, (name, key, segment.first)))
    return sealed.read(place.sealed / name, segment.first, sealed.dead_bits(segment), dimensions)


def _in_memory(
    connection: Connection, key: int | None, first: int, end: int, dimensions: int, dead: bytes | None
) -> Segment:
    """Reads a segment; all of its rows are live but for the `dead` ones of a sealed segment."""
    blocks = connection.execute(
        "select rows, vectors, format from block where store = ? and first >= ? and first < ? order by first",
        (key, first, end),
    ).fetchall()
    rows = read_rows(blocks, dimensions)
    vectors = np.frombuffer(b"".join(block[1] for block in blocks), np.float16).reshape(-1, dimensions)
    runs = connection.execute("select data from postings where store = ? and segment = ? order by id", (key, first))
    postings = tuple(Postings.from_bytes(data) for (data,) in runs)
    live = np.ones(len(rows), bool)
    if dead is not None:
        live = ~np.unpackbits(np.frombuffer(dead, np.uint8), count=len(rows)).astype(bool)
    return Segment.in_memory(first, Columns(rows, vectors.astype(np.float32)), live, postings)


def _lively(read: Snapshot) -> Snapshot:
    """Returns the store with the dead rows of segments in memory marked: those without a file, and those that a later
    row replaced.
    """
    there = {i: segment for i, segment in enumerate(read.segments) if segment.sealed is None}
    rows = np.concatenate([np.empty(0, ROW), *(segment.rows for segment in there.values())])
    _, last = np.unique((rows["file"].astype(np.int64) << 32 | rows["n"])[::-1], return_index=True)
    live = np.zeros(len(rows), bool)
    live[len(rows) - 1 - last] = True
    live &= read.files.numbers.taken(rows["file"])
    if not there:
        return read
    borders = np.cumsum([len(segment.rows) for segment in there.values()])[:-1]
    parts = zip(there.items(), np.split(live, borders), strict=True)
    return read.having({i: segment.having(segment.live & part) for (i, segment), part in parts})
