"""Log and views of a data folder: all that keys need, and the ground that the rest stands on."""

from __future__ import annotations

import time
from random import SystemRandom

from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.event_log.streams import Streams
from vectorlog.runtime.local import checkpoint
from vectorlog.runtime.local.data_folder import DataFolder
from vectorlog.sqlite.database import Database
from vectorlog.views import sqlite as views
from vectorlog.views.views import Views
from vectorlog.work import sqlite as work


def clock() -> int:
    """Now, in ms since 1970."""
    return time.time_ns() // 1_000_000


class LocalLogAndViews:
    """Any number of processes may open it beside each other."""

    def __init__(self, folder: DataFolder) -> None:
        self.clock = clock
        self.random = SystemRandom()
        self.log = SQLiteEventLog(folder.log)
        self.derived = Database(folder.derived, (*views.SCHEMA, *work.SCHEMA, *checkpoint.SCHEMA), synchronous="NORMAL")
        self.streams = Streams(self.log, clock, self.random)
        self.views = Views(views.SQLiteTable(self.derived))

    def close(self) -> None:
        """Closes both files."""
        self.log.close()
        self.derived.close()
