"""Where downloads go: to a file, which is whole or not there, or to a terminal, which nothing may steer."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import click

from vectorlog.cli import shown
from vectorlog.client.server import Server


def to_file(server: Server, path: str, target: Path) -> None:
    """Writes the bytes of a GET of `path` to a file. It gets its name when all are there; memory does not grow with
    them.

    Raises:
        Refused: the server refused it, or broke off.
        OSError: the file cannot be written.
    """
    if target.exists() and not target.is_file():  # such as /dev/null, or a pipe
        with target.open("wb") as file:
            server.download(path, file)
        return
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            server.download(path, file)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class Terminal(io.RawIOBase):
    """Writes text to a terminal, without what would steer it."""

    def __init__(self) -> None:
        self._rest = b""

    def writable(self) -> bool:
        """See IOBase."""
        return True

    def write(self, data: object) -> int:
        """See RawIOBase.

        Raises:
            UsageError: the bytes are no text.
        """
        content = bytes(data)  # type: ignore[call-overload]  # any bytes, as RawIOBase has them
        if b"\0" in content:
            raise click.UsageError("These are no characters for a terminal: give --output.")
        whole, newline, self._rest = (self._rest + content).rpartition(b"\n")
        click.echo(shown.lines((whole + newline).decode(errors="replace").replace("\r\n", "\n")), nl=False)
        return len(content)

    def close(self) -> None:
        """Writes what is left of the last line."""
        if self._rest:
            click.echo(shown.lines(self._rest.decode(errors="replace")), nl=False)
            self._rest = b""
        super().close()
