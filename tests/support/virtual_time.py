"""Threads whose waits take no real time: only one runs at a time, the one whose wait ends first, so a test always runs
the same way.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from random import Random

from vectorlog.retry import Timing


class VirtualTime:
    """Milliseconds since the start, which pass with the threads' waits. Outside of its threads nothing waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self._waiting: list[tuple[float, int, threading.Event]] = []
        self._threads: dict[int, threading.Thread] = {}
        self._paused = threading.Semaphore(0)
        self._turns = 0
        self._errors: list[BaseException] = []

    def __call__(self) -> int:
        return int(self.now)

    def sleep(self, ms: float) -> None:
        """Lets others run until this much time has passed."""
        if threading.get_ident() in self._threads:
            turn = self._due_in(ms)
            self._paused.release()
            turn.wait()

    def timing(self, random: Random) -> Timing:
        """Waits between attempts, in this time."""
        return Timing(lambda seconds: self.sleep(1000 * seconds), random.uniform, lambda: self.now / 1000)

    def run(self, *steps: Callable[[], object]) -> None:
        """Runs these as threads, until all have ended.

        Raises:
            BaseException: the first that one of them raised, once all have ended.
        """
        for step in steps:
            turn = self._due_in(0)
            threading.Thread(target=self._run, args=(step, turn), daemon=True).start()
        while self._waiting:
            self.now, _, turn = heapq.heappop(self._waiting)
            turn.set()
            self._paused.acquire()
        if self._errors:
            raise self._errors[0]

    def _run(self, step: Callable[[], object], turn: threading.Event) -> None:
        self._threads[threading.get_ident()] = threading.current_thread()
        turn.wait()
        try:
            step()
        except BaseException as error:  # noqa: BLE001  # raised again where the threads were started
            self._errors.append(error)
        finally:
            del self._threads[threading.get_ident()]
            self._paused.release()

    def _due_in(self, ms: float) -> threading.Event:
        turn = threading.Event()
        self._turns += 1
        heapq.heappush(self._waiting, (self.now + ms, self._turns, turn))
        return turn
