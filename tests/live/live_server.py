"""A real `vectorlog serve` on a folder, started, killed and started again; its log shows what went wrong inside."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from openai import OpenAI

from tests.support import warm
from tests.support.warm import WarmProcess

T = TypeVar("T")

DIMENSIONS = 64
"""Dimensions of the stub's vectors: few, because these tests are about everything but vectors."""


class LiveServer:
    """One folder, and the server process that has it open between `start` and `stop` or `kill`.

    Attributes:
        data: the folder.
        log: standard error of all its processes: a JSON object per line.
        url: of the running server; the port stays the same after the first start.
        before: what stands before the server's command, such as a tracer.
        warm: whether it is forked from a process that has imported what it needs, where that is possible.
    """

    def __init__(self, data: Path, embeddings: str, *flags: str) -> None:
        self.data = data
        self.log = data.with_suffix(".log")
        self.url = ""
        self.before: list[str] = []
        self.warm = warm.ready()
        self._flags = ["--data", str(data), *flags]
        if embeddings:
            self._flags += ["--embedding", "openai", "--embedding-base-url", embeddings]
            self._flags += ["--embedding-model", "stub", "--embedding-dimensions", str(DIMENSIONS)]
        self._process: subprocess.Popen[str] | WarmProcess | None = None

    @property
    def process(self) -> subprocess.Popen[str] | WarmProcess:
        """The running server."""
        assert self._process is not None, "not started"
        return self._process

    def start(self) -> None:
        """Starts it, and returns when it says that it listens."""
        self._begin()
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        assert "listening on" in said, self.log.read_text()[-2000:]
        self.url = said.split()[-1]

    def kill_while_starting(self, seconds: float) -> None:
        """Starts it, and sends SIGKILL after this time, whatever it has reached."""
        self._begin()
        time.sleep(seconds)
        self.kill()

    def kill(self) -> None:
        """Sends SIGKILL."""
        self.process.kill()
        self._ended()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends SIGTERM; returns the exit code."""
        self.process.send_signal(number)
        return self._ended()

    def client(self) -> OpenAI:
        """A client that does not retry, so that every failure shows."""
        return OpenAI(base_url=f"{self.url}/v1", api_key="any", max_retries=0, timeout=30)

    def errors(self) -> list[str]:
        """Exceptions and error lines of the log, but for those that tell of a file or a provider by an event."""
        return [
            f"{line.get('message')}\n{line.get('exception', '')}"
            for line in self.lines()
            if line["level"] in ("error", "critical")
            and line.get("event") not in ("file_failed", "file_given_up", "provider_refused")
        ]

    def lines(self) -> list[dict[str, Any]]:
        """The log; what is no JSON is an error."""
        return [
            json.loads(line) if line.startswith("{") else {"level": "error", "message": line}
            for line in self.log.open()
        ]

    def resident_mb(self) -> float:
        """Memory in use by the server process (Linux)."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * 4096 / 1e6

    def peak_mb(self) -> tuple[float, float]:
        """Peak memory of the server, and of the largest of its living readers (Linux)."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        readers = [int(child) for children in tasks for child in children.read_text().split()]
        return _peak_mb(self.process.pid), max((_peak_mb(reader) for reader in readers), default=0.0)

    def _begin(self) -> None:
        with self.log.open("a") as log:
            port = self.url.rpartition(":")[2] or "0"
            arguments = ["serve", "--port", port, *self._flags]
            if self.warm and not self.before:
                self._process = WarmProcess(arguments, dict(os.environ), log)
                return
            command = [*self.before, sys.executable, "-m", "vectorlog.cli.main", *arguments]
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)

    def _ended(self) -> int:
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._process = None
        return code

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._process is not None


def _peak_mb(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1000


@contextmanager
def serving(data: Path, embeddings: str, *flags: str) -> Iterator[LiveServer]:
    """A started server; it is killed at the end if it still runs."""
    server = LiveServer(data, embeddings, *flags)
    try:
        server.start()
        yield server
    finally:
        if server.running:
            server.kill()


def until(met: Callable[[], T | None], what: str, seconds: float = 20.0) -> T:
    """Repeats a call until its answer is true, and returns it.

    Raises:
        AssertionError: it was not, within the time limit.
    """
    end = time.monotonic() + seconds
    while not (found := met()):
        assert time.monotonic() < end, f"waited {seconds} s for: {what}"
        time.sleep(0.02)
    return found
