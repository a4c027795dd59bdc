"""When this deployment was off, so that its deadlines count only the time in which it could work.

A beat is recorded every few seconds. A gap between two beats is time in which no work was possible: the server was off,
the machine asleep, the disk full, or the clock was set forward.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable

from vectorlog.sqlite.database import Database

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS beats (name TEXT PRIMARY KEY, at INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS offline (began INTEGER NOT NULL, ended INTEGER NOT NULL)",
)
GAP_MS = 120_000
"""A longer time between two beats is time off: several times the interval between two beats. Shorter ones, as for a
restart, count as time in which work was possible.
"""
KEPT = 1_000
"""How many of the newest times off are kept."""

_NOW = "INSERT INTO beats VALUES ('engine', ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at"
_OLD = "DELETE FROM offline WHERE began < (SELECT began FROM offline ORDER BY began DESC LIMIT 1 OFFSET ?)"


def forget(database: Database, until: int) -> None:
    """Records that no work was possible until a time (ms since 1970): deadlines that began before begin anew."""
    database.write(lambda connection: connection.execute("INSERT INTO offline VALUES (0, ?)", (until,)))


class Uptime:
    """Records beats and times off. Safe to use from several threads. `clock` is in ms."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._offline = self._read()

    def beat(self) -> int:
        """Records that work is possible now; returns for how many ms it was not, 0 if it was."""
        now = self._clock()

        def beat(connection: sqlite3.Connection) -> int:
            row = connection.execute("SELECT at FROM beats WHERE name = 'engine'").fetchone()
            last = row[0] if row else now
            connection.execute(_NOW, (now,))
            if now < last:  # The clock was set back, so times off that are ahead of it have not been.
                connection.execute("DELETE FROM offline WHERE began >= ?", (now,))
                connection.execute("UPDATE offline SET ended = min(ended, ?)", (now,))
            if now - last <= GAP_MS:
                return 0
            connection.execute("INSERT INTO offline VALUES (?, ?)", (last, now))
            connection.execute(_OLD, (KEPT - 1,))
            return int(now - last)

        off = self._database.write(beat)
        offline = self._read()
        with self._lock:
            self._offline = offline
        return off

    def worked(self, since: int, until: int) -> int:
        """Returns for how many ms between two times (ms since 1970) work was possible."""
        with self._lock:
            offline = self._offline
        off = sum(max(0, min(ended, until) - max(began, since)) for began, ended in offline)
        return max(0, until - since - off)

    def _read(self) -> list[tuple[int, int]]:
        return self._database.read().execute("SELECT began, ended FROM offline ORDER BY began").fetchall()
