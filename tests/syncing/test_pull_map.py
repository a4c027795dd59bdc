"""The map of a pull: what was noted is there after an end at any moment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vectorlog.syncing.pull_map import BadMap, PullMap


def test_journal(tmp_path: Path) -> None:
    """What was noted is read back without `finish`; a line that was not written whole is cut off."""
    file = tmp_path / "ids.json"
    first = PullMap(file)
    first.add_store("a", "vs_1", "A")
    first.add_file("a", "f1", "file-1", "bytes")
    first.add_file("a", "f2", "file-2", "text")
    journal = tmp_path / "ids.json.journal"
    journal.write_bytes(journal.read_bytes() + b'{"store": "a", "fi')
    second = PullMap(file)
    assert second.store("a") == "vs_1"
    assert (second.file("a", "f1"), second.file("a", "f2")) == (("file-1", "bytes"), ("file-2", "text"))
    assert (second.file("b", "f1"), second.uploads("b", "f1")) == (None, [("file-1", "bytes")])
    assert second.uploads("b", "f2") == []
    second.add_file("a", "f3", "file-3", "bytes")
    third = PullMap(file)
    assert third.file("a", "f3") == ("file-3", "bytes")
    third.finish()
    assert not journal.exists()
    assert PullMap(file).file("a", "f2") == ("file-2", "text")
    assert json.loads(file.read_text())["stores"]["a"]["files"] == {"f1": "file-1", "f2": "file-2", "f3": "file-3"}


def test_another_store(tmp_path: Path) -> None:
    """If a store was deleted here and is made anew, the files of the old one are not taken for those of the new."""
    ids = PullMap(tmp_path / "ids.json")
    ids.add_store("a", "vs_1", "A")
    ids.add_file("a", "f1", "file-1", "text")
    ids.add_store("a", "vs_2", "A")
    assert ids.file("a", "f1") is None
    assert PullMap(tmp_path / "ids.json").store("a") == "vs_2"


def test_map_of_an_earlier_version(tmp_path: Path) -> None:
    """It did not say how files came, so they are fetched anew; its stores stand."""
    file = tmp_path / "ids.json"
    file.write_text('{"stores": {"a": {"id": "vs_1", "name": "A", "files": {"f1": "file-1"}}}}')
    ids = PullMap(file)
    assert (ids.store("a"), ids.file("a", "f1")) == ("vs_1", None)
    ids.add_file("a", "f2", "file-2", "text")
    assert (ids.file("a", "f1"), ids.file("a", "f2")) == (None, ("file-2", "text"))


@pytest.mark.parametrize("text", ["[]", "{", '{"stores": {"a": 5}}', '{"stores": {"a": {}}}', '{"stores": []}'])
def test_no_map(text: str, tmp_path: Path) -> None:
    """A file that is something else is not overwritten."""
    (tmp_path / "ids.json").write_text(text)
    with pytest.raises(BadMap):
        PullMap(tmp_path / "ids.json")
    assert (tmp_path / "ids.json").read_text() == text
