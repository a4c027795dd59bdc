"""What a process writes, syncs, renames and sends, in order: its system calls, by strace."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

WRITES = ("write", "writev", "pwrite64", "pwritev")
SYNCS = ("fsync", "fdatasync")
RENAMES = ("rename", "renameat", "renameat2")
SENDS = ("write", "writev", "sendto", "sendmsg")
_TRACED = sorted({*WRITES, *SYNCS, *RENAMES, *SENDS})

_SHOWN = 20_000
"""How many bytes of each write are shown."""

_LINE = re.compile(r"^(\d+) +(?:<\.\.\. (?P<resumed>\w+) resumed>|(?P<name>\w+)\()(?P<rest>.*)$")
_PATH = re.compile(r"^\d+<([^>]*)>")


@dataclass(frozen=True, slots=True)
class SystemCall:
    """A call that succeeded.

    Attributes:
        name: such as `fsync`.
        path: of the file that it was called on, as it was called then; empty for a rename.
        text: its arguments, as strace prints them.
        began: its place in the trace.
        ended: the place in the trace at which it had returned.
    """

    name: str
    path: str
    text: str
    began: int
    ended: int


@cache
def can_trace() -> bool:
    """Whether strace is installed and allowed to trace."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-D", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode == 0


def tracing(trace: Path) -> list[str]:
    """Returns the command before another one that has the other's calls written to `trace`. The process that is started
    is the other command's own, so that signals reach it.
    """
    calls = f"trace={','.join(_TRACED)}"
    return ["strace", "-D", "-f", "-y", "-s", str(_SHOWN), "-e", calls, "-e", "signal=none", "-o", str(trace)]


def read(trace: Path) -> list[SystemCall]:
    """Returns the calls of a trace, in the order in which they began."""
    calls: list[SystemCall] = []
    open_: dict[str, SystemCall] = {}
    for place, line in enumerate(trace.read_text(errors="replace").splitlines()):
        match = _LINE.match(line)
        if match is None:
            continue  # an exit, or a signal
        process, rest = match[1], match["rest"]
        if match["name"]:
            path = _PATH.match(rest)
            call = SystemCall(match["name"], path[1] if path else "", rest, place, place)
            if rest.endswith("<unfinished ...>"):
                open_[process] = call
            elif " = -1 " not in rest:
                calls.append(call)
        elif (begun := open_.pop(process, None)) is not None and " = -1 " not in rest:
            calls.append(replace(begun, ended=place))
    return sorted(calls, key=lambda call: call.began)


def written_and_synced(calls: Sequence[SystemCall], file: str, text: str, until: int) -> bool:
    """Whether a write of `text` to the file whose path ends with `file` was followed by a sync of that file, and both
    had returned before the place `until` in the trace.
    """
    return any(
        sync.name in SYNCS and sync.path == write.path and write.ended < sync.began and sync.ended < until
        for write in calls
        if write.name in WRITES and write.path.endswith(file) and text in write.text
        for sync in calls
    )
