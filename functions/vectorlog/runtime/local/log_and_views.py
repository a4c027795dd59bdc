"""The log and views of a data folder. Managing keys needs only these."""

from __future__ import annotations

import time
from random import SystemRandom

from vectorlog.event_log.own_commits import OwnCommits
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.runtime.local import checkpoint, uptime
from vectorlog.runtime.local.data_folder import DataFolder
from vectorlog.sqlite.database import Database
from vectorlog.views import sqlite as views
from vectorlog.views.views import Views
from vectorlog.webhooks.outbox import Outbox
from vectorlog.work import sqlite as work

REMEMBERED = 1_024
"""How many commits this process remembers until the feed brings them: about as many as it is ever behind."""


def clock() -> int:
    """Returns the current time in ms since 1970."""
    return time.time_ns() // 1_000_000


class LocalLogAndViews:
    """The log and views of a data folder. Any number of processes may have them open at the same time.

    If they are `read_only`, nothing is written, not even what an older version's databases lack.
    """

    def __init__(self, folder: DataFolder, *, read_only: bool = False) -> None:
        self.clock = clock
        self.random = SystemRandom()
        self.log = SQLiteEventLog(folder.log, read_only=read_only)
        schema = (*views.SCHEMA, *work.SCHEMA, *checkpoint.SCHEMA, *uptime.SCHEMA)
        self.derived = Database(folder.derived, schema, synchronous="NORMAL", read_only=read_only)
        self.streams = OwnCommits(self.log, clock, self.random, REMEMBERED)
        self.views = Views(views.SQLiteTable(self.derived), remember=REMEMBERED)
        self.outbox = Outbox(views.SQLiteTable(self.derived, views.OUTBOX), clock)

    def close(self) -> None:
        """Closes both databases."""
        self.log.close()
        self.derived.close()
