"""Repeated calls: how often, how long between, when they end, and what the log says."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from math import inf

import pytest

from tests.support.waits import Waits
from vectorlog.retry import (
    ADDED_JITTER,
    NO_JITTER,
    UNLIMITED,
    Contended,
    RetryPolicy,
    Temporary,
    Timing,
    retrying,
)

PLAIN = RetryPolicy(attempts=5, first_s=1, jitter=NO_JITTER)


def failing(*errors: Exception) -> Callable[[], str]:
    """A call that fails with these, and then gives "done"."""
    left = list(errors)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return call


def busy(times: int) -> Callable[[], str]:
    return failing(*[Temporary(f"busy {number}") for number in range(1, times + 1)])


@pytest.fixture
def waits() -> Waits:
    return Waits()


class TestAttempts:
    def test_success_waits_for_nothing(self, waits: Waits) -> None:
        """What succeeds is called once and delayed by nothing."""
        assert retrying("it", PLAIN, busy(0), timing=waits.timing) == "done"
        assert waits == []

    def test_until_it_succeeds(self, waits: Waits) -> None:
        """What fails for now is called again, and the caller gets its result."""
        assert retrying("it", PLAIN, busy(4), timing=waits.timing) == "done"
        assert waits == [1, 2, 4, 8]

    def test_attempts_end(self, waits: Waits) -> None:
        """No more attempts than the policy says, no wait after the last, and the last error is the caller's."""
        with pytest.raises(Temporary, match="busy 5"):
            retrying("it", PLAIN, busy(9), timing=waits.timing)
        assert waits == [1, 2, 4, 8]

    def test_other_errors_end_it(self, waits: Waits) -> None:
        """What no repetition cures is raised at once."""
        with pytest.raises(ValueError, match="wrong"):
            retrying("it", PLAIN, failing(Temporary("busy"), ValueError("wrong")), timing=waits.timing)
        assert waits == [1]

    def test_errors_of_others(self, waits: Waits) -> None:
        """A caller may name the errors that are worth another attempt."""
        call = failing(OSError("reset"), TimeoutError("late"))
        assert retrying("it", PLAIN, call, on=(OSError, TimeoutError), timing=waits.timing) == "done"
        with pytest.raises(Temporary):
            retrying("it", PLAIN, busy(1), on=OSError, timing=waits.timing)

    @pytest.mark.parametrize("attempts", [0, UNLIMITED])
    def test_a_policy_ends(self, attempts: int) -> None:
        """A policy that allows no attempt, or attempts without end, is refused when it is made."""
        with pytest.raises(ValueError, match="a policy needs"):
            RetryPolicy(attempts)


class TestWaits:
    def test_growth_and_cap(self) -> None:
        """Waits grow by the factor from the first to the cap."""
        policy = RetryPolicy(attempts=9, first_s=0.5, factor=3, cap_s=10, jitter=NO_JITTER)
        assert [policy.backoff(attempt) for attempt in (1, 2, 3, 4, 5, 5000)] == [0.5, 1.5, 4.5, 10, 10, 10]

    @pytest.mark.parametrize(
        ("jitter", "expected"), [(NO_JITTER, (1, 1)), ((0.0, 1.0), (0, 1)), (ADDED_JITTER, (1, 1.5))]
    )
    def test_jitter(self, jitter: tuple[float, float], expected: Sequence[float]) -> None:
        """Full jitter waits for anything up to the backoff, added jitter for half more at most."""
        policy = RetryPolicy(attempts=9, first_s=0.25, jitter=jitter)
        least, most = (policy.backoff(3, pick) for pick in (min, max))
        assert (least, most) == tuple(share * 0.25 * 4 for share in expected)

    def test_callers_are_spread(self) -> None:
        """Two callers that fail at the same time do not come back at the same time."""
        first, second = Waits(seed=1), Waits(seed=2)
        policy = RetryPolicy(attempts=9, first_s=0.01)
        for waits in (first, second):
            retrying("it", policy, busy(8), timing=waits.timing)
        assert len({*first, *second}) == 16

    def test_no_wait(self, waits: Waits) -> None:
        """A policy without waits repeats at once and sleeps not at all."""
        assert retrying("it", RetryPolicy(attempts=3), busy(2), timing=waits.timing) == "done"
        assert waits == []


