"""Messages of the embed queue in either edition: which are done, which come later, which failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from tests.support.told import Told
from vectorlog.domain.errors import Unavailable
from vectorlog.ingest.crowd import Crowd
from vectorlog.ingest.deliveries import Deliveries
from vectorlog.ingest.ingester import Ingester
from vectorlog.ingest.job import Requeue
from vectorlog.work.messages import Ingest, Message, Replay, decode, encode
from vectorlog.work.queue import Outgoing, Received
from vectorlog.work.redelivery import redelivery_delay


class Ingesting:
    """A worker whose outcome per file a test sets, and the queue that it sends to."""

    def __init__(self, **outcomes: Exception | Requeue) -> None:
        self.outcomes = outcomes
        self.done: list[str] = []
        self.asked: list[int] = []
        self.sent: list[tuple[Message, int]] = []
        self.refuses = False
        self.deliveries = Deliveries(cast(Ingester, self), cast(Any, self), (1_000, 2_000, 5_000))

    def ingest(self, messages: Sequence[Ingest], time_left: Callable[[], bool], crowd: Crowd) -> list[Requeue]:
        self.asked.append(len(messages))
        found = {message: self.outcomes.get(message.file) for message in messages}
        for outcome in found.values():
            if isinstance(outcome, Exception):
                raise outcome
        self.done += [message.file for message, outcome in found.items() if outcome is None]
        return [outcome for outcome in found.values() if isinstance(outcome, Requeue)]

    def send(self, messages: Sequence[Outgoing]) -> None:
        if self.refuses:
            raise RuntimeError("stub: not sent")
        self.sent += [(decode(message.body), message.delay) for message in messages]

    def take(self, *files: str, left: Callable[[], bool] = lambda: True) -> list[str]:
        """Receipts of failed messages."""
        received = [Received(encode(Ingest("vs", file, 1)), "vs", file, 1) for file in files]
        return [each.received.receipt for each in self.deliveries.take(received, left)]


class TestTake:
    def test_together(self) -> None:
        """Files are ingested together as long as nothing fails."""
        ingesting = Ingesting()
        assert ingesting.take("a", "b", "c") == []
        assert (ingesting.asked, ingesting.done) == ([3], ["a", "b", "c"])

    def test_poison(self) -> None:
        """If that fails, each is tried alone, and only the cause is redelivered, with its reason."""
        ingesting = Ingesting(b=RuntimeError("poison"))
        assert ingesting.take("a", "b", "c") == ["b"]
        assert ingesting.done == ["a", "c"]
        assert ingesting.asked == [3, 1, 1, 1]

    def test_alone(self) -> None:
        """One file is not tried twice in a row."""
        ingesting = Ingesting(a=RuntimeError("poison"))
        assert ingesting.take("a") == ["a"]
        assert ingesting.asked == [1]

    def test_all(self) -> None:
        """If nothing works, all of them are redelivered."""
        ingesting = Ingesting(a=RuntimeError("down"), b=RuntimeError("down"))
        assert ingesting.take("a", "b") == ["a", "b"]

    def test_no_time(self) -> None:
        """Once no time is left, the others of a failed batch continue later, as new messages."""
        ingesting = Ingesting(a=RuntimeError("poison"))
        left = iter([True, False, False])
        assert ingesting.take("a", "b", "c", left=lambda: next(left)) == ["a"]
        assert ingesting.sent == [(Ingest("vs", "b", 1), 0), (Ingest("vs", "c", 1), 0)]

    def test_unreadable(self) -> None:
        """A message of newer code or of an unexpected type is redelivered; it does not delay the other messages."""
        ingesting = Ingesting()
        bodies = ['{"type":"Newer","data":{}}', encode(Replay("vs")), "no JSON", encode(Ingest("vs", "a", 1))]
        failed = ingesting.deliveries.take([Received(body, "vs", body, 1) for body in bodies], lambda: True)
        assert [each.received.body for each in failed] == bodies[:3]
        assert {each.message for each in failed} == {None}
        assert ingesting.done == ["a"]

    def test_later(self) -> None:
        """A postponed file keeps the provider's delay; without one it waits longer after each refusal."""
        named, unnamed = Ingest("vs", "a", 1, next=7, refusals=1), Ingest("vs", "b", 1, refusals=2)
        ingesting = Ingesting(a=Requeue(named, 60_000, "slow down"), b=Requeue(unnamed, None, "slow down"))
        assert ingesting.take("a", "b", "c") == []
        assert ingesting.sent == [(named, 60_000), (unnamed, 2_000)]

    @pytest.mark.parametrize(
        ("delay", "refusals", "waits"),
        [(1_000, 3, 4_000), (1_000, 30, 60_000), (90_000, 30, 90_000), (50, 2, 100), (0, 30, 0)],
    )
    def test_refused_again(self, delay: int, refusals: int, waits: int) -> None:
        """A provider's delay doubles with each further refusal, up to a minute and never below the requested one."""
        message = Ingest("vs", "a", 1, refusals=refusals)
        ingesting = Ingesting(a=Requeue(message, delay, "slow down"))
        assert ingesting.take("a") == []
        assert ingesting.sent == [(message, waits)]

    def test_not_sent(self) -> None:
        """If the new message cannot be sent, the old one is redelivered; nothing is forgotten."""
        ingesting = Ingesting(a=Requeue(Ingest("vs", "a", 1, next=7), 0, "out of time"))
        ingesting.refuses = True
        assert ingesting.take("a", "b") == ["a"]

    def test_twice(self) -> None:
        """A message that is delivered twice in parallel fails twice, or not at all."""
        ingesting = Ingesting(a=RuntimeError("poison"))
        received = [Received(encode(Ingest("vs", "a", 1)), "vs", receipt, 1) for receipt in ("1", "2")]
        assert [each.received.receipt for each in ingesting.deliveries.take(received, lambda: True)] == ["1", "2"]


