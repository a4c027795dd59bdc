"""A rule of EventBridge that fires at a rate, driven step by step."""

from __future__ import annotations

import logging
from collections.abc import Callable

from local_aws.payloads import Invoke, schedule_event

log = logging.getLogger(__name__)


class Schedule:
    """Invokes a function every `rate` ms, first after one interval. Missed turns are not made up for."""

    def __init__(self, invoke: Invoke, rule: str, rate: int, clock: Callable[[], int]) -> None:
        self._invoke = invoke
        self._rule = rule
        self._rate = rate
        self._clock = clock
        self._next = clock() + rate

    def step(self) -> bool:
        """Invokes the function if it is due; returns whether it was."""
        now = self._clock()
        if now < self._next:
            return False
        self._next += (1 + (now - self._next) // self._rate) * self._rate
        try:
            self._invoke(schedule_event(self._rule, now))
        except Exception as error:  # noqa: BLE001  # whatever ends a function, its next turn comes
            log.warning("the function of %s failed: %r", self._rule, error)
        return True