class TestRetryAfter:
    def test_replaces_the_wait(self, waits: Waits) -> None:
        """A provider that says when to come back is asked then; a wait of nothing is no answer."""
        call = failing(Temporary("busy", retry_after=7), Temporary("busy", retry_after=0))
        assert retrying("it", PLAIN, call, timing=waits.timing) == "done"
        assert waits == [7, 2]

    def test_too_long(self, waits: Waits) -> None:
        """Who asks for more than the policy waits is not asked again, and the caller learns for how long."""
        policy = RetryPolicy(attempts=5, first_s=1, longest_wait_s=20)
        with pytest.raises(Temporary) as caught:
            retrying("it", policy, failing(Temporary("busy", retry_after=20.1)), timing=waits.timing)
        assert caught.value.retry_after == 20.1
        assert retrying("it", policy, failing(Temporary("busy", retry_after=20)), timing=waits.timing) == "done"
        assert waits == [20]


class TestDeadline:
    def test_no_attempt_behind_it(self, waits: Waits) -> None:
        """No attempt begins after the deadline, and none is waited for that would: the answer comes within it."""
        policy = RetryPolicy(attempts=UNLIMITED, first_s=1, cap_s=4, jitter=NO_JITTER, deadline_s=12)
        with pytest.raises(Temporary, match="busy 5"):
            retrying("it", policy, busy(99), timing=waits.timing)
        assert waits == [1, 2, 4, 4]

    def test_slow_calls_count(self, waits: Waits) -> None:
        """The time that attempts take is part of it."""

        def call() -> None:
            waits.now += 5
            raise Temporary("busy")

        policy = RetryPolicy(attempts=99, first_s=1, jitter=NO_JITTER, deadline_s=12)
        with pytest.raises(Temporary):
            retrying("it", policy, call, timing=waits.timing)
        assert waits == [1]


class TestLog:
    def test_each_refusal(self, waits: Waits, caplog: pytest.LogCaptureFixture) -> None:
        """Each temporary refusal is a line that says of what, at which attempt, why, and when it is tried again: the
        last one says that it is not.
        """
        with pytest.raises(Temporary):
            retrying("S3 GetObject", RetryPolicy(2, first_s=1.23456, jitter=NO_JITTER), busy(2), timing=waits.timing)
        found = [
            (line.levelname, *(vars(line)[name] for name in ("what", "attempt", "wait_s", "reason")))
            for line in caplog.records
        ]
        assert found == [
            ("WARNING", "S3 GetObject", 1, 1.235, "busy 1"),
            ("WARNING", "S3 GetObject", 2, None, "busy 2"),
        ]
        assert caplog.messages[0] == "S3 GetObject failed for now (attempt 1): busy 1"

    def test_an_error_without_words(self, waits: Waits, caplog: pytest.LogCaptureFixture) -> None:
        """A reason is never empty."""
        retrying("it", PLAIN, failing(TimeoutError()), on=TimeoutError, timing=waits.timing)
        assert vars(caplog.records[0])["reason"] == "TimeoutError"

    def test_contention_is_detail(self, waits: Waits, caplog: pytest.LogCaptureFixture) -> None:
        """Writers that meet are everyday life, and no warning."""
        with caplog.at_level(logging.DEBUG, logger="vectorlog.retry"):
            retrying("it", PLAIN, failing(Contended("another writer was first")), timing=waits.timing)
        assert [line.levelname for line in caplog.records] == ["DEBUG"]


def test_real_time() -> None:
    """Without a test's timing it sleeps, draws and reads the clock itself."""
    assert retrying("it", RetryPolicy(attempts=2, first_s=1e-6, deadline_s=9), busy(1)) == "done"
    assert RetryPolicy(attempts=1).timeout_s == inf
    assert Timing().clock() <= Timing().clock()
