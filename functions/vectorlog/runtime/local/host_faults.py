"""Errors of SQLite that are no fault of a file: this machine is out of something."""

from __future__ import annotations

import errno
import sqlite3

from vectorlog.ingest import host_limits
from vectorlog.ingest.host_limits import REMEDIES

_FROM_SQLITE = {
    "SQLITE_FULL": REMEDIES[errno.ENOSPC],
    "SQLITE_IOERR": REMEDIES[errno.EIO],
    "SQLITE_CANTOPEN": "a file of the data folder cannot be opened; look at its disk, and at `ulimit -n`",
    "SQLITE_READONLY": REMEDIES[errno.EROFS],
    "SQLITE_NOMEM": REMEDIES[errno.ENOMEM],
    "SQLITE_BUSY": "another process keeps the database locked; end it",
}


def host_fault(error: BaseException) -> str | None:
    """Returns what this machine lacks, with the remedy, as part of a sentence; None if the error has another cause."""
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", "")
        return next((remedy for prefix, remedy in _FROM_SQLITE.items() if name.startswith(prefix)), None)
    return host_limits.host_fault(error)
