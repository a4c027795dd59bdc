"""Work queues in SQLite, fair between projects, and within a project between groups (`sqlite_shares.py`)."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from vectorlog.sqlite.database import Database
from vectorlog.work import sqlite_shares
from vectorlog.work.queue import Backlog, Outgoing, Received
from vectorlog.work.sqlite_shares import Shares

SCHEMA = (
    # `turn` was how earlier versions were fair.
    """CREATE TABLE IF NOT EXISTS messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, body TEXT NOT NULL, "group" TEXT NOT NULL,
        turn INTEGER NOT NULL DEFAULT 0, visible_at INTEGER NOT NULL, receives INTEGER NOT NULL DEFAULT 0,
        receipt TEXT NOT NULL DEFAULT '')""",
    "DROP INDEX IF EXISTS messages_turn",
    "DROP INDEX IF EXISTS messages_group",
    'CREATE INDEX IF NOT EXISTS messages_next ON messages (queue, "group", visible_at, id)',
    "DROP INDEX IF EXISTS messages_visible",
    *sqlite_shares.SCHEMA,
)
_OLDEST = (
    """SELECT id FROM messages WHERE queue = ? AND "group" = ? AND visible_at <= ? ORDER BY visible_at, id LIMIT 1"""
)
_RECEIVE = """UPDATE messages SET receipt = ?, receives = receives + 1, visible_at = ? WHERE id = ?
    RETURNING body, "group", receipt || ':' || id, receives"""
_BACKLOG = """SELECT count(*) FILTER (WHERE visible_at <= ?1),
    count(*) FILTER (WHERE visible_at > ?1 AND receipt <> ''), count(*) FILTER (WHERE visible_at > ?1 AND receipt = ''),
    min(visible_at) FILTER (WHERE visible_at <= ?1)
    FROM messages WHERE queue = ?2"""
_GROUP = 'SELECT "group" FROM messages WHERE id = ? AND receipt = ?'


class SQLiteQueue:
    """Implements Queue: one named queue in a database that may hold other derived data too. `clock` is in ms."""

    def __init__(self, database: Database, name: str, clock: Callable[[], int]) -> None:
        self._database = database
        self._name = name
        self._clock = clock
        self._shares = Shares(name)
        self._shares.begin(database.read())
        self._visible = threading.Condition()

    def send(self, messages: Sequence[Outgoing]) -> None:
        """See Queue."""
        if not messages:
            return
        now = self._clock()
        rows = [(self._name, message.body, message.group, 0, now + message.delay) for message in messages]
        insert = 'INSERT INTO messages (queue, body, "group", turn, visible_at) VALUES (?, ?, ?, ?, ?)'

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(insert, rows)
            self._shares.join(connection, [message.group for message in messages])

        self._database.write(write)
        self._notify()

    def receive(self, limit: int, visibility: int, besides: Collection[str] = ()) -> list[Received]:
        """See Queue. Messages of the projects in `besides` are left in the queue."""
        now = self._clock()
        token = uuid.uuid4().hex

        def receive(connection: sqlite3.Connection) -> list[Received]:
            received: list[Received] = []
            while len(received) < limit and (group := self._shares.next(connection, now, besides)) is not None:
                (id_,) = connection.execute(_OLDEST, (self._name, group, now)).fetchone()
                row = connection.execute(_RECEIVE, (token, max(now + visibility, now + 1), id_)).fetchone()
                self._shares.refresh(connection, group)
                received.append(Received(*row))
            return received

        return self._database.write(receive)

    def acknowledge(self, receipts: Sequence[str]) -> None:
        """See Queue."""
        self._change(receipts, "DELETE FROM messages WHERE id = ? AND receipt = ?")

    def release(self, receipt: str, delay: int) -> None:
        """See Queue."""
        self._change(
            [receipt], "UPDATE messages SET visible_at = ?3, receipt = '' WHERE id = ?1 AND receipt = ?2", delay
        )
        self._notify()

    def extend(self, receipts: Sequence[str], visibility: int) -> None:
        """Keeps received messages for `visibility` ms from now. A receipt that is no longer valid has no effect."""
        self._change(receipts, "UPDATE messages SET visible_at = ?3 WHERE id = ?1 AND receipt = ?2", visibility)

    def charge(self, groups: Sequence[str], spent: Mapping[str, int]) -> None:
        """Counts the time that received messages have taken.

        Args:
            groups: of each message.
            spent: by group, the ms that its messages have taken together; a group that is not in it took no time.
        """

        def charge(connection: sqlite3.Connection) -> None:
            for group, messages in Counter(groups).items():
                self._shares.charge(connection, group, messages, spent.get(group, 0))

        self._database.write(charge)

    def others_due(self, projects: Collection[str], for_ms: int = 0) -> bool:
        """Whether a message of a project other than these could be received for `for_ms` by now."""
        return self._shares.due(self._database.read(), self._clock() - for_ms, projects)

    def wait(self, timeout: float, besides: Collection[str] = ()) -> bool:
        """Waits up to `timeout` seconds for a message that can be received, of a project that is not in `besides`;
        returns whether there is one.

        It may return False early, if a message was sent or released with a delay.
        """
        with self._visible:
            delay = self._delay(besides)
            if delay > 0:
                self._visible.wait(min(timeout, delay))
        return self._delay(besides) <= 0

    def recall(self) -> None:
        """Makes all messages in flight visible. Call it at start: their workers ended with the earlier process."""
        now = self._clock()
        update = "UPDATE messages SET visible_at = ?, receipt = '' WHERE queue = ? AND receives > 0 AND visible_at > ?"

        def recall(connection: sqlite3.Connection) -> None:
            connection.execute(update, (now, self._name, now))
            self._shares.resume(connection)

        self._database.write(recall)
        self._notify()

    def depth(self) -> int:
        """Returns the number of messages, including those in flight and delayed."""
        row = self._database.read().execute("SELECT count(*) FROM messages WHERE queue = ?", (self._name,)).fetchone()
        return int(row[0])

    def backlog(self) -> Backlog:
        """See Queue. It reads every message of the queue."""
        row = self._database.read().execute(_BACKLOG, (self._clock(), self._name)).fetchone()
        return Backlog(*row)

    def under_way(self, within: int) -> int:
        """Returns the number of messages that were received before, or can be received within this many ms."""
        count = "SELECT count(*) FROM messages WHERE queue = ? AND (receives > 0 OR visible_at <= ?)"
        return int(self._database.read().execute(count, (self._name, self._clock() + within)).fetchone()[0])

    def peek(self) -> list[tuple[str, int, int, bool]]:
        """Returns all messages, oldest first, without receiving them: body, receives, when each can be received (ms
        since 1970), and whether a worker has it.
        """
        every = "SELECT body, receives, visible_at, receipt <> '' AND visible_at > ? FROM messages WHERE queue = ?"
        rows = self._database.read().execute(f"{every} ORDER BY id", (self._clock(), self._name)).fetchall()
        return [(body, receives, visible_at, bool(lent)) for body, receives, visible_at, lent in rows]

    def _change(self, receipts: Sequence[str], statement: str, delay: int | None = None) -> None:
        """Runs a statement for each message whose receipt is still valid: with its id, token and, if there is a delay,
        the time that the delay ends.
        """
        parsed = [self._parse(receipt) for receipt in receipts]
        until = () if delay is None else (self._clock() + delay,)

        def change(connection: sqlite3.Connection) -> None:
            groups: dict[str, None] = {}
            for values in parsed:
                if row := connection.execute(_GROUP, values).fetchone():
                    connection.execute(statement, (*values, *until))
                    groups[row[0]] = None
            for group in groups:
                self._shares.refresh(connection, group)

        if parsed:
            self._database.write(change)

    def _notify(self) -> None:
        with self._visible:
            self._visible.notify_all()

    def _delay(self, besides: Collection[str] = ()) -> float:
        """Returns the seconds until the next message can be received; infinity if there is none."""
        next_at = self._shares.next_at(self._database.read(), besides)
        return float("inf") if next_at is None else (next_at - self._clock()) / 1000

    @staticmethod
    def _parse(receipt: str) -> tuple[int, str]:
        token, number = receipt.rsplit(":", 1)
        return int(number), token
