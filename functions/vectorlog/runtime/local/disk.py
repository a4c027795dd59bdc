"""The space of the data folder's disk, of which a part is reserved for what frees space."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from vectorlog.domain.errors import DISK_FULL, NoSpace
from vectorlog.files.private import private_file

RESERVED_PART = 4
"""The reserve is at most one part in this many of the disk, so that a small disk can be used too."""
MARGIN = 16 * 1024 * 1024
"""Above the reserve this many bytes stay free too, or half of the reserve if that is less. So a disk that had no room
for a small upload is full for everything that grows, and does not switch between the two with each request.
"""
SMALLEST_MARGIN = 1024 * 1024
"""What stays free even without a reserve, so that a disk without space counts as full."""
BALLAST = 16 * 1024 * 1024
"""How much of the reserve a file keeps, at most half of it. It is enough for the log of thousands of deletes."""
REMEMBERED_S = 1.0
"""How long a measurement counts. Bytes that are written in the meantime are subtracted from it."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Space:
    """What a disk has, in bytes: its size, what is free on it, and what of that is reserved.

    Attributes:
        full: whether nothing may grow.
    """

    total: int
    free: int
    reserve: int
    full: bool


class Disk:
    """Knows whether data may still grow, and keeps space for deletes. Safe to use from several threads.

    The server itself leaves the reserve free. A part of it, the ballast, is a file without content, so that other
    programs cannot use it either. It is given up for a delete that finds no other space, and made again afterwards.

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
        self._ballast = folder / "ballast"
        self._held = self._ballast.exists()
        total, _ = self._usage(folder)
        self.reserve = min(reserve_bytes, total // RESERVED_PART)
        self._ballast_bytes = min(BALLAST, self.reserve // 2)
        self._margin = max(SMALLEST_MARGIN, min(MARGIN, self.reserve // 2))
        self._was_full = False
        self._measure()

    @property
    def full(self) -> bool:
        """Whether no more than the reserve and its margin is left. Then nothing may grow."""
        return self._available() < self._margin

    def space(self) -> Space:
        """Returns what the disk has now."""
        total, free = self._usage(self._folder)
        return Space(total, free, self.reserve, self.full)

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

    def relieve(self) -> None:
        """Gives up the ballast if there is no other space. To be called before what frees space, and never otherwise:
        a program that is still filling the disk would use it.
        """
        self._measure(needed=True)

    def _measure(self, *, needed: bool = False) -> None:
        with self._lock:
            _, self._free = self._usage(self._folder)
            self._measured_at = self._clock()
            if needed and self._held and self._free < self._ballast_bytes // 2:
                self._ballast.unlink(missing_ok=True)
                self._held = False
                self._free += self._ballast_bytes
            elif not self._held and self._free - self.reserve >= self._margin and self._ballast_bytes:
                self._held = _allocate(self._ballast, self._ballast_bytes)
                self._free -= self._ballast_bytes
            is_full, was_full = self._left() < self._margin, self._was_full
            self._was_full = is_full
        if is_full and not was_full:
            log.warning("the disk is full: only its reserve is left, so nothing may grow until something is deleted")
        elif was_full and not is_full:
            log.info("the disk has room again")

    def _available(self) -> int:
        """Returns how many bytes may still be used; negative if the reserve has been touched."""
        if self._clock() - self._measured_at >= REMEMBERED_S:
            self._measure()
        return self._left()

    def _left(self) -> int:
        return self._free + (self._ballast_bytes if self._held else 0) - self.reserve


def _allocate(path: Path, length: int) -> bool:
    """Makes a file that occupies this many bytes, and returns whether there was room for it."""
    try:
        with private_file(path) as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, length)
            else:  # macOS
                file.write(bytes(length))
    except OSError as error:
        path.unlink(missing_ok=True)
        log.warning("no space could be reserved: %s", error)
        return False
    return True


def _usage(folder: Path) -> tuple[int, int]:
    status = os.statvfs(folder)
    return status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize
