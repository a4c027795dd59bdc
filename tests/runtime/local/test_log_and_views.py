"""The databases of a data folder: what a power cut may take, and what it may not."""

from __future__ import annotations

from pathlib import Path

from tests.support.commits_on_disk import SYNCED, SYNCED_LATER, commits
from vectorlog.runtime.local.checkpoint import Checkpoint
from vectorlog.runtime.local.data_folder import DataFolder
from vectorlog.runtime.local.log_and_views import LocalLogAndViews
from vectorlog.use_cases import api_keys
from vectorlog.views import keys


def test_on_disk(tmp_path: Path) -> None:
    """The log is synced with every commit. Views, queues and the checkpoint, which are made from it, are not; they are
    in one database, so that a power cut sets them back together, and damages nothing.
    """
    with commits() as found:
        parts = LocalLogAndViews(DataFolder(tmp_path / "data"))
        created, _ = api_keys.create(parts, "acme", "mine")
        Checkpoint(parts.derived, "projector").write(1)
        assert parts.views.row(keys.api_key(created.id)) is not None
        parts.close()
    assert found == {"log.db": {SYNCED}, "derived.db": {SYNCED_LATER}}


def test_checkpoint(tmp_path: Path) -> None:
    """The checkpoint is where the projector was, also after a restart; at first it is the beginning."""
    parts = LocalLogAndViews(DataFolder(tmp_path / "data"))
    checkpoint = Checkpoint(parts.derived, "projector")
    assert checkpoint.read() == 0
    for position in (3, 7):
        checkpoint.write(position)
        assert checkpoint.read() == position
    parts.close()
    again = LocalLogAndViews(DataFolder(tmp_path / "data"))
    assert Checkpoint(again.derived, "projector").read() == 7
    assert Checkpoint(again.derived, "another").read() == 0
    again.close()
