"""A live server to drive: a subprocess, or the external server at VECTORLOG_TEST_URL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.embedding.stub_server import StubServer
from tests.support import warm
from tests.support.warm import WarmProcess

T = TypeVar("T")

START_S = 30
STOP_S = 20
DEADLINE_S = 20
"""How long anything asynchronous may take here; far more than it does, for a busy machine."""
LISTENING = "listening on "


@dataclass(frozen=True, slots=True)
class Service:
    """The server that clients connect to.

    Attributes:
        url: without a prefix.
        key: bearer token of every request.
        stub: the embedding endpoint of our own server; None for an external server.
    """

    url: str
    key: str
    stub: HeldStub | None


@dataclass
class HeldStub(StubServer):
    """An embedding endpoint that can be held, so that files stay in progress as long as a test needs."""

    released: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.released.set()

    def answer(self, key: str, request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        self.released.wait(DEADLINE_S)
        return super().answer(key, request)


@contextmanager
def running(folder: Path, stub: StubServer, *flags: str, cold: bool = False) -> Iterator[str]:
    """Runs `vectorlog serve` on a free port until the block ends; gives its URL. A `cold` one is started as users do,
    others are forked from a process that has imported what they need.

    If the server logged an unexpected error, the block fails at its end, whatever the clients saw.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VECTORLOG_")}
    environment |= {
        "VECTORLOG_EMBEDDING": "openai",
        "VECTORLOG_EMBEDDING_BASE_URL": stub.base_url,
        "VECTORLOG_READERS": "1",
    }
    arguments = ["serve", "--data", str(folder), "--port", "0", *flags]
    log = folder.with_suffix(".log")
    with log.open("wb") as stderr:
        server: subprocess.Popen[str] | WarmProcess
        if cold or not warm.ready():
            command = [*vectorlog(), *arguments]
            server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True)
        else:
            server = WarmProcess(arguments, environment, stderr)
    try:
        yield _url(server, log)
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.communicate(timeout=STOP_S)
        finally:
            server.kill()
    faults = [line for line in log.read_text().splitlines() if "Traceback" in line]
    assert not faults, "\n".join(faults)[:4000]


def vectorlog() -> list[str]:
    """The command installed beside this Python."""
    return [str(Path(sys.executable).with_name("vectorlog"))]


def eventually(read: Callable[[], T], wanted: Callable[[T], bool], within_s: float = DEADLINE_S) -> T:
    """Repeats `read` until its result is accepted; for what the API promises only eventually.

    Raises:
        AssertionError: it was not accepted within `DEADLINE_S` seconds.
    """
    until = time.monotonic() + within_s
    while not wanted(found := read()):
        assert time.monotonic() < until, f"still {found!r} after {within_s} s"
        time.sleep(0.05)
    return found


def _url(server: subprocess.Popen[str] | WarmProcess, log: Path) -> str:
    watchdog = threading.Timer(START_S, server.kill)
    watchdog.start()
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
    finally:
        watchdog.cancel()
    assert LISTENING in line, f"no server after {START_S} s: {log.read_text()[-4000:]}"
    return line.partition(LISTENING)[2].strip()
