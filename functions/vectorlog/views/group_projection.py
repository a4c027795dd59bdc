"""Projects a group of commits (`groups.py`) to a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from vectorlog.domain.errors import Unavailable
from vectorlog.event_log.decision import AnyDecision
from vectorlog.event_log.optimistic import until_first
from vectorlog.retry import Contended, Timing
from vectorlog.views.past import remember
from vectorlog.views.projection import also_touched, apply, needs_counts, touched
from vectorlog.views.rows import Rows
from vectorlog.views.store_file_rows import count_overtaken, overtaken_touches
from vectorlog.views.table import WRITE_LIMIT, Key, Row, RowClosed, RowConflict, Table

Known = Mapping[Key, Row | None]
"""Rows that were read in advance; None for a row that did not exist."""


def project(table: Table, group: Sequence[AnyDecision], known: Known, timing: Timing) -> None:
    """Projects a group; `known` is used only in the first attempt.

    Raises:
        Unavailable: other projections were first every time.
    """
    try:
        until_first("project", partial(_project, table, group, known), timing)
    except Contended:
        raise Unavailable(
            "The change is stored, but its lists and counts are still being brought up to date. Please repeat the "
            "request."
        ) from None


def read(table: Table, decisions: Sequence[AnyDecision], known: Known) -> dict[Key, Row | None]:
    """Returns the rows that the decisions need, as `known` has them or as they are read."""
    found: dict[Key, Row | None] = {}
    counts = needs_counts(decisions)
    wanted = [key for decision in decisions for key in touched(decision)]
    while wanted:
        unread = [key for key in wanted if key not in known]
        rows = table.get(unread, counts=counts) if unread else {}
        found |= {key: known[key] if key in known else rows.get(key) for key in wanted}
        seen = existing(found)
        more = (key for decision in decisions for key in also_touched(decision, Rows(seen)))
        wanted = [key for key in dict.fromkeys(more) if key not in found]
    return found


def existing(known: Known) -> dict[Key, Row]:
    """Returns the rows that exist."""
    return {key: row for key, row in known.items() if row is not None}


def _project(table: Table, group: Sequence[AnyDecision], known: Known, first: bool) -> bool:
    """Projects a group in one transaction, or in several if it would be too large; False if another writer was first.
    `known` is used only in the first attempt.
    """
    rows = Rows(existing(read(table, group, known if first else {})))
    for decision in group:
        apply(decision, rows)
    writes = rows.writes()
    if len(writes) > WRITE_LIMIT and len(group) > 1:  # some files had no row yet, so more rows are written than usual
        middle = len(group) // 2
        return _project(table, group[:middle], known, first) and _project(table, group[middle:], known, first)
    try:
        if writes:
            table.write(writes)
    except RowConflict:
        return False
    except RowClosed:  # the store was deleted meanwhile, so none of it is shown any more
        # In this order: the second marks the group as projected, so after a crash in between both are done again.
        return remember(table, group) and _count_overtaken(table, group)
    return True


def _count_overtaken(table: Table, group: Sequence[AnyDecision]) -> bool:
    """Counts what files held in a store until it was deleted; False if another writer was first."""
    found = table.get([key for decision in group for key in overtaken_touches(decision)])
    more = [key for decision in group for key in overtaken_touches(decision, Rows(found)) if key not in found]
    rows = Rows({**found, **(table.get(more) if more else {})})
    for decision in group:
        count_overtaken(decision, rows)
    try:
        table.write(rows.writes())
    except RowConflict:
        return False
    return True
