"""Where downloads go: to a file, which is whole or not there, or to a terminal, which nothing may steer."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from vectorlog.cli import shown
from vectorlog.client.server import Server


def to_file(server: Server, path: str, target: Path) -> None:
    """Writes the bytes of a GET of `path` to a file, which keeps its mode if it is there, and where a link leads. It
    gets its name when all are there; memory does not grow with them.

    Raises:
        Refused: the server refused it, or broke off.
        OSError: the file cannot be written.
    """
    if target.exists() and not target.is_file():  # such as /dev/null, or a pipe
        with target.open("wb") as file:
            server.download(path, file)
        return
    target = target.resolve()
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            server.download(path, file)
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """Returns which rights new files do not get; it can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


class Terminal:
    """Writes text to a terminal, without what would steer it."""

    def __init__(self) -> None:
        self._rest = b""

    def write(self, data: bytes) -> None:
        """Writes whole lines, and keeps what is left of the last one.

        Raises:
            UsageError: the bytes are no text.
        """
        if b"\0" in data:
            raise click.UsageError("These are no characters for a terminal: give --output.")
        whole, newline, self._rest = (self._rest + data).rpartition(b"\n")
        click.echo(shown.lines((whole + newline).decode(errors="replace").replace("\r\n", "\n")), nl=False)

    def close(self) -> None:
        """Writes what is left of the last line."""
        if self._rest:
            click.echo(shown.lines(self._rest.decode(errors="replace")), nl=False)
            self._rest = b""
