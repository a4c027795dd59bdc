"""Chroma's folders of old and new versions, made by the real library."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.foreign_stores import chroma_folder
from vectorlog.syncing.chroma_sqlite import ChromaFolder
from vectorlog.syncing.items import SourceUnusable
from vectorlog.syncing.points import Layout, Point


@pytest.mark.parametrize("version", ["0.4.0", "0.6.3"])
def test_older_versions(version: str, tmp_path: Path) -> None:
    """Their texts and metadata are as they were after the last change; what was deleted is gone."""
    folder = ChromaFolder(chroma_folder(version, tmp_path / "chroma"), Layout())
    [manuals] = folder.collections()
    assert (manuals.name, manuals.metadata) == ("manuals", {"team": "x"})
    assert list(folder.points(manuals)) == [
        Point("a-1", "The pump moves cooling water.", {"source": "pump.md", "page": 1}),
        Point("a-2", "The relief valve opens at 16 bar.", {"source": "pump.md", "page": 2}),
    ]
    assert folder.unread(manuals) == ""


def test_newest_version(tmp_path: Path) -> None:
    """Booleans, lists and points without text come too."""
    folder = ChromaFolder(chroma_folder("1.5.9", tmp_path / "chroma") / "chroma.sqlite3", Layout())
    empty, manuals = folder.collections()
    assert list(folder.points(empty)) == []
    pump = {"source": "docs/pump.pdf", "lang": "en", "ok": True}
    assert list(folder.points(manuals)) == [
        Point("a-2", "The pump moves cooling water.", pump | {"page": 2}),
        Point("a-1", "The relief valve opens at 16 bar.", pump | {"page": 1}),
        Point("b", "Lights of the harbour.", {"weight": 0.5, "tags": ["x", "y"], "long": "y" * 600}),
        Point("e", "", {"source": "no text"}),
    ]


def test_only_read(tmp_path: Path) -> None:
    """The folder may be one that nobody can write to, and no file in it changes or appears."""
    folder = chroma_folder("1.5.9", tmp_path / "chroma")
    before = (folder / "chroma.sqlite3").read_bytes()
    (folder / "chroma.sqlite3").chmod(0o400)
    source = ChromaFolder(folder, Layout())
    assert [list(source.points(each)) for each in source.collections()]
    assert [each.name for each in folder.iterdir()] == ["chroma.sqlite3"]
    assert (folder / "chroma.sqlite3").read_bytes() == before


def test_what_waits_in_the_queue(tmp_path: Path) -> None:
    """Writes that Chroma has not brought to its tables yet are told."""
    folder = chroma_folder("1.5.9", tmp_path / "chroma")
    source = ChromaFolder(folder, Layout())
    _, manuals = source.collections()
    assert source.unread(manuals) == ""
    with closing(sqlite3.connect(folder / "chroma.sqlite3", isolation_level=None)) as database:
        topic = f"persistent://default/default/{manuals.id}"
        database.execute("INSERT INTO embeddings_queue (operation, topic, id) VALUES (0, ?, 'f')", (topic,))
    assert source.unread(manuals).startswith("Writes that are still in Chroma's queue: 1.")


def test_unusable(tmp_path: Path) -> None:
    """What is no folder of Chroma's is told so."""
    with pytest.raises(SourceUnusable, match="Is it Chroma's"):
        ChromaFolder(tmp_path, Layout())
    (tmp_path / "chroma-embeddings.parquet").touch()
    with pytest.raises(SourceUnusable, match=r"before 0\.4"):
        ChromaFolder(tmp_path, Layout())
    (tmp_path / "chroma.sqlite3").write_text("no database, however long it is")
    with pytest.raises(SourceUnusable, match="cannot be read as a database of Chroma"):
        ChromaFolder(tmp_path, Layout()).collections()
    (tmp_path / "chroma.sqlite3").write_bytes(b"")
    with pytest.raises(SourceUnusable, match="no such table"):
        ChromaFolder(tmp_path, Layout()).collections()
