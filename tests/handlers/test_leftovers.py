"""The pass over the bucket, from its beginning by the schedule to its end."""

from __future__ import annotations

import time

import pytest

from tests.support.moto_deployment import MotoDeployment, sample
from vectorlog.defaults import DAY_MS
from vectorlog.reactions import leftovers

LOST = "files/file-lost/0"


def test_pass(moto: MotoDeployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a day the sweep begins a pass, which goes through the bucket in small steps and deletes what no commit needs
    and is older than a day.
    """
    monkeypatch.setattr(leftovers, "PAGE", 2)
    moto.happened()
    moto.deployment.blobs.put([(LOST, b"lost"), *((f"unknown/{number}", b"") for number in range(5))])
    expected = sorted(key for key in moto.kept() if key != LOST)
    today = time.time_ns() // 1_000_000 // DAY_MS * DAY_MS
    step = moto.mapping(moto.work, "work").step

    def sweep_for_a_day(start: int) -> int:
        steps = 0
        for minute in range(175, 185):
            moto.now = start + minute * 60_000
            moto.handle("sweep", sample("schedule"))
            while step():
                steps += 1
                moto.now += leftovers.PAUSE_MS
        return steps

    assert sweep_for_a_day(today) >= 3
    assert sorted(moto.kept()) == sorted([*expected, LOST]), "it is too young"
    assert sweep_for_a_day(today + 2 * DAY_MS) >= 3
    assert sorted(moto.kept()) == expected
