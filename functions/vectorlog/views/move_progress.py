"""How far the move of a store to another space has come: a row that the move writes at each step, outside the log, as
`progress.py` does for files.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from vectorlog.defaults import DAY_MS
from vectorlog.views import keys
from vectorlog.views.table import NO_ROW, Put, RowConflict, Table

_KEPT_MS = 7 * DAY_MS
"""How long a row is kept that is not written again, so that an operator finds why a move has stopped."""


@dataclass(frozen=True, slots=True)
class MoveProgress:
    """How far an attempt of a move has come.

    Attributes:
        files, chunks: how many serve that are embedded for it.
        left: how many files could not be embedded for it; `named` are some of them.
        stopped: whether the attempt has ended without a switch, because of the files that are left; if none is, because
            the deployment does not offer both models.
        waiting: files that were opened for the move and may still be ingested. Another attempt leaves them so.
    """

    number: int
    attempt: int
    files: int
    chunks: int
    left: int
    named: tuple[str, ...]
    stopped: bool
    waiting: tuple[str, ...] = ()


def note(table: Table, store: str, progress: MoveProgress, at: int) -> None:
    """Records how far a move has come at `at` (ms since 1970), unless a later attempt has recorded something."""
    key = keys.move_progress(store)
    before = table.get([key]).get(key)
    replaces, known = (before.version, _read(before.data)) if before else (NO_ROW, None)
    if known is not None and (known.number, known.attempt) > (progress.number, progress.attempt):
        return
    fields = progress.number, progress.attempt, progress.files, progress.chunks, progress.left, progress.named
    data = json.dumps([*fields, progress.stopped, progress.waiting])
    with suppress(RowConflict):  # another worker was first
        table.write([Put(key, max(replaces, 0) + 1, replaces, data, gone=True, expires_at=at + _KEPT_MS)])


def noted(table: Table, store: str) -> MoveProgress | None:
    """Returns what was last recorded of a store's moves."""
    key = keys.move_progress(store)
    row = table.get([key]).get(key)
    return _read(row.data) if row else None


def _read(data: str) -> MoveProgress:
    number, attempt, files, chunks, left, named, stopped, *later = json.loads(data)
    names: Sequence[str] = named
    waiting: Sequence[str] = later[0] if later else ()  # rows of earlier versions have none
    return MoveProgress(number, attempt, files, chunks, left, tuple(names), stopped, tuple(waiting))
