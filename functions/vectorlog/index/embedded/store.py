"""Reads a store of the embedded index from the database, and changes it within a transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from sqlite3 import Connection

import numpy as np
from numpy.typing import NDArray

from vectorlog.domain.vectors import Chunk, Space
from vectorlog.domain.window_runs import row_of
from vectorlog.index.analyser.terms import terms
from vectorlog.index.chunk_index import FileChunks
from vectorlog.index.embedded.compaction import compacted
from vectorlog.index.embedded.files import Files
from vectorlog.index.embedded.postings import Postings, invert, key, merge, merge_due
from vectorlog.index.embedded.snapshot import FORMAT, ROW, Column, Snapshot, read_rows


@dataclass(frozen=True, slots=True)
class Entry:
    """A chunk prepared outside any lock: what is shown of it, the terms that find it, and its vectors in float16, as
    used for all scores.
    """

    n: int
    text: str
    vectors: NDArray[np.float16]
    digest: int
    terms: Counter[int]
    location: str | None


def entry(chunk: Chunk, dimensions: int) -> Entry:
    """Prepares a chunk for the index.

    Raises:
        ValueError: the chunk has no vector, or a vector is not finite or has other dimensions.
    """
    if not chunk.vectors or any(len(vector) != dimensions for vector in chunk.vectors):
        raise ValueError(f"Chunk {chunk.n} needs vectors of {dimensions} dimensions, at least one.")
    vectors = np.asarray(chunk.vectors, np.float32).astype(np.float16)
    if not np.isfinite(vectors).all():
        raise ValueError(f"Chunk {chunk.n} has a vector that is not finite.")
    digest = blake2b(chunk.shown.encode(), digest_size=8)
    if chunk.searched != chunk.shown:
        digest.update(chunk.searched.encode())
    digest.update(vectors.tobytes())
    location = None
    if chunk.location is not None:
        location = json.dumps(chunk.location.code, ensure_ascii=False, separators=(",", ":"))
        digest.update(location.encode())
    number = int.from_bytes(digest.digest(), "little")
    counts = Counter({key(term): count for term, count in terms(chunk.searched).items()})
    return Entry(chunk.n, chunk.shown, vectors, number, counts, location)


def load(connection: Connection, space: Space, name: str) -> Snapshot:
    """Reads a store, as visible to the connection."""
    record = connection.execute(
        "select key from store where model = ? and dimensions = ? and name = ?", (space.model, space.dimensions, name)
    ).fetchone()
    store_key: int | None = record[0] if record else None
    blocks = connection.execute(
        "select rows, vectors, format from block where store = ? order by first", (store_key,)
    ).fetchall()
    rows = read_rows(blocks, space.dimensions)
    vectors = (
        np.frombuffer(b"".join(block[1] for block in blocks), np.float16)
        .reshape(-1, space.dimensions)
        .astype(np.float32)
    )
    segments = connection.execute("select data from postings where store = ? order by id", (store_key,))
    postings = tuple(Postings.from_bytes(data) for (data,) in segments)
    files = Files.read(connection, store_key, rows["file"])
    return Snapshot.of(store_key, Column(rows), Column(vectors), _live(rows, files), files, postings)


def add(
    connection: Connection, space: Space, name: str, old: Snapshot, parts: Sequence[tuple[FileChunks, Sequence[Entry]]]
) -> Snapshot:
    """Returns the store with these chunks added or replaced.

    It extends the arrays of `old` in place, so `old` must be the latest snapshot.
    """
    store_key = old.key if old.key is not None else _create(connection, space, name)
    files, numbers = old.files.recorded(connection, store_key, [part for part, _ in parts])
    new: dict[tuple[int, int], Entry] = {}
    for number, (_, entries) in zip(numbers, parts, strict=True):
        new.update({(number, each.n): each for each in entries})
    live = _replace(connection, old, new)
    segments = old.segments
    if new:
        first = len(old.rows)
        starts, packed = row_of([[vector.tobytes() for vector in each.vectors] for each in new.values()])
        rows = _rows(connection, store_key, [len(old.vectors) + start for start in starts], new)
        block = b"".join(packed)
        vectors = np.frombuffer(block, np.float16).reshape(-1, space.dimensions)
        connection.execute("insert into block values(?, ?, ?, ?, ?)", (store_key, first, rows.tobytes(), block, FORMAT))
        segments = _index(connection, store_key, old.segments, invert([each.terms for each in new.values()], first))
        old.row_column.extend(rows)
        old.vector_column.extend(vectors.astype(np.float32))
        live = np.concatenate([live, np.ones(len(rows), bool)])
    changed = Snapshot.of(store_key, old.row_column, old.vector_column, live, files, segments)
    return compacted(connection, changed)


def retag(connection: Connection, space: Space, name: str, old: Snapshot, part: FileChunks) -> Snapshot:
    """Returns the store with other attributes for a generation of a file, including chunks that are added later."""
    store_key = old.key if old.key is not None else _create(connection, space, name)
    files, _ = old.files.recorded(connection, store_key, [part])
    if files is old.files:
        return old
    return replace(old, key=store_key, files=files, nbytes=old.nbytes - old.files.nbytes + files.nbytes)


def remove(connection: Connection, old: Snapshot, name: str, generation: int | None) -> Snapshot:
    """Returns the store without a file (all generations if None), or without one generation of it."""
    found = old.files.generations(name)
    removed = [number for each, number in found.items() if generation in (None, each)]
    if not removed:
        return old
    connection.executemany("delete from file where store = ? and number = ?", [(old.key, number) for number in removed])
    files = old.files.without(removed, old.rows["file"])
    live = old.live & ~np.isin(old.rows["file"], removed)
    changed = Snapshot.of(old.key, old.row_column, old.vector_column, live, files, old.segments)
    return compacted(connection, changed)


def remove_store(connection: Connection, space: Space, name: str) -> None:
    """Deletes a store and everything in it."""
    connection.execute(
        "delete from store where model = ? and dimensions = ? and name = ?", (space.model, space.dimensions, name)
    )


def _create(connection: Connection, space: Space, name: str) -> int:
    """Inserts the store into the database and returns its key."""
    cursor = connection.execute(
        "insert into store(model, dimensions, name) values(?, ?, ?)", (space.model, space.dimensions, name)
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _replace(connection: Connection, old: Snapshot, new: dict[tuple[int, int], Entry]) -> NDArray[np.bool_]:
    """Removes unchanged chunks from `new`, and returns `old.live` with the rows of changed chunks marked as dead."""
    existing = sorted({number for number, _ in new if number < len(old.files.listed)})
    if not existing:
        return old.live
    live = old.live.copy()
    for place in np.flatnonzero(live & np.isin(old.rows["file"], existing)).tolist():
        row = old.rows[place]
        chunk = int(row["file"]), int(row["n"])
        if chunk not in new:
            continue
        if new[chunk].digest == int(row["digest"]):
            del new[chunk]
        else:
            live[place] = False
            connection.execute("delete from text where id = ?", (int(row["text"]),))
    return live


def _rows(
    connection: Connection, store: int, starts: Sequence[int], new: dict[tuple[int, int], Entry]
) -> NDArray[np.void]:
    """Stores the texts and returns the rows of the chunks; the vectors of each begin at its index in `starts`."""
    rows = np.empty(len(new), ROW)
    for i, ((number, n), each) in enumerate(new.items()):
        text = connection.execute(
            "insert into text(store, file, body, location) values(?, ?, ?, ?)",
            (store, number, each.text, each.location),
        ).lastrowid
        rows[i] = (text, each.digest, number, n, starts[i], each.terms.total(), len(each.vectors))
    return rows


def _index(connection: Connection, store: int, segments: tuple[Postings, ...], more: Postings) -> tuple[Postings, ...]:
    """Stores another segment, merged with earlier ones if that is due, and returns all segments."""
    merged = (*segments, more)
    while run := merge_due([len(segment.rows) for segment in merged]):
        merged = (*merged[:-run], merge(merged[-run:]))
    replaced = len(segments) + 1 - len(merged)
    connection.execute(
        "delete from postings where id in (select id from postings where store = ? order by id desc limit ?)",
        (store, replaced),
    )
    connection.execute("insert into postings(store, data) values(?, ?)", (store, merged[-1].to_bytes()))
    return merged


def _live(rows: NDArray[np.void], files: Files) -> NDArray[np.bool_]:
    """Returns whether each row is live: its file exists and no later row has the same (file, n)."""
    present = np.array([file is not None for file in files.listed], bool)
    _, last = np.unique((rows["file"].astype(np.int64) << 32 | rows["n"])[::-1], return_index=True)
    live = np.zeros(len(rows), bool)
    live[len(rows) - 1 - last] = True
    live &= present[rows["file"]]
    return live
