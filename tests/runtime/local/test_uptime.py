"""When the local edition was off, and how much of a time it could work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pump import START_MS, Clock
from vectorlog.runtime.local.uptime import GAP_MS, KEPT, SCHEMA, Uptime
from vectorlog.sqlite.database import Database

HOUR_MS = 3_600_000


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "derived.db", SCHEMA, synchronous="NORMAL")
    yield made
    made.close()


@pytest.fixture
def uptime(database: Database, clock: Clock) -> Uptime:
    made = Uptime(database, clock)
    made.beat()
    return made


def test_at_work(uptime: Uptime, clock: Clock) -> None:
    """While it beats, all time counts; so does a short break, as for a restart."""
    for _ in range(10):
        clock.now += GAP_MS
        assert uptime.beat() == 0
    assert uptime.worked(START_MS, clock.now) == 10 * GAP_MS


def test_off(uptime: Uptime, database: Database, clock: Clock) -> None:
    """The time between the last beat of a process and the first of the next does not count, in whole or in part."""
    clock.now += 10 * HOUR_MS
    again = Uptime(database, clock)
    assert again.beat() == 10 * HOUR_MS
    assert again.worked(START_MS - HOUR_MS, clock.now + HOUR_MS) == 2 * HOUR_MS
    assert again.worked(START_MS + HOUR_MS, clock.now - HOUR_MS) == 0
    assert Uptime(database, clock).worked(START_MS, clock.now) == 0


def test_the_clock_is_set_back(uptime: Uptime, clock: Clock) -> None:
    """Time off that lies ahead of a clock which was set back has not been: work in it counts."""
    clock.now += 48 * HOUR_MS
    assert uptime.beat() == 48 * HOUR_MS
    clock.now = START_MS + HOUR_MS
    assert uptime.beat() == 0
    for _ in range(60):
        clock.now += GAP_MS // 2
        uptime.beat()
    assert uptime.worked(START_MS + HOUR_MS, clock.now) == 30 * GAP_MS
    assert uptime.worked(clock.now, START_MS) == 0


@pytest.mark.long
def test_not_for_ever(uptime: Uptime, database: Database, clock: Clock) -> None:
    """Only the newest times off are kept."""
    for _ in range(KEPT + 5):
        clock.now += 2 * GAP_MS
        uptime.beat()
    assert database.read().execute("SELECT count(*) FROM offline").fetchone()[0] == KEPT
