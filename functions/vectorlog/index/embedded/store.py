"""Changes a store of the embedded index within a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from sqlite3 import Connection

import numpy as np
from numpy.typing import NDArray

from vectorlog.domain.vectors import Space
from vectorlog.domain.window_runs import row_of
from vectorlog.index.chunk_index import FileChunks
from vectorlog.index.embedded.compaction import compacted
from vectorlog.index.embedded.entry import Entry
from vectorlog.index.embedded.files import generations
from vectorlog.index.embedded.postings import Postings, invert, merge, merge_due
from vectorlog.index.embedded.rows import FORMAT, ROW
from vectorlog.index.embedded.sealed import dead_bits
from vectorlog.index.embedded.segment import Segment
from vectorlog.index.embedded.snapshot import Snapshot
from vectorlog.index.embedded.store_state import Place


def add(
    connection: Connection,
    place: Place,
    space: Space,
    name: str,
    old: Snapshot,
    parts: Sequence[tuple[FileChunks, Sequence[Entry]]],
) -> Snapshot:
    """Returns the store with these chunks added or replaced.

    It extends the arrays of `old` in place, so `old` must be the latest snapshot.
    """
    key = old.key if old.key is not None else _create(connection, space, name)
    files, numbers = old.files.recorded(connection, key, [part for part, _ in parts])
    new: dict[tuple[int, int], Entry] = {}
    for number, (_, entries) in zip(numbers, parts, strict=True):
        new.update({(number, each.n): each for each in entries})
    changed = replace(_replaced(connection, replace(old, key=key), new), files=files)
    if not new:
        return compacted(connection, changed)
    changed = _with_room(connection, key, space, changed, place.full)
    last = changed.segments[-1]
    assert last.columns is not None
    starts, packed = row_of([[vector.tobytes() for vector in each.vectors] for each in new.values()])
    rows = _rows(connection, key, [last.windows + start for start in starts], new)
    block = b"".join(packed)
    connection.execute(
        "insert into block(store, first, rows, vectors, format) values(?, ?, ?, ?, ?)",
        (key, last.first + len(last.rows), rows.tobytes(), block, FORMAT),
    )
    runs = _index(connection, key, last, invert([each.terms for each in new.values()], len(last.rows)))
    last.columns.extend(rows, np.frombuffer(block, np.float16).reshape(-1, space.dimensions).astype(np.float32))
    files.numbers.add_rows([number for number, _ in new])
    live = np.concatenate([last.live, np.ones(len(rows), bool)])
    grown = Segment.in_memory(last.first, last.columns, live, runs)
    return compacted(connection, changed.having({len(changed.segments) - 1: grown}))


def retag(connection: Connection, space: Space, name: str, old: Snapshot, part: FileChunks) -> Snapshot:
    """Returns the store with other attributes for a generation of a file, including chunks that are added later."""
    key = old.key if old.key is not None else _create(connection, space, name)
    files, _ = old.files.recorded(connection, key, [part])
    return old if files is old.files else replace(old, key=key, files=files)


def remove(connection: Connection, old: Snapshot, name: str, generation: int | None) -> Snapshot:
    """Returns the store without a file (all generations if None), or without one generation of it."""
    removed = [number for each, number in generations(connection, old.key, name).items() if generation in (None, each)]
    if not removed:
        return old
    texts = [
        text
        for number in removed
        for (text,) in connection.execute("select id from text where store = ? and file = ?", (old.key, number))
    ]
    connection.executemany("delete from file where store = ? and number = ?", [(old.key, number) for number in removed])
    changed = _without(connection, old, texts)
    return compacted(connection, replace(changed, files=old.files.without(removed)))


def _create(connection: Connection, space: Space, name: str) -> int:
    """Inserts the store into the database and returns its key."""
    cursor = connection.execute(
        "insert into store(model, dimensions, name) values(?, ?, ?)", (space.model, space.dimensions, name)
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _with_room(connection: Connection, key: int, space: Space, old: Snapshot, full: int) -> Snapshot:
    """Returns the store with a last segment to which rows can be added."""
    last = old.segments[-1] if old.segments else None
    if last is not None and last.columns is not None and len(last.rows) < full:
        return old
    first = last.first + len(last.rows) if last else 0
    segments = (*old.segments, Segment.empty(first, space.dimensions))
    connection.executemany(  # a store of an earlier version may have no record of its only segment
        "insert or ignore into segment(store, first) values(?, ?)", [(key, each.first) for each in segments[-2:]]
    )
    return replace(old, segments=segments)


def _replaced(connection: Connection, old: Snapshot, new: dict[tuple[int, int], Entry]) -> Snapshot:
    """Removes unchanged chunks from `new`, and returns the store without the rows of changed chunks."""
    wanted: dict[int, list[int]] = {}
    for number, n in new:
        wanted.setdefault(number, []).append(n)
    texts = [
        text
        for number, ns in wanted.items()
        if number < old.files.size
        for (text,) in connection.execute(
            "select id from text where store = ? and file = ? and (n between ? and ? or n is null)",
            (old.key, number, min(ns), max(ns)),
        )
    ]
    changed = list[int]()
    for i, places in old.places(sorted(texts)):
        for row in old.segments[i].rows[places]:
            chunk = int(row["file"]), int(row["n"])
            if chunk not in new:
                continue
            if new[chunk].digest == int(row["digest"]):
                del new[chunk]
            else:
                changed.append(int(row["text"]))
    connection.executemany("delete from text where id = ?", [(text,) for text in changed])
    return _without(connection, old, changed)


def _without(connection: Connection, old: Snapshot, texts: Sequence[int]) -> Snapshot:
    """Returns the store with the rows of these texts marked as dead."""
    touched: dict[int, Segment] = {}
    for i, places in old.places(sorted(texts)):
        live = old.segments[i].live.copy()
        live[places] = False
        touched[i] = old.segments[i].having(live)
        connection.execute(  # also one whose file is lost, and which is in memory for now
            "update segment set dead = ? where store = ? and first = ? and file is not null",
            (dead_bits(touched[i]), old.key, touched[i].first),
        )
    return old.having(touched)


def _rows(
    connection: Connection, key: int, starts: Sequence[int], new: dict[tuple[int, int], Entry]
) -> NDArray[np.void]:
    """Stores the texts and returns the rows of the chunks; the vectors of each begin at its index in `starts`."""
    rows = np.empty(len(new), ROW)
    for i, ((number, n), each) in enumerate(new.items()):
        text = connection.execute(
            "insert into text(store, file, body, location, n) values(?, ?, ?, ?, ?)",
            (key, number, each.text, each.location, n),
        ).lastrowid
        rows[i] = (text, each.digest, number, n, starts[i], each.terms.total, len(each.vectors))
    return rows


def _index(connection: Connection, key: int, segment: Segment, more: Postings) -> tuple[Postings, ...]:
    """Stores another run of a segment, merged with earlier ones if that is due, and returns all runs."""
    merged = (*segment.runs, more)
    while run := merge_due([len(each.rows) for each in merged]):
        merged = (*merged[:-run], merge(merged[-run:]))
    replaced = len(segment.runs) + 1 - len(merged)
    connection.execute(
        "delete from postings where id in"
        " (select id from postings where store = ? and segment = ? order by id desc limit ?)",
        (key, segment.first, replaced),
    )
    connection.execute(
        "insert into postings(store, segment, data) values(?, ?, ?)", (key, segment.first, merged[-1].to_bytes())
    )
    return merged
