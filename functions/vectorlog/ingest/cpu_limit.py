"""How much CPU time a file may take to be read: it starts low and grows with its bytes, so that a small bad file costs
little.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from vectorlog.defaults import READ_CPU_SECONDS, READ_CPU_SECONDS_PER_MB

_UNPACKED_SHARE = 0.25
"""What a byte counts that a zip container unpacks to, beside one of the file: large XML is read at 1 MB/s or faster."""
_MOST_UNPACKED = 20
"""How many times its size a container is believed to unpack to. Workbooks unpack to ten times theirs, bombs to more."""


@dataclass(frozen=True, slots=True)
class CpuLimit:
    """`seconds`, and `per_mb` for each 10^6 bytes."""

    seconds: float = READ_CPU_SECONDS
    per_mb: float = READ_CPU_SECONDS_PER_MB

    def of(self, size: float) -> float:
        """Returns how many seconds a file of `size` bytes may take."""
        return self.seconds + self.per_mb * size / 1e6

    def of_file(self, path: Path) -> float:
        """Returns the same of the file at `path`; more if it is a zip container, for what it unpacks to.

        Raises:
            OSError: there is no such file.
        """
        size = path.stat().st_size
        return self.of(size + _UNPACKED_SHARE * min(_unpacked(path), _MOST_UNPACKED * size))


def _unpacked(path: Path) -> int:
    """Returns how many bytes a zip container says that it unpacks to; 0 if the file is none."""
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            return 0
    try:
        with zipfile.ZipFile(path) as container:
            return sum(member.file_size for member in container.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return 0  # a damaged container; the reader says so
