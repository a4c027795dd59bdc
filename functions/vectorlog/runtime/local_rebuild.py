"""Views and index of a data folder, made anew beside the server that may own it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from random import Random

from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.rebuild.projection import Projection
from vectorlog.runtime.data_folder import DataFolder
from vectorlog.runtime.ledger import Ledger
from vectorlog.transfer.contents import Watch
from vectorlog.views.sqlite import FRESH, SQLiteTable, Within, begin_fresh, serve_fresh
from vectorlog.views.views import Views

PAGE = 256


class _Reader:
    """Commits of a log, each once; `position` is that of the last."""

    def __init__(self, log: SQLiteEventLog) -> None:
        self._log = log
        self.position = 0

    def rest(self) -> Iterator[Commit]:
        """Those up to the end."""
        while page := self._log.after(self.position, PAGE):
            for fed in page:
                yield fed.commit
                self.position = fed.position


def views(folder: DataFolder, watch: Watch) -> int:
    """Projects the log into a new table, which takes the place of the one that serves in one transaction; gives how many commits
    there were.

    A server and other processes may use the folder meanwhile: they see the old rows before that transaction and the new ones after it, and
    what they write waits for as long as it takes, which is what came into the log a moment before. One that dies leaves the old rows.

    Raises:
        FolderInUse: another rebuild of the folder is under way.
        UnknownSchema: newer code wrote a commit.
    """
    with folder.lock_rebuild(), closing(Ledger(folder)) as ledger:
        projection, reader = Projection(ledger.streams), _Reader(ledger.log)
        ledger.derived.write(begin_fresh)
        fresh = Views(SQLiteTable(ledger.derived, FRESH), ledger.random)
        projection.take(watch("commits", reader.rest(), None), fresh)
        projection.settle(fresh)

        def switch(connection: sqlite3.Connection) -> None:
            within = Views(SQLiteTable(Within(connection), FRESH), Random())
            projection.take(reader.rest(), within)  # whoever projects a later commit waits for this transaction
            projection.settle(within)
            serve_fresh(connection)

        ledger.derived.write(switch)
        return reader.position
