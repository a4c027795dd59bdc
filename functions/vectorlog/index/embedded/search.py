"""Search in the snapshot of one store."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from sqlite3 import Connection

import numpy as np
from numpy.typing import NDArray

from vectorlog.domain.location import decoded
from vectorlog.index.analyser.terms import query_terms
from vectorlog.index.chunk_index import Hit, Query, SearchResult
from vectorlog.index.embedded.files import named
from vectorlog.index.embedded.nearest import cosines, nearest
from vectorlog.index.embedded.snapshot import Snapshot
from vectorlog.index.embedded.ties import TextsRemoved, first_of
from vectorlog.index.embedded.words import Words

_EVERY = np.iinfo(np.int32).max
"""More chunks than any file has."""

_TIES = 64
"""So many rows that tie with the last hits are read with their texts; of more, the first ones are found before."""

_Row = tuple[int, int]
"""The place of a segment, and a row in it."""


class IndexDamaged(Exception):
    """A row refers to a text that does not exist."""


def search(snapshot: Snapshot, query: Query, connection: Connection) -> SearchResult:
    """Returns the best hits by cosine and by BM25 among those that the query allows, with both scores.

    Ties are in the order of their files in the store's list, then of generation and n.

    Raises:
        TextsRemoved: see there.
    """
    segments = snapshot.segments
    allowed = _allowed(snapshot, query, connection)
    vector = None if query.vector is None else np.asarray(query.vector, np.float32)
    words = None if query.text is None else Words.of(snapshot, query_terms(query.text))
    by_vector: dict[_Row, float] = {}
    by_text: dict[_Row, float] = {}
    if vector is not None:
        near = _best(
            snapshot, nearest(segments, allowed, snapshot.centre, vector, query.limit), query.limit, connection
        )
        by_vector = {row: min(max(cosine, -1.0), 1.0) for row, cosine in near.items()}
    if words is not None:
        by_text = _best(snapshot, words.best(segments, allowed, query.limit), query.limit, connection)
    found = [by_vector, by_text]
    texts = {row: int(segments[row[0]].rows["text"][row[1]]) for row in (*by_vector, *by_text)}
    hits = _hits(snapshot, found, texts, vector, words, connection)
    lists = [
        tuple(hits[row] for row in sorted(part, key=lambda row: (-part[row], *_place(hits[row])))[: query.limit])
        for part in found
    ]
    return SearchResult(lists[0], lists[1], words.bound if words else 0.0, words.same if words else 0.0)


def _allowed(snapshot: Snapshot, query: Query, connection: Connection) -> list[NDArray[np.bool_]]:
    """Returns by segment which live rows the filter allows, without what `query.serving` leaves out."""
    if query.filter is None and not query.serving:
        return [segment.live for segment in snapshot.segments]
    size = snapshot.files.size
    files = np.ones(size, bool) if query.filter is None else snapshot.files.attributes.matching(query.filter)
    ends = np.full(size, _EVERY, np.int32)  # by number, the first n that is left out
    if query.serving:
        for name, generation, number in named(connection, snapshot.key, query.serving):
            part = query.serving[name]
            if number < size:
                serves = part is not None and part.generation == generation
                ends[number] = min(ends[number], part.chunks) if part is not None and serves else 0
        files &= ends > 0
    allowed = [segment.live & files[segment.rows["file"]] for segment in snapshot.segments]
    if (ends < _EVERY).any():
        parts = zip(snapshot.segments, allowed, strict=True)
        allowed = [mask & (segment.rows["n"] < ends[segment.rows["file"]]) for segment, mask in parts]
    return allowed


def _best(
    snapshot: Snapshot,
    found: Iterable[tuple[int, NDArray[np.intp], NDArray[np.floating]]],
    limit: int,
    connection: Connection,
) -> dict[_Row, float]:
    """Returns the `limit` rows with the highest values, and some that tie with the lowest of these: the first ones in
    the order of ties, or all if these are few.
    """
    parts = [part for part in found if len(part[1])]
    values = np.concatenate([np.empty(0), *(scores for _, _, scores in parts)])
    if limit <= 0:
        return {}
    last = np.partition(values, len(values) - limit)[len(values) - limit] if limit < len(values) else -np.inf
    better = [(i, rows[scores > last], scores[scores > last]) for i, rows, scores in parts]
    ties = [(i, rows[scores == last]) for i, rows, scores in parts]
    needed = limit - sum(len(rows) for _, rows, _ in better)
    if sum(len(rows) for _, rows in ties) > needed + _TIES:
        ties = first_of(snapshot, ties, needed, connection)
    best = {
        (i, row): value for i, rows, scores in better for row, value in zip(rows.tolist(), scores.tolist(), strict=True)
    }
    return best | {(i, row): float(last) for i, rows in ties for row in rows.tolist()}


def _place(hit: Hit) -> tuple[str, str, int, int]:
    return hit.row, hit.file, hit.generation, hit.n


def _hits(
    snapshot: Snapshot,
    found: Sequence[Mapping[_Row, float]],
    texts: Mapping[_Row, int],
    vector: NDArray[np.float32] | None,
    words: Words | None,
    connection: Connection,
) -> dict[_Row, Hit]:
    """Returns the hits of the rows that were found by vector and by text, given with that score, with both scores; a
    score is None if the query did not ask for it.
    """
    rows = {*found[0], *found[1]}
    read = {
        text: of_text
        for text, *of_text in connection.execute(
            "select text.id, name, generation, file.row, body, location from json_each(?) asked"
            " cross join text on text.id = asked.value"
            " cross join file on file.store = text.store and file.number = text.file",
            (json.dumps([texts[row] for row in rows]),),
        )
    }
    if len(read) < len(rows):
        raise TextsRemoved
    near, alike = map(dict, found)
    for i, segment in enumerate(snapshot.segments):
        if vector is not None and (here := _in_segment(rows - near.keys(), i)):
            values = np.clip(cosines(segment, vector, np.array(here)), -1, 1).tolist()
            near |= {(i, row): value for row, value in zip(here, values, strict=True)}
        if words is not None and (here := _in_segment(rows - alike.keys(), i)):
            values = words.scores(i, segment, np.array(here)).tolist()
            alike |= {(i, row): value for row, value in zip(here, values, strict=True)}
    hits: dict[_Row, Hit] = {}
    for i, row in rows:
        file, generation, listed, body, location = read[texts[i, row]]
        where = None if location is None else decoded(json.loads(location))
        n = int(snapshot.segments[i].rows["n"][row])
        hits[i, row] = Hit(file, generation, listed, n, body, near.get((i, row)), alike.get((i, row)), where)
    return hits


def _in_segment(rows: Set[_Row], segment: int) -> list[int]:
    return sorted(row for place, row in rows if place == segment)
