"""How far a file's ingest has come: a row that the ingester writes now and then, outside the log.

Such rows are tombstones, like claims: lists and `verify` leave them out, and the table deletes them after a day. Losing
one, as a rebuild does, only hides for a moment how far an ingest has come.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from vectorlog.defaults import DAY_MS
from vectorlog.views import keys
from vectorlog.views.table import NO_ROW, Key, Put, Row, RowConflict, Table

_GENERATION = 1 << 32
"""Versions of a row are this many times the generation, plus the chunks that are embedded: more than a file has."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the ingest of a generation has come.

    Attributes:
        chunks: how many the generation has.
        embedded: how many of them are embedded.
        pages: how many pages the file has; 0 for a format without pages.
        pages_done: how many of them are embedded whole.
    """

    generation: int
    chunks: int
    embedded: int
    pages: int
    pages_done: int


def note(table: Table, store: str, row: str, progress: Progress, at: int) -> None:
    """Records how far an ingest has come at `at` (ms since 1970), unless a newer generation or more is recorded. `row`
    is the file's `Placement.row`.
    """
    key = keys.progress(store, row)
    before = table.get([key]).get(key)
    version, replaces = progress.generation * _GENERATION + progress.embedded, before.version if before else NO_ROW
    if replaces >= version:
        return
    data = json.dumps([progress.chunks, progress.embedded, progress.pages, progress.pages_done])
    with suppress(RowConflict):  # another worker was first
        table.write([Put(key, version, replaces, data, gone=True, expires_at=at + DAY_MS)])


def noted(table: Table, store: str, rows: Sequence[str]) -> dict[str, Progress]:
    """Returns what was last recorded of files, by their `Placement.row`."""
    found = table.get([keys.progress(store, row) for row in rows]) if rows else {}
    return {_row_of(key): _read(row) for key, row in found.items()}


def noted_between(
    table: Table, store: str, after: str | None, before: str | None, limit: int, *, descending: bool
) -> dict[str, Progress]:
    """Returns what was last recorded of the first `limit` files of which anything is, in the order of a list,
    by their `Placement.row`. `after` and `before` are sort keys of the store's list (`Table.query`).
    """
    found = table.query(
        keys.progress_of(store), after=after, before=before, limit=limit, descending=descending, tombstones=True
    )
    return {_row_of(row.key): _read(row) for row in found}


def _row_of(key: Key) -> str:
    return key.sk.removeprefix(keys.FILES)


def _read(row: Row) -> Progress:
    return Progress(row.version // _GENERATION, *json.loads(row.data))
