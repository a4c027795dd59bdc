"""How much of a disk data may use, on a disk whose space the tests set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from vectorlog.domain.errors import NoSpace
from vectorlog.runtime.local.disk import BALLAST, MARGIN, REMEMBERED_S, Disk

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
def disk(space: Space, tmp_path: Path) -> Disk:
    return Disk(tmp_path, 256 * MB, space.usage, space.clock)


def test_the_reserve_stays_free(space: Space, disk: Disk) -> None:
    """What would leave less than the reserve is refused, and the disk is full before the reserve is touched."""
    disk.room(40_000 * MB)
    with pytest.raises(NoSpace, match="disk is full"):
        disk.room(50_000 * MB)
    assert [disk.full] == [False]
    space.set(256 * MB - BALLAST + MARGIN - 1)  # as measured beside the ballast
    assert disk.full
    with pytest.raises(NoSpace):
        disk.room(0)
    space.set(256 * MB - BALLAST + MARGIN)
    disk.room(MARGIN)


def test_uploads_count_before_the_next_measurement(space: Space, disk: Disk) -> None:
    """Many uploads within a second cannot use the reserve together, and the disk is not measured for each."""
    for _ in range(49):
        disk.take(1000 * MB)
    with pytest.raises(NoSpace):
        disk.take(1000 * MB)
    assert space.measured == 2  # its size, and its free space


def test_a_small_disk_can_be_used(space: Space, tmp_path: Path) -> None:
    """The reserve is a quarter of a disk for which the setting is too much."""
    space.total = space.free = 100 * MB
    disk = Disk(tmp_path, 256 * MB, space.usage, space.clock)
    assert disk.reserve == 25 * MB
    disk.take(60 * MB)
    assert not disk.full


def test_the_operator_is_told_once(space: Space, disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    """The log says when the disk becomes full and when it has room again, not at each request."""
    caplog.set_level("INFO")
    space.set(0)
    assert all(disk.full for _ in range(3))
    space.set(space.total)
    assert not disk.full
    assert [each.levelname for each in caplog.records] == ["WARNING", "INFO"]


def test_the_ballast_keeps_space_from_other_programs(space: Space, disk: Disk, tmp_path: Path) -> None:
    """A file occupies a part of the reserve. It goes when a delete finds nothing else, and comes back."""
    ballast = tmp_path / "ballast"
    assert ballast.stat().st_size == BALLAST
    assert ballast.stat().st_blocks * 512 >= BALLAST
    assert ballast.stat().st_mode & 0o777 == 0o600
    space.set(BALLAST)
    disk.relieve()
    assert (disk.full, ballast.exists()) == (True, True)
    space.set(0)
    assert (disk.full, ballast.exists()) == (True, True)  # nobody has asked for it
    disk.relieve()
    assert (disk.full, ballast.exists()) == (True, False)
    space.set(space.total)
    assert (disk.full, ballast.exists()) == (False, True)


def test_the_ballast_stays_for_the_next_start(space: Space, disk: Disk, tmp_path: Path) -> None:
    """A server that starts on a full disk has the space that the one before it kept."""
    space.free = 0
    again = Disk(tmp_path, 256 * MB, space.usage, space.clock)
    assert again.full
    again.relieve()
    assert not (tmp_path / "ballast").exists()
