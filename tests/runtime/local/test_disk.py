"""How much of a disk data may use, on a disk whose space the tests set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from vectorlog.domain.errors import NoSpace
from vectorlog.runtime.local.disk import MARGIN, REMEMBERED_S, Disk

MB = 1024 * 1024


@dataclass
class Space:
    """A disk and a clock."""

    total: int = 100_000 * MB
    free: int = 50_000 * MB
    now: float = 0.0
    measured: int = 0

    def usage(self, folder: Path) -> tuple[int, int]:
        self.measured += 1
        return self.total, self.free

    def clock(self) -> float:
        return self.now

    def set(self, free: int) -> None:
        self.free = free
        self.now += REMEMBERED_S


@pytest.fixture
def space() -> Space:
    return Space()


@pytest.fixture
def disk(space: Space) -> Disk:
    return Disk(Path("/"), 256 * MB, space.usage, space.clock)


def test_the_reserve_stays_free(space: Space, disk: Disk) -> None:
    """What would leave less than the reserve is refused, and the disk is full before the reserve is touched."""
    disk.room(40_000 * MB)
    with pytest.raises(NoSpace, match="disk is full"):
        disk.room(50_000 * MB)
    assert [disk.full] == [False]
    space.set(256 * MB + MARGIN - 1)
    assert disk.full
    with pytest.raises(NoSpace):
        disk.room(0)
    space.set(256 * MB + MARGIN)
    disk.room(MARGIN)


def test_uploads_count_before_the_next_measurement(space: Space, disk: Disk) -> None:
    """Many uploads within a second cannot use the reserve together, and the disk is not measured for each."""
    for _ in range(49):
        disk.take(1000 * MB)
    with pytest.raises(NoSpace):
        disk.take(1000 * MB)
    assert space.measured == 1


def test_a_small_disk_can_be_used(space: Space) -> None:
    """The reserve is a tenth of a disk for which the setting is too much."""
    space.total = space.free = 100 * MB
    disk = Disk(Path("/"), 256 * MB, space.usage, space.clock)
    assert disk.reserve == 10 * MB
    disk.take(80 * MB)
    assert not disk.full


def test_the_operator_is_told_once(space: Space, disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    """The log says when the disk becomes full and when it has room again, not at each request."""
    caplog.set_level("INFO")
    space.set(0)
    assert all(disk.full for _ in range(3))
    space.set(space.total)
    assert not disk.full
    assert [each.levelname for each in caplog.records] == ["WARNING", "INFO"]
