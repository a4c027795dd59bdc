"""The space of the data folder's disk, of which a part is reserved for what frees space."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from vectorlog.domain.errors import DISK_FULL, NoSpace

RESERVED_PART = 10
"""The reserve is at most one part in this many of the disk, so that a small disk can be used too."""
MARGIN = 16 * 1024 * 1024
"""Above the reserve this many bytes stay free too, or half of the reserve if that is less. So a disk that had no room
for a small upload is full for everything that grows, and does not switch between the two with each request.
"""
SMALLEST_MARGIN = 1024 * 1024
"""What stays free even without a reserve, so that a disk without space counts as full."""
REMEMBERED_S = 1.0
"""How long a measurement counts. Bytes that are written in the meantime are subtracted from it."""

log = logging.getLogger(__name__)


class Disk:
    """Knows whether data may still grow. Safe to use from several threads.

    Args:
        folder: an existing folder on the disk.
        reserve_bytes: how much is kept for deletes, for the log and for work that is under way.
        usage: returns the disk's size and its free space, in bytes.
        clock: returns seconds; only differences matter.
    """

    def __init__(
        self,
        folder: Path,
        reserve_bytes: int,
        usage: Callable[[Path], tuple[int, int]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._usage = usage or _usage
        self._clock = clock
        self._lock = Lock()
        total, self._free = self._usage(folder)
        self.reserve = min(reserve_bytes, total // RESERVED_PART)
        self._margin = max(SMALLEST_MARGIN, min(MARGIN, self.reserve // 2))
        self._measured_at = clock()
        self._was_full = False

    @property
    def full(self) -> bool:
        """Whether no more than the reserve and its margin is left. Then nothing may grow."""
        return self._available() < self._margin

    def room(self, length: int) -> None:
        """Checks that data may grow by `length` bytes.

        Raises:
            NoSpace: only the reserve would be left.
        """
        if self._available() < max(length, self._margin):
            raise NoSpace(DISK_FULL)

    def take(self, length: int) -> None:
        """Checks that `length` bytes may be written, and counts them as used until the next measurement.

        Raises:
            NoSpace: only the reserve would be left.
        """
        self.room(length)
        with self._lock:
            self._free -= length

    def _available(self) -> int:
        """Returns how many bytes may still be used; negative if the reserve has been touched."""
        with self._lock:
            now = self._clock()
            if now - self._measured_at >= REMEMBERED_S:
                _, self._free = self._usage(self._folder)
                self._measured_at = now
            available, was_full = self._free - self.reserve, self._was_full
            self._was_full = is_full = available < self._margin
        if is_full and not was_full:
            log.warning("the disk is full: only its reserve is left, so nothing may grow until something is deleted")
        elif was_full and not is_full:
            log.info("the disk has room again")
        return available


def _usage(folder: Path) -> tuple[int, int]:
    usage = shutil.disk_usage(folder)
    return usage.total, usage.free
