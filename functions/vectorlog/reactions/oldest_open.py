"""How long the oldest open file has waited, which shows that ingest is stuck before any deadline has passed."""

from __future__ import annotations

from vectorlog.views import keys
from vectorlog.views.deadlines import INGEST_DEADLINE_MS
from vectorlog.views.table import Table


def oldest_open(table: Table, at: int) -> int:
    """Returns for how long, in ms, the oldest open file has waited; 0 if no file is open.

    A batch that has not reached all of its files counts like one of them. Only open files and such batches have both
    one of these sort keys and a deadline within a day, and they get that deadline a day ahead. A batch that the sweep
    has retried counts from a day before its new deadline, so it is still the oldest.
    """
    deadline = table.earliest_deadline(at + INGEST_DEADLINE_MS, (keys.FILES, keys.OPEN))
    return 0 if deadline is None else max(0, at - (deadline - INGEST_DEADLINE_MS))
