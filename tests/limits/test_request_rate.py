"""Requests a second, in one process and in many."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from vectorlog.limits import request_rate
from vectorlog.limits.memory import MemoryWindows
from vectorlog.limits.request_rate import ALONE, RequestRate

NOW = 1_700_000_000_000


@dataclass
class Counted(MemoryWindows):
    """Windows that count how often they are asked."""

    asked: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def take(self, name: str, until: int, amount: int, most: int) -> int | None:
        self.asked.append(amount)
        return super().take(name, until, amount, most)


class Broken:
    """Windows that fail."""

    def take(self, name: str, until: int, amount: int, most: int) -> int | None:
        raise OSError("no answer")


def admitted(rate: RequestRate, number: int, most: int, now: int, project: str = "acme") -> int:
    """Returns how many of this number of requests at one moment are admitted."""
    return sum(rate.count(project, most, now).admitted for _ in range(number))


class TestOneProcess:
    def test_exact(self) -> None:
        """Each second admits exactly the limit."""
        rate = RequestRate(MemoryWindows())
        assert [admitted(rate, 20, 7, NOW + second * 1000) for second in range(3)] == [7, 7, 7]

    def test_what_is_left(self) -> None:
        """An allowance says what is left, and when the second ends."""
        rate = RequestRate(MemoryWindows())
        seen = [rate.count("acme", 3, NOW + 400) for _ in range(4)]
        assert [(each.admitted, each.remaining) for each in seen] == [(True, 2), (True, 1), (True, 0), (False, 0)]
        assert {(each.most, each.reset_ms) for each in seen} == {(3, 600)}

    def test_projects_do_not_share(self) -> None:
        """A project that has used up its limit takes nothing from another."""
        rate = RequestRate(MemoryWindows())
        assert admitted(rate, 50, 5, NOW) == 5
        assert admitted(rate, 5, 5, NOW, "other") == 5

    def test_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Only so many projects are remembered; one that is forgotten is still counted by the windows."""
        monkeypatch.setattr(request_rate, "PROJECTS", 2)
        rate = RequestRate(MemoryWindows())
        assert admitted(rate, 9, 5, NOW) == 5
        assert [admitted(rate, 1, 5, NOW, f"p{number}") for number in range(3)] == [1, 1, 1]
        assert admitted(rate, 9, 5, NOW) == 0


def flooded(processes: Sequence[RequestRate], requests: int, most: int, seconds: int) -> list[int]:
    """Returns how many requests all processes admit in each second, taking turns."""
    return [
        sum(
            processes[number % len(processes)].count("acme", most, NOW + second * 1000).admitted
            for number in range(requests)
        )
        for second in range(seconds)
    ]


class TestManyProcesses:
    @pytest.mark.parametrize(("number", "most"), [(1, 100), (10, 100), (50, 100), (10, 1000), (5, 3)])
    def test_bound(self, number: int, most: int) -> None:
        """All processes together admit at most the limit, plus what each admits alone; and a flood gets at least nine
        tenths of the limit.
        """
        windows = MemoryWindows()
        processes = [RequestRate(windows, alone=ALONE) for _ in range(number)]
        for total in flooded(processes, 3000, most, 5):
            assert 0.9 * most <= total <= most + number * min(ALONE, most // 20)

    def test_few_calls(self) -> None:
        """A process with few requests asks nobody, and a busy one asks less than once for five requests."""
        windows = Counted()
        rate = RequestRate(windows, alone=ALONE)
        flooded([rate], ALONE, 100, 5)
        assert windows.asked == []
        flooded([rate], 20, 1000, 20)
        assert len(windows.asked) < 20 * 20 / 5

    def test_a_refused_flood_asks_nobody(self) -> None:
        """Once a second's limit is used up, refusing costs no call."""
        windows = Counted()
        rate = RequestRate(windows, alone=ALONE)
        flooded([rate], 200, 100, 1)
        asked = len(windows.asked)
        assert admitted(rate, 1000, 100, NOW) == 0
        assert len(windows.asked) == asked

    def test_without_a_count(self, caplog: pytest.LogCaptureFixture) -> None:
        """If requests cannot be counted, they are admitted, and one line says so."""
        rate = RequestRate(Broken(), alone=ALONE)
        with caplog.at_level(logging.ERROR):
            assert admitted(rate, 50, 10, NOW) == 50
        assert [record.getMessage() for record in caplog.records] == [
            "requests of project acme are not counted: OSError: no answer"
        ]
