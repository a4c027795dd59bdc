"""Wakes an index that sleeps while it is not used (OpenSearch Serverless), before somebody has to wait for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from vectorlog.telemetry.metrics import WAKES, Metrics, NoMetrics
from vectorlog.work.messages import Wake, outgoing
from vectorlog.work.queue import Queue

EVERY_S = 240.0
"""A process wakes the index at most this often: it sleeps after ten minutes without requests."""
GROUP = "wake"

log = logging.getLogger(__name__)


class Waker:
    """Implements `Deployment.wake`.

    Args:
        wake: wakes the index, or asks somebody to.
        clock: returns seconds since any fixed moment.
        metrics: counts how often the index was woken. Who only asks somebody to gives none.
    """

    def __init__(
        self,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        metrics: Metrics = NoMetrics(),
    ) -> None:
        self._wake = wake
        self._clock = clock
        self._metrics = metrics
        self._next = float("-inf")

    def __call__(self) -> None:
        """Wakes the index, unless this process has just done so. A failure is logged only: the next request that needs
        the index wakes it.
        """
        now = self._clock()
        if now < self._next:
            return
        self._next = now + EVERY_S
        try:
            self._wake()
        except Exception:
            log.warning("the index could not be woken", exc_info=True)
            self._metrics.count(WAKES, outcome="failed")
        else:
            self._metrics.count(WAKES, outcome="woken")


def asked_for(queue: Queue) -> Callable[[], None]:
    """Returns a function that asks the work function to wake the index, by a message to its queue."""
    return lambda: queue.send([outgoing(Wake(), GROUP)])
