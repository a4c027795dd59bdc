"""Files of a folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vectorlog.syncing.folder import Folder, SingleFile
from vectorlog.syncing.items import Item, SourceUnusable, Unreadable

Make = Callable[..., None]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make(*paths: str, text: str = "x") -> None:
        for each in paths:
            file = tmp_path / each
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    return make


def paths(root: Path, **options: bool) -> list[str]:
    return [each.path for each in Folder(root, "s", **options).items() if isinstance(each, Item)]  # type: ignore[arg-type]


def unreadable(root: Path, **options: bool) -> dict[str, tuple[str, bool]]:
    found = [each for each in Folder(root, "s", **options).items() if isinstance(each, Unreadable)]  # type: ignore[arg-type]
    return {each.path: (each.reason, each.skipped) for each in found}


def test_order_and_content(make: Make, tmp_path: Path) -> None:
    """Files come in order, with size and content; a prefix stands before their paths."""
    make("b.txt", "a/c.txt", text="hello")
    found = [each for each in Folder(tmp_path, "s", "docs/").items() if isinstance(each, Item)]
    assert [each.path for each in found] == ["docs/a/c.txt", "docs/b.txt"]
    assert found[0].size == 5
    with found[0].open() as content:
        assert content.read() == b"hello"
    (tmp_path / "b.txt").write_text("other")
    assert found[1].version != next(each for each in Folder(tmp_path, "s").items() if each.path == "b.txt").version  # type: ignore[union-attr]


def test_ignore_files(make: Make, tmp_path: Path) -> None:
    """Ignore files count as git's do: below their folder, the nearest first, with exceptions."""
    make("a.log", "keep.log", "build/x.txt", "sub/a.log", "sub/b.txt", "sub/deep/b.txt", "c.txt")
    make(".gitignore", text="*.log\n!keep.log\nbuild/\n# note\n")
    make("sub/.vectorlogignore", text="!a.log\n/b.txt\n")
    assert paths(tmp_path) == ["c.txt", "keep.log", "sub/a.log", "sub/deep/b.txt"]
    assert len(paths(tmp_path, ignore_files=False)) == 7


def test_hidden(make: Make, tmp_path: Path) -> None:
    """What begins with a dot is left out unless it is asked for; what tools keep for themselves always is."""
    make(".env", ".config/x", "a", ".git/config", "node_modules/x.js")
    assert paths(tmp_path) == ["a"]
    assert paths(tmp_path, hidden=True) == [".config/x", ".env", "a"]


def test_links(make: Make, tmp_path: Path) -> None:
    """Links are told and left out, or followed: also to files elsewhere, and never round in circles."""
    make("tree/a.txt", "tree/sub/b.txt", "elsewhere/c.txt")
    root = tmp_path / "tree"
    (root / "loop").symlink_to(root)
    (root / "out").symlink_to(tmp_path / "elsewhere")
    (root / "file").symlink_to(root / "a.txt")
    (root / "broken").symlink_to(root / "none")
    assert paths(root) == ["a.txt", "sub/b.txt"]
    assert {path: skipped for path, (_, skipped) in unreadable(root).items()} == dict.fromkeys(
        ("broken", "file", "loop", "out"), True
    )
    assert paths(root, links=True) == ["a.txt", "file", "out/c.txt", "sub/b.txt"]
    assert unreadable(root, links=True) == {
        "broken": ("No such file or directory", False),
        "loop/": ("a symbolic link to a folder above it", True),
    }


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_text(tmp_path: Path) -> None:
    """A name that is no UTF-8 has a path that can be sent, and can be read."""
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt"))).write_text("x")
    [found] = Folder(tmp_path, "s").items()
    assert isinstance(found, Item)
    assert found.path == r"caf\xe9.txt"
    with found.open() as content:
        assert content.read() == b"x"


def test_long_path(make: Make, tmp_path: Path) -> None:
    """A path that no attribute holds is told."""
    make("/".join(["d" * 200] * 3))
    [(path, (reason, skipped))] = unreadable(tmp_path).items()
    assert len(path) == 602
    assert (reason, skipped) == ("its path has more than 512 characters", False)


def test_not_ordinary(tmp_path: Path) -> None:
    """A pipe is left out; opening it would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    assert unreadable(tmp_path) == {"pipe": ("no ordinary file", True)}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_rights(make: Make, tmp_path: Path) -> None:
    """A folder that may not be read is told under its path."""
    make("a/x", "b")
    (tmp_path / "a").chmod(0)
    try:
        assert unreadable(tmp_path) == {"a/": ("Permission denied", False)}
        assert paths(tmp_path) == ["b"]
    finally:
        (tmp_path / "a").chmod(0o700)


def test_unusable(make: Make, tmp_path: Path) -> None:
    """A root that is not there or no folder is no source, so nothing is taken for deleted."""
    make("file")
    for root in (tmp_path / "none", tmp_path / "file"):
        with pytest.raises(SourceUnusable, match=str(root)):
            list(Folder(root, "s").items())


def test_single_file(make: Make, tmp_path: Path) -> None:
    """A file alone is called by its name."""
    make("sub/a.txt")
    [found] = SingleFile(tmp_path / "sub" / "a.txt", "s").items()
    assert found.path == "a.txt"
