"""The index is woken before somebody waits for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.support.bench import PROJECT, Bench
from vectorlog.domain.errors import NotFound
from vectorlog.domain.tenancy import Caller
from vectorlog.reactions.worker import Worker
from vectorlog.runtime.aws.waking import EVERY_S, Waker, asked_for
from vectorlog.use_cases import vector_stores
from vectorlog.use_cases.actor import Actor
from vectorlog.work.messages import Wake, decode
from vectorlog.work.queue import Outgoing


class Sent:
    """A queue that keeps what is sent."""

    def __init__(self) -> None:
        self.messages: list[Outgoing] = []

    def send(self, messages: Sequence[Outgoing]) -> None:
        self.messages += messages


def test_not_for_every_request() -> None:
    """A process that serves many requests wakes the index once in some minutes, which is often enough: it sleeps after
    ten.
    """
    times, woken = iter((0.0, 1.0, EVERY_S - 1, EVERY_S, EVERY_S + 1)), Counter[str]()
    waker = Waker(lambda: woken.update(["woken"]), lambda: next(times))
    calls = []
    for _ in range(5):
        waker()
        calls.append(woken.total())
    assert calls == [1, 1, 1, 2, 2]
    assert 2 * EVERY_S < 600


def test_failure_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """A request is answered though the index could not be woken; the log says so."""

    def fail() -> None:
        raise OSError("no route")

    Waker(fail)()
    assert "the index could not be woken" in caplog.text


def test_through_the_queue() -> None:
    """A function that does not reach the index asks one that does."""
    sent = Sent()
    asked_for(sent)()  # type: ignore[arg-type]  # only `send` is used
    assert [decode(each.body) for each in sent.messages] == [Wake()]


def test_whenever_a_store_is_used(tmp_path: Path) -> None:
    """Any request on a store wakes the index; so do an ingest, before it reads its files, and a message. A request that
    is refused does not.
    """
    woken: list[str] = []
    bench = Bench(tmp_path, wake=lambda: woken.append("now"))
    store = bench.store()

    def wakes(step: Callable[[], object]) -> bool:
        woken.clear()
        step()
        return bool(woken)

    assert wakes(lambda: vector_stores.get(bench.deployment, PROJECT, store))
    file = bench.upload("a fox")
    assert wakes(lambda: bench.attach(store, file))
    assert wakes(bench.pump.settle), "the ingest"
    assert wakes(lambda: Worker(bench.deployment, bench.pump.projector).work(Wake()))

    def refused() -> None:
        with pytest.raises(NotFound):
            vector_stores.get(bench.deployment, Actor(Caller("other"), "req_1"), store)

    assert not wakes(refused)
    bench.close()
