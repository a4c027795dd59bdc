"""Files and folders whose content must survive a power cut."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Writes a file to the disk, or the names in a folder. Windows cannot sync a folder, so nothing is done for one.

    Raises:
        FileNotFoundError: it is not there.
    """
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
