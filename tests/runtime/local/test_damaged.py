"""A data folder whose database of views is damaged."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from vectorlog.operations.folded_log import read
from vectorlog.operations.verify import differences
from vectorlog.runtime.local.copied import TornCopy
from vectorlog.runtime.local.log_and_views import clock
from vectorlog.runtime.local.service import Local
from vectorlog.runtime.local.settings import Settings
from vectorlog.use_cases import api_keys

PAGE = 4096


def opened(folder: Path) -> Local:
    return Local(Settings(data=folder, readers=1))


def overwritten(page: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(page * PAGE)
            file.write(b"\xa5" * PAGE)

    return damage


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 2 // 3)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with some commits, which were projected, and closed."""
    local = opened(tmp_path / "data")
    for number in range(20):
        api_keys.create(local.deployment, "acme", f"key {number}")
    local.engine.project_step(0)
    assert local.close()
    return tmp_path / "data"


@pytest.mark.parametrize("damage", [overwritten(0), overwritten(1), overwritten(9), overwritten(20), cut])
def test_made_anew(data: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], None]) -> None:
    """The rows are those of the log again, in one line of the log, and only the first time. Deadlines begin anew,
    because the times at which the server was off are lost too.
    """
    damage(data / "derived.db")
    with caplog.at_level(logging.WARNING):
        local = opened(data)
    [line] = caplog.messages
    assert line.startswith(f"{data / 'derived.db'} is damaged (")
    assert list(differences(local.deployment, read(local.deployment))) == []
    assert len(list(api_keys.list_all(local.deployment))) == 20
    assert local.deployment.worked(0, clock()) < 60_000
    assert local.close()
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        assert opened(data).close()
    assert caplog.messages == []


def test_a_copy(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In a copy of a folder in use, damage is what a torn copy has: the index is made anew too."""
    local = opened(data)
    shutil.copytree(data, data.with_name("copy"))
    assert local.close()
    overwritten(1)(data.with_name("copy") / "derived.db")
    with caplog.at_level(logging.WARNING):
        assert opened(data.with_name("copy")).close()
    assert "is a copy of a folder in use" in caplog.text


def test_with_a_damaged_log(data: Path) -> None:
    """Nothing is made from a log that is damaged itself."""
    overwritten(1)(data / "derived.db")
    overwritten(1)(data / "log.db")
    with pytest.raises(TornCopy, match="is damaged"):
        opened(data)
    assert (data / "derived.db").exists()
