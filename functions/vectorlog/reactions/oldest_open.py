"""How long the oldest open file has waited: what says that ingest is stuck before a deadline does."""

from __future__ import annotations

from vectorlog.views import keys
from vectorlog.views.projection import INGEST_DEADLINE_MS
from vectorlog.views.table import Table


def oldest_open(table: Table, at: int) -> int:
    """Ms for which the file has waited that has been open for the longest; 0 where none is.

    A batch that has not reached all of its files counts like one of them. Nothing else has a deadline within a day and
    one of these sort keys, and what is open got its deadline a day ahead. A batch that was sent on its way again counts
    from a day before its new deadline, so it is still the oldest.
    """
    deadline = table.earliest_deadline(at + INGEST_DEADLINE_MS, (keys.FILES, keys.OPEN))
    return 0 if deadline is None else max(0, at - (deadline - INGEST_DEADLINE_MS))
