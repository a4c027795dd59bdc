"""Where `files download` writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import click
import pytest

from vectorlog.cli.downloads import Terminal, to_file
from vectorlog.client.server import Refused, Server


class Sending:
    """A server that sends pieces, and may break off."""

    def __init__(self, *pieces: bytes, breaks: bool = False) -> None:
        self.pieces = pieces
        self.breaks = breaks

    def download(self, _: str, into: Any) -> None:
        for piece in self.pieces:
            into.write(piece)
        if self.breaks:
            raise Refused("it broke off")


def test_whole_or_not(tmp_path: Path) -> None:
    """The file is there when all of it is; what was there before stays until then, and nothing else is left."""
    target = tmp_path / "a.pdf"
    target.write_text("before")
    with pytest.raises(Refused):
        to_file(cast("Server", Sending(b"one", breaks=True)), "/x", target)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.pdf", b"before")]
    to_file(cast("Server", Sending(b"one", b"two")), "/x", target)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.pdf", b"onetwo")]


def test_over_what_is_there(tmp_path: Path) -> None:
    """A file keeps its mode, and is written where a link leads; a new one has the mode of any new file."""
    kept, link, new, like = (tmp_path / name for name in ("kept", "link", "new", "like"))
    kept.write_text("before")
    kept.chmod(0o640)
    link.symlink_to(kept)
    for target in (link, new):
        to_file(cast("Server", Sending(b"one")), "/x", target)
    like.touch()
    assert (kept.read_bytes(), kept.stat().st_mode & 0o777, link.is_symlink()) == (b"one", 0o640, True)
    assert new.stat().st_mode == like.stat().st_mode


def test_to_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Text is shown as it is, with what would steer the terminal escaped, however it is cut into pieces."""
    out = Terminal()
    for piece in (b"caf\xc3", b"\xa9\nred \x1b[31", b"m\xc2\x9b31m\r\nend"):
        out.write(piece)
    out.close()
    assert capsys.readouterr().out == "caf\u00e9\nred \\x1b[31m\\x9b31m\nend"


def test_no_text() -> None:
    """Bytes that are no text are refused, with the remedy."""
    with pytest.raises(click.UsageError, match="--output"):
        Terminal().write(b"PK\x03\x04\0\0")
