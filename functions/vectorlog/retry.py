"""Repeats calls that failed for a moment. Every wait between two attempts is slept here.

Policies are named constants beside the calls that they are for, each with its reason. Not here: how long a message
waits in its queue (`work/redelivery.py`), and what the clients repeat by themselves: botocore in its standard mode
(`runtime/aws/clients.py`), urllib3 where a status is all that decides (`runtime/aws/custom_resource.py`). Neither
knows of a transaction that met another one, keys that were left unprocessed, entries of a batch that failed, a body
that broke off, or a provider that asks for an hour.

Why no library: of tenacity 9.2 (pure Python, well kept) we would use the loop alone. It takes a `sleep`, but neither a
clock nor a source of randomness, so a deadline could only be tested by waiting; and the waits, Retry-After, the end at
one that is too long, and the log line would be ours all the same. On top of boto3 and pydantic it adds 5.4 ms of CPU to
a function's cold start, this module 3.0 (medians of 11).
"""

from __future__ import annotations

import logging
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import TypeVar

T = TypeVar("T")

UNLIMITED = sys.maxsize
"""Attempts of a policy that a deadline ends."""

NO_JITTER = (1.0, 1.0)
FULL_JITTER = (0.0, 1.0)
"""For callers that are in each other's way: it spreads them best (AWS Architecture Blog, "Exponential Backoff And
Jitter").
"""
ADDED_JITTER = (1.0, 1.5)
"""For a server that needs the whole wait to recover."""

log = logging.getLogger(__name__)


class Temporary(Exception):
    """The same call may succeed in a moment; the message says why it failed.

    Attributes:
        retry_after: seconds that the provider asks to wait, if it said so.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Contended(Temporary):
    """Another writer was first. That is no fault of a provider's, and is logged as detail only."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often to try, and how long to wait between two attempts.

    Attributes:
        attempts: calls at most, the first included; `UNLIMITED` leaves the end to `deadline_s`.
        first_s: the wait before the second attempt, in seconds, before jitter.
        factor: each further wait is so many times the one before it.
        cap_s: where waits stop growing.
        jitter: a wait is multiplied by a random number between these two.
        longest_wait_s: where a wait would be longer, the provider's or ours, the call is given up.
        deadline_s: no attempt begins later than so many seconds after the first.
        timeout_s: time for the answer to one attempt, for the caller to keep to.
    """

    attempts: int
    first_s: float = 0.0
    factor: float = 2.0
    cap_s: float = inf
    jitter: tuple[float, float] = FULL_JITTER
    longest_wait_s: float = inf
    deadline_s: float = inf
    timeout_s: float = inf

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError("a policy needs at least one attempt")
        if self.attempts == UNLIMITED and self.deadline_s == inf:
            raise ValueError("a policy needs a number of attempts or a deadline")

    def backoff(self, attempt: int, uniform: Callable[[float, float], float] = random.uniform) -> float:
        """Seconds to wait after the attempt of this number, counted from 1."""
        if not self.first_s:
            return 0.0
        # Past 64 doublings every wait is at its cap; without one a float would overflow.
        return min(self.cap_s, self.first_s * self.factor ** min(attempt - 1, 64)) * uniform(*self.jitter)


@dataclass(frozen=True, slots=True)
class Timing:
    """What waits depend on; a test has its own.

    Attributes:
        sleep: waits so many seconds.
        uniform: a random number between two.
        clock: seconds, from any beginning, that never go back.
    """

    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform
    clock: Callable[[], float] = time.monotonic


REAL_TIME = Timing()


def retrying(
    what: str,
    policy: RetryPolicy,
    step: Callable[[], T],
    *,
    on: type[Exception] | tuple[type[Exception], ...] = Temporary,
    timing: Timing = REAL_TIME,
) -> T:
    """Calls `step` until it succeeds or the policy ends, and returns its result.

    Args:
        what: is called, for the log, such as `SQS SendMessageBatch`.
        policy: how often and when.
        step: raises one of `on` where another attempt may help; anything else it raises ends the attempts.
        on: what is worth another attempt.
        timing: for tests.

    Raises:
        Exception: the last attempt's, one of `on`.
    """
    begun, attempt = timing.clock(), 0
    while True:
        attempt += 1
        try:
            return step()
        except on as error:
            asked = error.retry_after if isinstance(error, Temporary) else None
            wait = asked or policy.backoff(attempt, timing.uniform)
            again = (
                attempt < policy.attempts
                and wait <= policy.longest_wait_s
                and timing.clock() - begun + wait <= policy.deadline_s
            )
            level = logging.DEBUG if isinstance(error, Contended) else logging.WARNING
            log_refusal(what, attempt, wait if again else None, str(error) or type(error).__name__, level=level)
            if not again:
                raise
        if wait:
            timing.sleep(wait)


def log_refusal(what: str, attempt: int, wait_s: float | None, reason: str, *, level: int = logging.WARNING) -> None:
    """The one log line of each temporary refusal, with the fields `what`, `attempt`, `wait_s` and `reason`.

    Args:
        what: was called.
        attempt: which one failed, counted from 1.
        wait_s: until the next attempt; None where there is none, or where the client decides.
        reason: in the provider's words.
        level: of the line.
    """
    log.log(
        level,
        "%s failed for now (attempt %s): %s",
        what,
        attempt,
        reason,
        extra={
            "what": what,
            "attempt": attempt,
            "wait_s": None if wait_s is None else round(wait_s, 3),
            "reason": reason,
        },
    )
