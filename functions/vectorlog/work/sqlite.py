"""Work queues in SQLite.

Queues are fair by giving each message a turn. The messages of a group get successive turns, and a group that comes late
starts at the turn that is being served, so a thousand files of one store do not hold back one file of another
(start-time fair queueing).
"""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Callable, Sequence

from vectorlog.sqlite.database import Database
from vectorlog.work.queue import Outgoing, Received

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, body TEXT NOT NULL, "group" TEXT NOT NULL,
        turn INTEGER NOT NULL, visible_at INTEGER NOT NULL, receives INTEGER NOT NULL DEFAULT 0,
        receipt TEXT NOT NULL DEFAULT '')""",
    "CREATE INDEX IF NOT EXISTS messages_turn ON messages (queue, turn, id)",
    'CREATE INDEX IF NOT EXISTS messages_group ON messages (queue, "group", turn)',
    "CREATE INDEX IF NOT EXISTS messages_visible ON messages (queue, visible_at)",
)
_RECEIVE = """UPDATE messages SET receipt = ?, receives = receives + 1, visible_at = ? WHERE id IN
    (SELECT id FROM messages WHERE queue = ? AND visible_at <= ? ORDER BY turn, id LIMIT ?)
    RETURNING body, "group", receipt || ':' || id, receives, turn"""


class SQLiteQueue:
    """Implements Queue: one named queue in a database that may hold other derived data too. `clock` is in ms."""

    def __init__(self, database: Database, name: str, clock: Callable[[], int]) -> None:
        self._database = database
        self._name = name
        self._clock = clock
        self._turn = self._first_turn()
        self._visible = threading.Condition()

    def send(self, messages: Sequence[Outgoing]) -> None:
        """See Queue."""
        if not messages:
            return
        now = self._clock()

        def insert(connection: sqlite3.Connection) -> None:
            turns: dict[str, int] = {}
            for message in messages:
                if message.group not in turns:
                    select = 'SELECT max(turn) FROM messages WHERE queue = ? AND "group" = ?'
                    last = connection.execute(select, (self._name, message.group)).fetchone()[0]
                    turns[message.group] = max(last or 0, self._turn)
                turns[message.group] += 1
                connection.execute(
                    'INSERT INTO messages (queue, body, "group", turn, visible_at) VALUES (?, ?, ?, ?, ?)',
                    (self._name, message.body, message.group, turns[message.group], now + message.delay),
                )

        self._database.write(insert)
        self._notify()

    def receive(self, limit: int, visibility: int) -> list[Received]:
        """See Queue."""
        now = self._clock()
        values = (uuid.uuid4().hex, now + visibility, self._name, now, limit)
        rows = self._database.write(lambda connection: connection.execute(_RECEIVE, values).fetchall())
        self._turn = max([self._turn, *(row[4] for row in rows)])
        return [Received(*row[:4]) for row in sorted(rows, key=lambda row: row[4])]

    def acknowledge(self, receipts: Sequence[str]) -> None:
        """See Queue."""
        rows = [self._parse(receipt) for receipt in receipts]
        self._database.write(
            lambda connection: connection.executemany("DELETE FROM messages WHERE id = ? AND receipt = ?", rows)
        )

    def release(self, receipt: str, delay: int) -> None:
        """See Queue."""
        values = (self._clock() + delay, *self._parse(receipt))
        self._database.write(
            lambda connection: connection.execute(
                "UPDATE messages SET visible_at = ? WHERE id = ? AND receipt = ?", values
            )
        )
        self._notify()

    def wait(self, timeout: float) -> bool:
        """Waits up to `timeout` seconds for a message that can be received; returns whether there is one.

        It may return False early, if a message was sent or released with a delay.
        """
        with self._visible:
            delay = self._delay()
            if delay > 0:
                self._visible.wait(min(timeout, delay))
        return self._delay() <= 0

    def recall(self) -> None:
        """Makes all messages in flight visible. Call it at start: their workers ended with the earlier process."""
        now = self._clock()
        update = "UPDATE messages SET visible_at = ? WHERE queue = ? AND receives > 0 AND visible_at > ?"
        self._database.write(lambda connection: connection.execute(update, (now, self._name, now)).rowcount)
        self._notify()

    def depth(self) -> int:
        """Returns the number of messages, including those in flight and delayed."""
        row = self._database.read().execute("SELECT count(*) FROM messages WHERE queue = ?", (self._name,)).fetchone()
        return int(row[0])

    def under_way(self, within: int) -> int:
        """Returns the number of messages that were received before, or can be received within this many ms."""
        count = "SELECT count(*) FROM messages WHERE queue = ? AND (receives > 0 OR visible_at <= ?)"
        return int(self._database.read().execute(count, (self._name, self._clock() + within)).fetchone()[0])

    def peek(self) -> list[tuple[str, int, int]]:
        """Returns all messages in the order of their turns, without receiving them: body, receives, and when each can
        be received (ms since 1970).
        """
        every = "SELECT body, receives, visible_at FROM messages WHERE queue = ? ORDER BY turn, id"
        return list(self._database.read().execute(every, (self._name,)).fetchall())

    def _notify(self) -> None:
        with self._visible:
            self._visible.notify_all()

    def _delay(self) -> float:
        """Returns the seconds until the next message can be received; infinity if there is none."""
        select = "SELECT min(visible_at) FROM messages WHERE queue = ?"
        row = self._database.read().execute(select, (self._name,)).fetchone()
        return float("inf") if row[0] is None else (row[0] - self._clock()) / 1000

    def _first_turn(self) -> int:
        """Returns the turn that was being served when the earlier process ended."""
        row = self._database.read().execute("SELECT min(turn) FROM messages WHERE queue = ?", (self._name,)).fetchone()
        return (row[0] or 1) - 1

    @staticmethod
    def _parse(receipt: str) -> tuple[int, str]:
        token, number = receipt.rsplit(":", 1)
        return int(number), token
