"""How far the projector has read the feed.

The position is in the same database as the views, so that a power cut sets both back together.
"""

from __future__ import annotations

from vectorlog.sqlite.database import Database

SCHEMA = ("CREATE TABLE IF NOT EXISTS checkpoints (name TEXT PRIMARY KEY, position INTEGER NOT NULL)",)
_WRITE = "INSERT INTO checkpoints VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET position = excluded.position"


class Checkpoint:
    """A named position in the feed."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name

    def read(self) -> int:
        """Returns the last position that was handled; 0 before the first."""
        row = self._database.read().execute("SELECT position FROM checkpoints WHERE name = ?", (self._name,)).fetchone()
        return int(row[0]) if row else 0

    def write(self, position: int) -> None:
        """Records that everything up to this position was handled."""
        self._database.write(lambda connection: connection.execute(_WRITE, (self._name, position)).rowcount)
