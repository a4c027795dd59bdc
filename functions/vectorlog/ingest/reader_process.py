"""A child process of a sandbox: it is started, asked to read files one after the other, and killed."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from vectorlog.ingest.document import GaveWay, GiveWay, ReaderCrashed, ReaderUnavailable, never
from vectorlog.ingest.host_limits import exhausted

START_SECONDS = 60.0
"""Maximum time for a child to start; it takes 0.4 s on an idle machine."""
ASK_EVERY_S = 0.1
"""How often a file that is being read is asked whether it gives way, in seconds."""
NOT_STARTED = "no reader can be started: {}; look at `ulimit -v`, `ulimit -u` and the machine's memory"

CPU_TIME = (
    "Reading the file took more than the CPU time that a file of its size may take: it is damaged, or built to keep a "
    "reader busy. Save it again, or as text."
)

log = logging.getLogger(__name__)

_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
"""The only environment variables that a child inherits, because it must not see our keys."""
_FROM_OUTSIDE = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Signals that end a child which no file can have caused."""


class Child:
    """A child process. Only `kill` may be called from several threads at a time.

    Raises:
        ReaderUnavailable: it cannot be started.
    """

    def __init__(self, module: str, memory_bytes: int) -> None:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        environment["OPENBLAS_NUM_THREADS"] = "1"  # OpenBLAS would reserve address space for a thread per core
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, str(memory_bytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # keeps Ctrl-C away from it, even before it has set up its handler
            )
        except (OSError, MemoryError) as error:
            raise ReaderUnavailable(NOT_STARTED.format(exhausted(error) or error)) from error
        self._ready = False
        self._stopped: ReaderCrashed | GaveWay | None = None
        self._memory_bytes = memory_bytes
        self.files_read = 0
        self.resident = 0

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def wait_ready(self) -> None:
        """Waits until the process has started; raises ReaderUnavailable if it does not."""
        if not self._ready:
            try:
                self._receive(START_SECONDS)
            except ReaderCrashed as error:
                raise ReaderUnavailable(NOT_STARTED.format(self._how_it_ended())) from error
            self._ready = True

    def ask(self, request: dict[str, Any], seconds: float, give_way: GiveWay = never) -> tuple[dict[str, Any], bytes]:
        """Sends a request and returns the header and text of the response.

        Raises:
            ReaderCrashed: the process died, or took more than `seconds` or the CPU time that the request allows.
            ReaderUnavailable: the process could not be started, or was ended from outside.
            GaveWay: `give_way` returned True.
        """
        self.wait_ready()
        self.files_read += 1
        line = json.dumps(request).encode() + b"\n"
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._crashed() from error
        return self._receive(seconds, give_way)

    def kill(self) -> None:
        """Kills the process immediately and waits for its end."""
        self._process.kill()
        self._process.wait()

    def release(self) -> None:
        """Closes the pipes; only after `kill`, when no thread reads from them."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdout.close()
        with suppress(BrokenPipeError):  # the process never read the request
            self._process.stdin.close()

    def _receive(self, seconds: float, give_way: GiveWay = never) -> tuple[dict[str, Any], bytes]:
        watch = Watch(self._stop, seconds, give_way)
        watch.start()
        try:
            header = json.loads(self._take(int.from_bytes(self._take(8), "big")))
            self.resident = header["resident"]
            return header, self._take(header["bytes"])
        finally:
            watch.done.set()

    def _take(self, size: int) -> bytes:
        assert self._process.stdout is not None
        if size > self._memory_bytes:
            raise ReaderCrashed("The reader announced a longer response than fits into its memory.")
        data = self._process.stdout.read(size)
        if len(data) < size:
            raise self._crashed()
        return data

    def _stop(self, reason: ReaderCrashed | GaveWay) -> None:
        self._stopped = reason
        self._process.kill()

    def _crashed(self) -> ReaderCrashed | ReaderUnavailable | GaveWay:
        code = self._process.wait()
        if self._stopped is not None:
            return self._stopped
        if code == -signal.SIGXCPU:
            return ReaderCrashed(CPU_TIME)
        if -code in _FROM_OUTSIDE:
            return ReaderUnavailable(f"the reader was ended from outside, by {signal.Signals(-code).name}")
        if code < 0:
            return ReaderCrashed(
                f"The reader was ended by {signal.Signals(-code).name}; the file may be damaged or need too "
                f"much memory."
            )
        return ReaderCrashed(f"The reader ended with code {code}.")

    def _how_it_ended(self) -> str:
        code = self._process.wait()
        if self._stopped is not None:
            return f"it took more than {START_SECONDS:.0f} s"
        return f"it was ended by {signal.Signals(-code).name}" if code < 0 else f"it ended with code {code}"


class Watch(threading.Thread):
    """Stops a read that takes longer than `seconds`, or that has to give way, until `done` is set."""

    def __init__(self, stop: Callable[[ReaderCrashed | GaveWay], None], seconds: float, give_way: GiveWay) -> None:
        super().__init__(name="watch", daemon=True)
        self.done = threading.Event()
        self._stop_reading = stop
        self._seconds = seconds
        self._give_way = give_way

    def run(self) -> None:
        """Watches; see Thread."""
        begun = time.monotonic()
        while (taken := time.monotonic() - begun) < self._seconds:
            left = self._seconds - taken
            if self.done.wait(left if self._give_way is never else min(left, ASK_EVERY_S)):
                return
            taken = time.monotonic() - begun
            if taken < self._seconds and self._asked(taken):
                self._stop_reading(GaveWay(f"others waited while it was read for {taken:.1f} s"))
                return
        self._stop_reading(ReaderCrashed(f"Reading the file took more than {self._seconds:.0f} s."))

    def _asked(self, taken: float) -> bool:
        try:
            return self._give_way(taken)
        except Exception:
            log.exception("it is not known whether others wait; the file is read on")
            return False
