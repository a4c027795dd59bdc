"""A live server to drive: a subprocess of our own, or whatever listens at VECTORLOG_TEST_URL."""

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

T = TypeVar("T")

START_S = 30
STOP_S = 20
DEADLINE_S = 20
"""How long anything asynchronous may take here; far more than it does, for a busy machine."""
LISTENING = "listening on "


@dataclass(frozen=True, slots=True)
class Service:
    """Where the clients are pointed at.

    Attributes:
        url: without a prefix.
        key: bearer token of every request.
        stub: where our own server has its embeddings from; None for somebody else's server.
    """

    url: str
    key: str
    stub: HeldStub | None


@dataclass
class HeldStub(StubServer):
    """Embeddings that can be held back, so that files stay in progress for as long as a test needs."""

    released: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.released.set()

    def answer(self, key: str, request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        self.released.wait(DEADLINE_S)
        return super().answer(key, request)


@contextmanager
def running(folder: Path, stub: StubServer, *flags: str) -> Iterator[str]:
    """`vectorlog serve` on a free port, until the block ends; gives its URL.

    A server that had an error that nobody expected fails the block at its end, whatever its clients saw.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VECTORLOG_")}
    environment |= {
        "VECTORLOG_EMBEDDING": "openai",
        "VECTORLOG_EMBEDDING_BASE_URL": stub.base_url,
        "VECTORLOG_READERS": "1",
    }
    command = [*vectorlog(), "serve", "--data", str(folder), "--port", "0", *flags]
    log = folder.with_suffix(".log")
    with log.open("wb") as stderr:
        server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True)
    try:
        yield _url(server, log)
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.communicate(timeout=STOP_S)
        finally:
            server.kill()
    assert "Traceback" not in log.read_text(), log.read_text()[-4000:]


def vectorlog() -> list[str]:
    """The command as it is installed beside this Python."""
    return [str(Path(sys.executable).with_name("vectorlog"))]


def eventually(read: Callable[[], T], wanted: Callable[[T], bool]) -> T:
    """What `read` gives once it is as wanted; for what the API does not promise at once.

    Raises:
        AssertionError: it was not, for `DEADLINE_S` seconds.
    """
    until = time.monotonic() + DEADLINE_S
    while not wanted(found := read()):
        assert time.monotonic() < until, f"still {found!r} after {DEADLINE_S} s"
        time.sleep(0.05)
    return found


def _url(server: subprocess.Popen[str], log: Path) -> str:
    watchdog = threading.Timer(START_S, server.kill)
    watchdog.start()
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
    finally:
        watchdog.cancel()
    assert LISTENING in line, f"no server after {START_S} s: {log.read_text()[-4000:]}"
    return line.partition(LISTENING)[2].strip()
