"""How long things may take, and how long tombstones stay, in ms."""

from __future__ import annotations

from vectorlog.defaults import DAY_MS

INGEST_DEADLINE_MS = DAY_MS
"""A file that is still open after a day is failed (docs/promises.md, promise 1)."""
TOMBSTONE_MS = 8 * DAY_MS
"""How long a tombstone stays: longer than a commit can be delayed, as DynamoDB's stream keeps its records for a day."""
