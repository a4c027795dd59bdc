"""How long things may take, and how long tombstones stay, in ms."""

from __future__ import annotations

from vectorlog.defaults import DAY_MS

INGEST_DEADLINE_MS = DAY_MS
"""A file that is still open after a day is failed (docs/promises.md, promise 1)."""
TOMBSTONE_MS = 8 * DAY_MS
"""How long a tombstone stays: longer than a commit can be delayed, as DynamoDB's stream keeps its records for a day."""
PROJECT_ON_READ_MS = DAY_MS
"""The feed brings lists and counts up to date milliseconds after a file has ended, but it may be late by as much as a
day, for which DynamoDB's stream keeps its records. A read of a file that ended less than this long ago does so itself.
"""
