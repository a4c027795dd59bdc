"""Errors that are no fault of a file: this machine, or the container or function, is out of something."""

from __future__ import annotations

import errno

REMEDIES = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up; raise it, or free some space",
    errno.EFBIG: "a file may not grow further; raise `ulimit -f`",
    errno.EROFS: "the disk is read-only; look for errors of the disk",
    errno.EIO: "the disk cannot be read or written; look for errors of the disk",
    errno.EMFILE: "too many files are open; raise `ulimit -n`",
    errno.ENFILE: "too many files are open on this machine; raise its limit fs.file-max",
    errno.EAGAIN: "no process or thread can be started; raise `ulimit -u` or the limit on pids",
    errno.ENOMEM: "the memory is used up; raise `ulimit -v`, or give the machine more memory",
}
"""What is wrong and what helps, by error number, as part of a sentence."""


def exhausted(error: BaseException) -> str | None:
    """Returns what this machine lacks, with the remedy; None if the error has another cause."""
    match error:
        case MemoryError():
            return REMEDIES[errno.ENOMEM]
        case OSError() if error.errno is not None:
            return REMEDIES.get(error.errno)
        case RuntimeError() if "can't start new thread" in str(error):
            return REMEDIES[errno.EAGAIN]
        case _:
            return None


def host_fault(error: BaseException) -> str | None:
    """Returns what `exhausted` says of the error or, if nothing, of what caused it."""
    seen: BaseException | None = error
    while seen is not None:
        if found := exhausted(seen):
            return found
        seen = seen.__cause__ or seen.__context__
    return None
