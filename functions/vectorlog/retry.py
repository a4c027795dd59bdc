"""Retries calls that failed temporarily. Every wait between two attempts happens here.

Policies are named constants next to the calls that they are for, each with its reason. Two things are elsewhere: the
delay before a message is delivered again (`work/redelivery.py`), and the retries that clients make themselves. These
are botocore in its standard mode (`runtime/aws/clients.py`), and urllib3 where the status alone decides
(`runtime/aws/custom_resource.py`). Neither of them handles a transaction that conflicts with another one, unprocessed
keys, failed entries of a batch, a body that breaks off, or a provider that asks to wait for an hour.

Why not a library: of tenacity 9.2 (pure Python, well maintained) we would use only the loop. It accepts a `sleep`, but
neither a clock nor a source of randomness, so a deadline could be tested only by waiting. The waits, Retry-After,
giving up when a wait is too long, and the log line would still be ours. On top of boto3 and pydantic it adds 5.4 ms of
CPU to a function's cold start, and this module 3.0 ms (medians of 11).
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
"""The number of attempts of a policy that only a deadline ends."""

NO_JITTER = (1.0, 1.0)
FULL_JITTER = (0.0, 1.0)
"""For callers that compete with each other: it spreads them best (AWS Architecture Blog, "Exponential Backoff And
Jitter").
"""
ADDED_JITTER = (1.0, 1.5)
"""For a server that needs the whole wait to recover."""

log = logging.getLogger(__name__)


class Temporary(Exception):
    """A call failed, and the same call may succeed in a moment; the message says why it failed.

    Attributes:
        retry_after: how many seconds the provider asks to wait, if it says so.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Contended(Temporary):
    """Another writer was first. No provider is at fault, so it is logged at level DEBUG."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often to try, and how long to wait between two attempts.

    Attributes:
        attempts: how many calls to make at most, including the first; with `UNLIMITED`, only `deadline_s` ends them.
        first_s: the wait before the second attempt in seconds, without jitter.
        factor: each further wait is this many times as long as the one before.
        cap_s: the longest wait in seconds, without jitter.
        jitter: each wait is multiplied by a random number between these two.
        longest_wait_s: the call is given up if the next wait, the provider's or ours, would be longer.
        deadline_s: no attempt begins later than this many seconds after the first.
        timeout_s: how long one attempt may take; the caller enforces it.
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
        """Returns the seconds to wait after an attempt; `attempt` is its number, counted from 1."""
        if not self.first_s:
            return 0.0
        # After 64 doublings every wait has reached its cap; a larger exponent could overflow a float.
        return min(self.cap_s, self.first_s * self.factor ** min(attempt - 1, 64)) * uniform(*self.jitter)


@dataclass(frozen=True, slots=True)
class Timing:
    """The functions on which waits depend; tests pass their own.

    Attributes:
        sleep: waits for a number of seconds.
        uniform: returns a random number between two others.
        clock: returns seconds since any fixed moment, and never goes back.
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
        what: names the call in the log, such as `SQS SendMessageBatch`.
        policy: how often to call and how long to wait.
        step: raises one of `on` if another attempt may help; any other exception ends the attempts.
        on: the exceptions that lead to another attempt.
        timing: clock, sleep and randomness; tests pass their own.

    Raises:
        Exception: the exception of the last attempt.
    """
    begun, attempt = timing.clock(), 0
    while True:
        attempt += 1
        try:
            return step()
        except on as error:
            retry_after = error.retry_after if isinstance(error, Temporary) else None
            wait = retry_after or policy.backoff(attempt, timing.uniform)
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
    """Logs a temporary refusal, with the fields `what`, `attempt`, `wait_s` and `reason`.

    Args:
        what: names the call.
        attempt: the number of the attempt that failed, counted from 1.
        wait_s: seconds until the next attempt; None if there is none, or if the client decides when to make it.
        reason: in the provider's words.
        level: of the log line.
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
