"""How the C library hands out memory."""

from __future__ import annotations

import ctypes
import sys

_M_ARENA_MAX = -8
"""The number of this option in glibc's malloc.h."""
ARENAS = 2
"""How many arenas all threads share. By default each thread gets one of its own, up to eight for each core, and keeps
what it has freed: after a benchmark a server with 43 threads held 19 MB more, of 164.
"""


def share_arenas() -> None:
    """Has the process' threads share arenas. Only glibc has them; elsewhere it does nothing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:  # musl has no such function
        mallopt(_M_ARENA_MAX, ARENAS)
