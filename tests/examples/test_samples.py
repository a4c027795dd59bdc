"""The samples of other databases are what their real libraries make and answer today."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.examples.interpreter import HERE, PYTHON
from tests.support.foreign_stores import KEY, chroma_folder, qdrant
from vectorlog.client.server import Server
from vectorlog.syncing.chroma_sqlite import ChromaFolder
from vectorlog.syncing.points import Layout, Point, PointSource
from vectorlog.syncing.qdrant import QdrantServer

pytestmark = pytest.mark.examples


def _read(source: PointSource) -> dict[str, list[Point]]:
    """The points of each collection, and that all of it could be read."""
    found = source.collections()
    assert [source.unread(each) for each in found] == [""] * len(found)
    return {each.name: list(source.points(each)) for each in found}


def test_chroma(tmp_path: Path) -> None:
    """A folder that the real Chroma writes now is read as the sample is."""
    subprocess.run([PYTHON, HERE / "make_chroma.py", tmp_path / "new"], check=True, timeout=100)
    old = _read(ChromaFolder(chroma_folder("1.5.9", tmp_path / "old"), Layout()))
    assert _read(ChromaFolder(tmp_path / "new", Layout())) == old
    assert len(old["manuals"]) == 4


def test_qdrant() -> None:
    """Qdrant's own models take what is asked, and its client's local mode answers what the sample has."""
    command: list[str | Path] = [PYTHON, HERE / "qdrant_server.py", KEY]
    with qdrant() as sample, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        now, then = (
            _read(QdrantServer(Server(url.strip(), "", headers={"api-key": KEY}), Layout()))
            for url in (run.stdout.readline(), sample)
        )
        run.communicate("")
    assert now == then
    assert len(now["haystack many"]) == 300