def test_redelivery_delay() -> None:
    """A message waits longer after each failure, and never less than after its first."""
    assert [redelivery_delay((1, 2, 5), tries) for tries in (0, 1, 2, 3, 4, 99)] == [1, 1, 2, 5, 5, 5]


class TestTold:
    def test_failed(self, told: Told) -> None:
        """A failed file is reported as postponed, with its wait, which grows with each receive."""
        ingesting = Ingesting(a=Unavailable("The index is busy."), b=RuntimeError("contents of a file"))
        received = [
            Received(encode(Ingest("vs", file, 1, request="req_1")), "vs", file, receives)
            for file, receives in (("a", 1), ("b", 3))
        ]
        failed = ingesting.deliveries.take(received, lambda: True)
        assert [each.wait for each in failed] == [1_000, 5_000]
        assert [(line["file"], line["reason"], line["wait_ms"], line["request_id"]) for line in told.lines()] == [
            ("a", "The index is busy.", 1_000, "req_1"),
            ("b", "an internal error (RuntimeError)", 5_000, "req_1"),
        ]

    def test_hopeless(self, told: Told) -> None:
        """A file that has failed as often as is allowed is not reported as postponed."""
        ingesting = Ingesting(a=RuntimeError("poison"))
        patient = Deliveries(cast(Ingester, ingesting), cast(Any, ingesting), (1_000,), tries=3)
        for receives, hopeless in ((2, False), (3, True)):
            received = Received(encode(Ingest("vs", "a", 1)), "vs", "a", receives)
            assert [each.hopeless for each in patient.take([received], lambda: True)] == [hopeless]
        assert len(told.lines("file_postponed")) == 1

    def test_not_sent(self, told: Told) -> None:
        """If requeued messages cannot be sent, their files are postponed once, until the old ones are redelivered."""
        ingesting = Ingesting(a=Requeue(Ingest("vs", "a", 1), 60_000, "slow down"))
        ingesting.refuses = True
        ingesting.take("a")
        assert [line["wait_ms"] for line in told.lines("file_postponed")] == [1_000]
