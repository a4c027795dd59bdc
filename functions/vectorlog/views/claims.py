"""Claims on content: which of several files with the same bytes is being attached to a store. One write decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from vectorlog.domain.errors import Unavailable
from vectorlog.event_log.optimistic import until_first
from vectorlog.retry import REAL_TIME, Contended, Timing
from vectorlog.views import keys
from vectorlog.views.table import WRITE_LIMIT, Key, Put, Remove, Row, RowConflict, Table


@dataclass(frozen=True, slots=True)
class Claimed:
    """Claims that were made together. `holders` names, for each file whose content another file has claimed, that other
    file.
    """

    rows: tuple[Put, ...]
    holders: Mapping[str, str]


class Claims:
    """Makes and gives up claims. They are tombstones, so that lists leave them out and the table deletes them."""

    def __init__(self, table: Table, timing: Timing = REAL_TIME) -> None:
        self._table = table
        self._timing = timing

    def make(self, store: str, files: Sequence[tuple[str, str]], at: int, lasting: int) -> Claimed:
        """Claims content for files, given as (file, sha256), unless another file's claim is in force. A claim lasts
        `lasting` ms from `at` on, or until it is given up.

        Raises:
            Unavailable: other claims were first every time.
        """
        claimed = Claimed((), {})

        def attempt(_first: bool) -> bool:
            nonlocal claimed
            claimed = self._free(store, files, at, lasting)
            try:
                for start in range(0, len(claimed.rows), WRITE_LIMIT):
                    self._table.write(claimed.rows[start : start + WRITE_LIMIT])
            except RowConflict:
                return False
            return True

        try:
            until_first("claim", attempt, self._timing)
        except Contended:
            raise Unavailable("Other requests are attaching the same content. Please repeat the request.") from None
        return claimed

    def give_up(self, claimed: Claimed) -> None:
        """Gives up claims; one that has run out, and that another file has now, stays."""
        for start in range(0, len(claimed.rows), WRITE_LIMIT):
            removes = [Remove(row.key, row.version) for row in claimed.rows[start : start + WRITE_LIMIT]]
            try:
                self._table.write(removes)
            except RowConflict:
                for remove in removes:
                    with suppress(RowConflict):
                        self._table.write([remove])

    def _free(self, store: str, files: Sequence[tuple[str, str]], at: int, lasting: int) -> Claimed:
        rows = self._table.get([keys.claim(store, sha256) for _, sha256 in files])
        puts: dict[Key, Put] = {}
        holders: dict[str, str] = {}
        for file, sha256 in files:
            key = keys.claim(store, sha256)
            row = rows.get(key, Row(key, data="0#"))
            until, _, claimant = row.data.partition("#")
            if key in puts:
                continue  # an earlier one of these files has the same content, and claims it
            if claimant != file and int(until) > at:
                holders[file] = claimant
            else:
                data = f"{at + lasting}#{file}"
                puts[key] = Put(key, row.version + 1, row.version, data, gone=True, expires_at=at + lasting)
        return Claimed(tuple(puts.values()), holders)
