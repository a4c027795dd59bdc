"""The threads of a server share memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import re, sys, threading
from vectorlog.runtime.local.allocator import share_arenas

if sys.argv[1] == "shared":
    share_arenas()
together = threading.Barrier(12)

def hold():
    together.wait()
    kept = [bytearray(1000) for _ in range(500)]  # small ones come from Python's own arenas, these from the library's
    together.wait()

threads = [threading.Thread(target=hold) for _ in range(11)]
for each in threads:
    each.start()
together.wait()
together.wait()
# Each arena begins at a multiple of 64 MB, and reserves as much.
places = [int(line.split("-")[0], 16) for line in open("/proc/self/maps") if len(line.split()) == 5]
print(sum(place % (64 << 20) == 0 for place in places))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has arenas")
def test_arenas() -> None:
    """Threads that hold memory at the same time do not each reserve some of their own."""
    counted = {
        how: int(subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, check=True).stdout)
        for how in ("shared", "own")
    }
    assert counted["shared"] <= 2 < counted["own"]
