"""Load, decide, append, where others append too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support.waits import Waits
from vectorlog.domain.errors import Conflict
from vectorlog.domain.vector_store import State, VectorStoreUsed
from vectorlog.event_log.codec import VECTOR_STORE
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.optimistic import CONTENTION
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.event_log.streams import Outcome, Plan, Streams

USED = VectorStoreUsed(0, used=True)


class Crowded(SQLiteEventLog):
    """A log in which another writer wins a given number of times."""

    rivals = 0

    def append(self, commits: Sequence[Commit]) -> list[Commit]:
        if self.rivals:
            self.rivals -= 1
            super().append([Commit(each.stream, each.version, "theirs", "[]", each.state, 0, "{}") for each in commits])
        return super().append(commits)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Crowded]:
    made = Crowded(tmp_path / "log.db")
    yield made
    made.close()


def use(streams: Streams, *names: str) -> list[Outcome[State, Any]]:
    plans: list[Plan[State, Any]] = [Plan(VECTOR_STORE, name, lambda _: [USED]) for name in names]
    return streams.decide_all(plans)


def test_many_rivals(log: Crowded) -> None:
    """A command that is beaten twenty times in a row still goes in, behind those that were first."""
    waits = Waits()
    log.rivals = 20
    [outcome] = use(Streams(log, lambda: 0, Random(1), waits.timing), "vs_1")
    assert outcome.version == 20
    assert len(waits) == 20
    assert [commit.id for commit in log.read("vs_1")][:-1] == ["theirs"] * 20


def test_endless_rivals(log: Crowded) -> None:
    """A command that is beaten each time is refused, soon enough for the refusal to reach its client."""
    waits = Waits()
    log.rivals = 1_000_000
    with pytest.raises(Conflict, match="Please send the request again"):
        use(Streams(log, lambda: 0, Random(1), waits.timing), "vs_1")
    assert waits.now <= CONTENTION.deadline_s


def test_what_is_in_stays_in(log: Crowded) -> None:
    """Of several streams only those are decided again in which somebody else was first."""
    waits = Waits()
    streams = Streams(log, lambda: 0, Random(1), waits.timing)
    use(streams, "vs_2")
    stale = Streams.empty(VECTOR_STORE, "vs_2")
    plans: list[Plan[State, Any]] = [
        Plan(VECTOR_STORE, "vs_1", lambda _: [USED]),
        Plan(VECTOR_STORE, "vs_2", lambda _: [USED], loaded=stale),
    ]
    outcomes = streams.decide_all(plans)
    assert [outcome.version for outcome in outcomes] == [0, 1]
    assert len(log.read("vs_1")) == 1
    assert len(waits) == 1


def test_plans_of_one_stream(log: Crowded) -> None:
    """Any number of plans for one stream become consecutive commits, without retries."""
    waits = Waits()
    outcomes = use(Streams(log, lambda: 0, Random(1), waits.timing), *["vs_1"] * 30)
    assert [outcome.version for outcome in outcomes] == list(range(30))
    assert waits == []
