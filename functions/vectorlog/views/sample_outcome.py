"""What became of a sample event that one function sent for another: a row outside the log, as in `progress.py`."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass

from vectorlog.defaults import DAY_MS
from vectorlog.views import webhook_keys
from vectorlog.views.table import NO_ROW, Put, RowConflict, Table


@dataclass(frozen=True, slots=True)
class SampleOutcome:
    """The status of an endpoint's answer; 0 if there was none, and then why."""

    status: int
    reason: str = ""


def note(table: Table, event: str, outcome: SampleOutcome, at: int) -> None:
    """Records what became of a sample event, at `at` (ms since 1970), unless that is recorded already."""
    data = json.dumps([outcome.status, outcome.reason])
    with suppress(RowConflict):
        table.write([Put(webhook_keys.sample(event), 1, NO_ROW, data, gone=True, expires_at=at + DAY_MS)])


def noted(table: Table, event: str) -> SampleOutcome | None:
    """Returns what became of a sample event; None if that is not known yet."""
    key = webhook_keys.sample(event)
    row = table.get([key]).get(key)
    return None if row is None else SampleOutcome(*json.loads(row.data))
