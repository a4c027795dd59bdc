"""Limits requests a second, in one process or in many that share Windows.

A process does not ask the shared count for every request. In each second it admits the first few alone, and then takes
a slice of the limit at a time, as large as what it admitted in the second before. So a process that is asked seldom
makes no call, and a busy one makes about one call a second. All processes together admit at most the limit, plus what
each admits alone.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from vectorlog.limits.windows import Windows
from vectorlog.telemetry.telemetry import Telemetry

SECOND_MS = 1_000
ALONE = 3
"""How many requests of a project a process admits alone in a second, where many processes share a limit."""
ALONE_SHARE = 20
"""At most this part of the limit is admitted alone: a twentieth."""
SLICE_SHARE = 8
"""At most this part of the limit is taken at once: an eighth. A slice that is not used up is lost."""
PROJECTS = 10_000
"""For how many projects a process remembers the current second."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """A limit after a request was counted.

    Attributes:
        admitted: whether the request is within the limit.
        most: the limit.
        remaining: what is left of it; an estimate where processes share it.
        reset_ms: when all of it is available again, in ms from now.
    """

    admitted: bool
    most: int
    remaining: int
    reset_ms: int


@dataclass(slots=True)
class _Second:
    """A second of a project: `used` requests were admitted, of `granted` that the shared count knows. `shared` is that
    count as last seen; `closed` if it refused more; `before` is how many were admitted in the second before.
    """

    until: int
    before: int = 0
    used: int = 0
    granted: int = 0
    shared: int = 0
    closed: bool = False


class RequestRate:
    """Counts the requests of projects. Safe to use from several threads.

    Args:
        windows: where requests are counted.
        alone: how many requests of a project are admitted in a second without asking `windows`. 0 is exact, and asks
            for every request.
        telemetry: where it is reported that requests could not be counted.
    """

    def __init__(self, windows: Windows, *, alone: int = 0, telemetry: Telemetry = Telemetry()) -> None:
        self._windows = windows
        self._alone = alone
        self._telemetry = telemetry
        self._seconds: OrderedDict[str, _Second] = OrderedDict()
        self._lock = Lock()

    def count(self, project: str, most: int, now: int) -> Allowance:
        """Counts a request of a project.

        Args:
            project: its name.
            most: its limit, in requests a second.
            now: the time, in ms since 1970.
        """
        with self._lock:
            second = self._current(project, now)
            alone = min(self._alone, most // ALONE_SHARE)
            admitted = second.used < alone + second.granted or self._take(project, second, most)
            second.used += admitted
            unused = second.granted - max(0, second.used - alone)
            known = second.shared - unused + min(second.used, alone)
            remaining = max(0, most - known) if admitted else 0
            return Allowance(admitted, most, remaining, max(1, second.until - now))

    def _current(self, project: str, now: int) -> _Second:
        until, last = now - now % SECOND_MS + SECOND_MS, self._seconds.pop(project, None)
        if last is None or last.until != until:
            last = _Second(until, last.used if last is not None and last.until == until - SECOND_MS else 0)
        self._seconds[project] = last
        if len(self._seconds) > PROJECTS:
            self._seconds.popitem(last=False)
        return last

    def _take(self, project: str, second: _Second, most: int) -> bool:
        """Takes a slice, or a single request if a slice no longer fits; False if there is none."""
        if second.closed:
            return False
        largest = max(1, min(second.before, most // SLICE_SHARE)) if self._alone else 1
        for amount in dict.fromkeys((largest, 1)):
            try:
                count = self._windows.take(f"requests#{project}", second.until, amount, most)
            except Exception as error:  # noqa: BLE001  # the limit protects the service: without its count, it goes on
                self._telemetry.not_counted(project, f"{type(error).__name__}: {error}")
                count = second.shared + amount
            if count is not None:
                second.granted += amount
                second.shared = count
                return True
        second.closed = True
        return False
