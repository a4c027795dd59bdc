"""How far the projector has read the feed; kept beside what it makes, so that both go back together after a power
cut.
"""

from __future__ import annotations

from vectorlog.sqlite.database import Database

SCHEMA = ("CREATE TABLE IF NOT EXISTS checkpoints (name TEXT PRIMARY KEY, position INTEGER NOT NULL)",)
_WRITE = "INSERT INTO checkpoints VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET position = excluded.position"


class Checkpoint:
    """A position of the feed under a name."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name

    def read(self) -> int:
        """The last position that was handled; 0 at the beginning."""
        found = (
            self._database.read().execute("SELECT position FROM checkpoints WHERE name = ?", (self._name,)).fetchone()
        )
        return int(found[0]) if found else 0

    def write(self, position: int) -> None:
        """Notes that everything up to this position was handled."""
        self._database.write(lambda connection: connection.execute(_WRITE, (self._name, position)).rowcount)
