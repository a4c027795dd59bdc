"""When a data folder counts as a copy that must be made whole."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from vectorlog.operations.folded_log import read
from vectorlog.operations.verify import differences
from vectorlog.runtime.local.service import Local
from vectorlog.runtime.local.settings import Settings
from vectorlog.use_cases import api_keys

SAID = "is a copy of a folder in use"


def opened(folder: Path) -> Local:
    return Local(Settings(data=folder, readers=1))


def write(local: Local, project: str = "acme") -> None:
    """Writes a commit and its row."""
    api_keys.create(local.deployment, project, "")


def test_a_copy_of_a_closed_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What was copied while no server had it open is served as it is, and immediately."""
    local = opened(tmp_path / "data")
    write(local)
    assert local.close()
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    with caplog.at_level(logging.WARNING):
        assert opened(tmp_path / "copy").close()
    assert SAID not in caplog.text


def test_the_folder_itself_after_a_crash(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder whose server was killed is no copy, also if it has another name now."""
    local = opened(tmp_path / "data")
    write(local)
    local._resources.close()  # as a crash does: nothing records that it was closed
    (tmp_path / "data").rename(tmp_path / "moved")
    with caplog.at_level(logging.WARNING):
        assert opened(tmp_path / "moved").close()
    assert SAID not in caplog.text


def test_a_copy_of_an_open_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is made whole once, and then it is a folder like any other."""
    local = opened(tmp_path / "data")
    write(local)
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    assert local.close()
    with caplog.at_level(logging.WARNING):
        assert opened(tmp_path / "copy").close()
    assert SAID in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        assert opened(tmp_path / "copy").close()
    assert SAID not in caplog.text


def test_views_that_are_newer_than_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """If an older log is put beside the views, they are made anew: nothing is shown that the log does not have."""
    local = opened(tmp_path / "data")
    write(local)
    assert local.close()
    older = (tmp_path / "data" / "log.db").read_bytes()
    local = opened(tmp_path / "data")
    write(local, "zenith")
    local.engine.project_step(0)
    assert local.close()
    (tmp_path / "data" / "log.db").write_bytes(older)
    with caplog.at_level(logging.WARNING):
        local = opened(tmp_path / "data")
    assert SAID in caplog.text
    assert list(differences(local.deployment, read(local.deployment))) == []
    assert local.close()
