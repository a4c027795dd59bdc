"""Who is served next in a queue in SQLite: the project that has used the least time, and in it such a group.

This is start-time fair queueing in two levels. `used` is the time that a project or group has used, in ms of work,
counted from a common start: one that comes late, or comes back, starts at `served`, where the one served last began.
A message costs `EXPECTED_MS` when it is received, and `charge` replaces that by what it took. So a project with a
thousand stores, or with files that are slow to read, takes no more of the workers' time than another project.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from vectorlog.work.queue import project_of

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS queue_projects (
        queue TEXT NOT NULL, project TEXT NOT NULL, used INTEGER NOT NULL, served INTEGER NOT NULL DEFAULT 0,
        next_at INTEGER, PRIMARY KEY (queue, project)) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS queue_projects_used ON queue_projects (queue, used)",
    """CREATE TABLE IF NOT EXISTS queue_groups (
        queue TEXT NOT NULL, "group" TEXT NOT NULL, project TEXT NOT NULL, used INTEGER NOT NULL, next_at INTEGER,
        PRIMARY KEY (queue, "group")) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS queue_groups_used ON queue_groups (queue, project, used)",
    "CREATE INDEX IF NOT EXISTS queue_groups_next ON queue_groups (queue, project, next_at)",
)
EXPECTED_MS = 100
"""What a message is charged when it is received, in ms. A small file takes 20 to 100 ms."""

_NEXT_PROJECT = """SELECT project, used FROM queue_projects WHERE queue = ? AND next_at <= ? {}
    ORDER BY used, project LIMIT 1"""
_NEXT_GROUP = """SELECT "group", used FROM queue_groups WHERE queue = ? AND project = ? AND next_at <= ?
    ORDER BY used, "group" LIMIT 1"""


@dataclass(slots=True)
class Shares:
    """The shares of one named queue. Its methods run in the transaction of the connection that they are given.

    Attributes:
        served: where the project that was served last began.
    """

    queue: str
    served: int = 0

    def begin(self, connection: sqlite3.Connection) -> None:
        """Reads where an earlier process ended."""
        least = "SELECT min(used) FROM queue_projects WHERE queue = ? AND next_at IS NOT NULL"
        self.served = max(self.served, connection.execute(least, (self.queue,)).fetchone()[0] or 0)

    def resume(self, connection: sqlite3.Connection) -> None:
        """Begins where an earlier process ended, and gives a share to groups whose messages it left without one."""
        self.begin(connection)
        groups = connection.execute('SELECT DISTINCT "group" FROM messages WHERE queue = ?', (self.queue,)).fetchall()
        self.join(connection, [group for (group,) in groups])

    def join(self, connection: sqlite3.Connection, groups: Iterable[str]) -> None:
        """Gives shares to groups that have none, and notes when each group's next message can be received."""
        for group in dict.fromkeys(groups):
            project = project_of(group)
            connection.execute(
                "INSERT OR IGNORE INTO queue_projects (queue, project, used) VALUES (?, ?, ?)",
                (self.queue, project, self.served),
            )
            connection.execute(
                'INSERT OR IGNORE INTO queue_groups (queue, "group", project, used) SELECT queue, ?, project, served '
                "FROM queue_projects WHERE queue = ? AND project = ?",
                (group, self.queue, project),
            )
            self.refresh(connection, group)

    def refresh(self, connection: sqlite3.Connection, group: str) -> None:
        """Notes when the group's next message can be received. Forgets a group or project that has no messages, unless
        it has used more than the others.
        """
        project = project_of(group)
        connection.execute(
            'UPDATE queue_groups SET next_at = (SELECT min(visible_at) FROM messages WHERE queue = ? AND "group" = ?) '
            'WHERE queue = ? AND "group" = ?',
            (self.queue, group, self.queue, group),
        )
        connection.execute(
            "UPDATE queue_projects SET next_at = (SELECT min(next_at) FROM queue_groups WHERE queue = ? AND project = ?"
            " AND next_at IS NOT NULL) WHERE queue = ? AND project = ?",
            (self.queue, project, self.queue, project),
        )
        idle = "DELETE FROM queue_groups WHERE queue = ? AND project = ? AND next_at IS NULL"
        if self._is_idle(connection, project):
            connection.execute(idle, (self.queue, project))
        else:
            connection.execute(
                f'{idle} AND "group" = ? AND used <= '
                "(SELECT served FROM queue_projects WHERE queue = ? AND project = ?)",
                (self.queue, project, group, self.queue, project),
            )

    def _is_idle(self, connection: sqlite3.Connection, project: str) -> bool:
        select = "SELECT next_at IS NULL FROM queue_projects WHERE queue = ? AND project = ?"
        row = connection.execute(select, (self.queue, project)).fetchone()
        return bool(row and row[0])

    def next(self, connection: sqlite3.Connection, now: int, besides: Collection[str] = ()) -> str | None:
        """Returns the group to serve, and charges it and its project for one message; None if no message is due.

        Args:
            connection: with an open transaction.
            now: in ms.
            besides: projects to leave out.
        """
        found = connection.execute(_NEXT_PROJECT.format(_others(besides)), (self.queue, now, *besides)).fetchone()
        if found is None:
            return None
        project, used = found
        self.served = max(self.served, used)
        group, used_by_group = connection.execute(_NEXT_GROUP, (self.queue, project, now)).fetchone()
        connection.execute(
            "UPDATE queue_projects SET used = ?, served = max(served, ?) WHERE queue = ? AND project = ?",
            (self.served + EXPECTED_MS, used_by_group, self.queue, project),
        )
        connection.execute(
            "UPDATE queue_groups SET used = (SELECT served FROM queue_projects WHERE queue = ? AND project = ?) + ? "
            'WHERE queue = ? AND "group" = ?',
            (self.queue, project, EXPECTED_MS, self.queue, group),
        )
        connection.execute(
            "DELETE FROM queue_projects WHERE queue = ? AND next_at IS NULL AND used <= ?", (self.queue, self.served)
        )
        return str(group)

    def charge(self, connection: sqlite3.Connection, group: str, messages: int, ms: int) -> None:
        """Charges a group and its project for messages that took `ms` together, instead of what was expected."""
        more = ms - messages * EXPECTED_MS
        connection.execute(
            "UPDATE queue_projects SET used = used + ? WHERE queue = ? AND project = ?",
            (more, self.queue, project_of(group)),
        )
        connection.execute(
            'UPDATE queue_groups SET used = used + ? WHERE queue = ? AND "group" = ?', (more, self.queue, group)
        )

    def due(self, connection: sqlite3.Connection, now: int, besides: Collection[str]) -> bool:
        """Whether a message of a project other than these is due."""
        next_at = self.next_at(connection, besides)
        return next_at is not None and next_at <= now

    def next_at(self, connection: sqlite3.Connection, besides: Collection[str] = ()) -> int | None:
        """Returns when the next message of a project other than these can be received; None if there is none."""
        select = f"SELECT min(next_at) FROM queue_projects WHERE queue = ? {_others(besides)}"
        row = connection.execute(select, (self.queue, *besides)).fetchone()
        return None if row[0] is None else int(row[0])


def _others(projects: Collection[str]) -> str:
    return f"AND project NOT IN ({','.join('?' * len(projects))})" if projects else ""
