"""Drives event source mappings in threads, until it is stopped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

log = logging.getLogger(__name__)

IDLE_S = 0.05
"""Pause in seconds between two steps when there was nothing to do; a stream's record waits at most that long. Shorter
pauses keep two cores busy with asking."""
BROKEN_S = 1.0

Step = Callable[[], bool]
"""Does the pending work, and returns whether there was any."""


@contextmanager
def pumping(steps: Sequence[Step]) -> Iterator[None]:
    """Repeats each step in its own thread. At the end, it waits for steps that are running."""
    stopping = threading.Event()
    threads = [
        threading.Thread(target=_repeat, args=(step, stopping), name=f"pump-{place}")
        for place, step in enumerate(steps)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def _repeat(step: Step, stopping: threading.Event) -> None:
    while not stopping.is_set():
        try:
            idle = 0.0 if step() else IDLE_S
        except Exception:
            if not stopping.is_set():
                log.exception("a step of the pump failed; it is repeated")
            idle = BROKEN_S
        stopping.wait(idle)
