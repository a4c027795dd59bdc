"""Runs a server as a child process for as long as it is needed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import urllib3

from vectorlog.retry import RetryPolicy, retrying

HOST = "127.0.0.1"
START_S = 180
"""Longest wait for a first answer, in seconds; ten times the length of a start on two busy cores."""
STOP_S = 10
STARTS = RetryPolicy(attempts=3)
"""At other ports: somebody may take one between its choice and its use."""
_POLL_S = 0.05
MEMORY = Path("/dev/shm")
ROOM = 4 << 30
"""Bytes that must be free in `MEMORY`, so that nothing which runs beside it is short of memory."""

Command: TypeAlias = Callable[[int], Sequence[str | Path]]
"""A command line, for the port that the server listens on."""

_UNTIL_STDIN_ENDS = 'exec 3<&0; "$@" 3<&- </dev/null & server=$!; { read -r _ <&3; kill $server; } & wait $server'
"""Runs a command until the other end of its standard input is closed, because its parent stopped it or was killed."""


class StartError(Exception):
    """A server did not start; the message ends with its last output."""


def in_memory() -> Path | None:
    """A folder of a file system in memory, if there is one with room: there, a sync to disk takes no time."""
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        return MEMORY
    return None


def temporary(server: str) -> TemporaryDirectory[str]:
    """A folder for a server's data, which is lost when it ends."""
    return TemporaryDirectory(prefix=f"{server}-", dir=in_memory())


def free_port() -> int:
    """A port of this machine that is free at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(name: str, command: Command, folder: Path, *, ready: str = "/", status: int = 200) -> Iterator[str]:
    """Starts `command(port)`, waits until its path `ready` answers with `status`, and gives its URL; stops it at the
    end.

    It runs in `folder` and prints into `<name>.log` there.

    Raises:
        StartError: it ended, or did not answer in `START_S`.
    """
    process, url = retrying(
        f"the start of {name}", STARTS, lambda: _start(name, command, folder, ready, status), on=_PortTaken
    )
    try:
        yield url
    finally:
        _stop(process)


class _PortTaken(StartError):
    """Another process took the port between its choice and its use."""


def _start(name: str, command: Command, folder: Path, ready: str, status: int) -> tuple[subprocess.Popen[bytes], str]:
    port = free_port()
    log = folder / f"{name}.log"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            ("sh", "-c", _UNTIL_STDIN_ENDS, "sh", *command(port)),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,  # Ctrl-C is for the process that uses the server, which then stops it
        )
    url = f"http://{HOST}:{port}"
    try:
        _wait(name, process, url + ready, status)
    except BaseException as error:
        _stop(process)
        printed = log.read_text(errors="replace")[-4000:]
        if isinstance(error, StartError):
            kind = _PortTaken if "in use" in printed else StartError
            raise kind(f"{error}\n{printed}") from None
        raise
    return process, url


def _wait(name: str, process: subprocess.Popen[bytes], url: str, status: int) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise StartError(f"{name} ended with status {process.returncode}:")
        if _status(url) == status and process.poll() is None:
            return
        time.sleep(_POLL_S)
    raise StartError(f"{name} did not answer in {START_S} s:")


def _status(url: str) -> int | None:
    try:
        return urllib3.request("GET", url, retries=False, timeout=10).status
    except urllib3.exceptions.HTTPError:
        return None  # not yet


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
