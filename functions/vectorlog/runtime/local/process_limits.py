"""The limits of this process (`ulimit`): too low ones are told at the start, not by requests that fail later."""

from __future__ import annotations

import logging
import resource

OTHER_FILES = 512
"""Open files besides connections: databases for each thread, uploads and downloads."""
FEWEST_CONNECTIONS = 16
LARGEST_FILE = 1 << 30
"""The size in bytes that a file must be able to have: the log and the index of a folder are one file each."""

log = logging.getLogger(__name__)


class LimitTooLow(Exception):
    """The server cannot work within a limit of this process. The message says which, and how to raise it."""


def check_file_size() -> None:
    """Raises the limit on the size of a file as far as it may be raised.

    Raises:
        LimitTooLow: it stays below `LARGEST_FILE`.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return
    if hard < LARGEST_FILE:
        raise LimitTooLow(
            f"Files may have {hard:,} bytes at most, and the databases need {LARGEST_FILE:,}: raise the limit with "
            f"`ulimit -f unlimited`."
        )
    log.warning("files may have %s bytes at most, so the databases cannot grow further; raise `ulimit -f`", hard)


def with_files_for(connections: int) -> int:
    """Lets the process open the files that this many connections need, and returns how many there may be.

    Raises:
        LimitTooLow: they are fewer than `FEWEST_CONNECTIONS`, and than were asked for.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + OTHER_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    allowed = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if allowed < OTHER_FILES + min(connections, FEWEST_CONNECTIONS):
        raise LimitTooLow(
            f"{allowed} files may be open at a time, and the server needs {OTHER_FILES + FEWEST_CONNECTIONS}: raise "
            f"the limit with `ulimit -n`."
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))
    if allowed < wanted:
        log.warning("the limit of %s open files leaves %s connections", allowed, allowed - OTHER_FILES)
    return allowed - OTHER_FILES
