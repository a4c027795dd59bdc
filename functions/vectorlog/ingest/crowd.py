"""The others who wait for the readers while some files are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vectorlog.work.messages import Ingest

SLICE_S = 1.0
"""After how many seconds of reading a file gives way, if others wait. Most are read in a tenth of that."""


def nobody_waits() -> bool:
    """Returns False."""
    return False


def free_of_charge(message: Ingest, seconds: float) -> None:
    """Does nothing."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who else wants to be served.

    Attributes:
        waits: whether files of projects that are not served now wait.
        charge: is told how many seconds a file was read.
    """

    waits: Callable[[], bool] = nobody_waits
    charge: Callable[[Ingest, float], None] = free_of_charge


ALONE = Crowd()
