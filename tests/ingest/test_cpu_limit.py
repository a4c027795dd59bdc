"""The CPU time that a file may take grows with its bytes, and with what a container unpacks to, within bounds."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from vectorlog.defaults import READ_CPU_SECONDS, READ_CPU_SECONDS_PER_MB
from vectorlog.ingest.cpu_limit import CpuLimit


def _container(path: Path, unpacked: int, stored: bool = False) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as container:
        container.writestr("content.xml", b"x" * unpacked)
    return path


def test_starts_low_and_grows() -> None:
    """A file of a few bytes has seconds, one of 100 MB minutes."""
    limit = CpuLimit()
    assert limit.of(1000) < READ_CPU_SECONDS + 0.1 <= 5
    assert limit.of(100e6) == READ_CPU_SECONDS + 100 * READ_CPU_SECONDS_PER_MB


def test_text(tmp_path: Path) -> None:
    """The size of a text is its bytes."""
    (tmp_path / "a.txt").write_bytes(b"x" * 500_000)
    assert CpuLimit(2.0, 4.0).of_file(tmp_path / "a.txt") == pytest.approx(4.0)


def test_a_container_has_more(tmp_path: Path) -> None:
    """What a container unpacks to counts too."""
    path = _container(tmp_path / "a.docx", 1_000_000, stored=True)
    assert CpuLimit(2.0, 4.0).of_file(path) == pytest.approx(2 + 4 * 1.25, rel=0.01)


def test_a_bomb_has_little_more(tmp_path: Path) -> None:
    """A container of a few kilobytes that unpacks to many megabytes has not the time that these would have."""
    path = _container(tmp_path / "bomb.docx", 50_000_000)
    assert path.stat().st_size < 60_000
    assert CpuLimit(2.0, 8.0).of_file(path) < 5


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x03\x04" + bytes(500), b"PK"])
def test_a_damaged_container(tmp_path: Path, data: bytes) -> None:
    """A container that cannot be opened counts by its bytes; what is wrong with it is the reader's to say."""
    (tmp_path / "a.zip").write_bytes(data)
    assert CpuLimit(2.0, 8.0).of_file(tmp_path / "a.zip") == pytest.approx(2.0, abs=0.01)
