"""Reads files in child processes with limits, because a hostile or broken file can hang, exhaust or crash what parses
it.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

from vectorlog.defaults import READ_SECONDS, READERS_MEMORY_MB
from vectorlog.ingest.document import Document, ReaderCrashed, Span, Unreadable

MEMORY_BYTES = READERS_MEMORY_MB << 20
"""Address space of a child. At rest it maps 0.25 GB and uses 75 MB; a text of 50 MB takes it to 0.5 GB and 270 MB."""

SECONDS = READ_SECONDS
SECONDS_PER_MB = 1.0
"""A file may take `SECONDS`, and `SECONDS_PER_MB` for each of its 10^6 bytes, of the clock, and as much CPU time.
The slowest text that was measured, random letters cut into chunks of 100 tokens, takes 0.6 s for each."""

START_SECONDS = 60.0
"""What a child may take to start: 0.4 s on an idle machine."""

MOST_RESIDENT = 512 << 20
MOST_FILES = 1000
"""A child that holds more memory after a file, or that has read so many, is replaced: libraries leak."""

_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
"""All that a child gets of our environment: it shall not know our keys."""


class Sandbox:
    """At most `children` child processes, each reading one file at a time. Thread-safe; more readers than children
    wait.

    Children start when they are needed, or ahead with `warm`, and live until `close`, or until this process ends in
    whatever way.
    """

    def __init__(
        self,
        children: int = 2,
        *,
        memory_bytes: int = MEMORY_BYTES,
        seconds: float = SECONDS,
        module: str = "vectorlog.ingest.child",
    ) -> None:
        self._count = children
        self._memory_bytes = memory_bytes
        self._seconds = seconds
        self._module = module
        self._free = threading.BoundedSemaphore(children)
        self._lock = threading.Lock()
        self._idle: deque[_Child] = deque()
        self._children: set[_Child] = set()
        self._closed = False

    def warm(self) -> None:
        """Start the children that are not running, and return when all are ready. Waits for files that are being read.

        Raises:
            ReaderCrashed: one did not start.
        """
        with ExitStack() as held:
            for _ in range(self._count):
                held.enter_context(self._free)
            children = [self._take() for _ in range(self._count)]
            for child in children:
                try:
                    child.wait_ready()
                except ReaderCrashed:
                    self._discard(child)
                    raise
                self._give_back(child)

    def read(self, path: Path, filename: str, max_tokens: int, overlap: int) -> Document:
        """The text and chunks of the file at `path`, which its owner calls `filename`; see `extract` and `split`.

        Raises:
            Unreadable: the file is the cause.
            ReaderCrashed: the child died or ran past a limit.
            OSError: there is no such file.
        """
        seconds = self._seconds + SECONDS_PER_MB * path.stat().st_size / 1e6
        request = {"path": str(path.absolute()), "filename": filename, "max_tokens": max_tokens, "overlap": overlap}
        with self._free:
            child = self._take()
            try:
                header, text = child.ask(request, seconds)
            except BaseException:
                self._discard(child)
                raise
            self._give_back(child)
        if "unreadable" in header:
            raise Unreadable(*header["unreadable"])
        if "error" in header:
            raise ReaderCrashed(f"The reader failed: {header['error']}")
        return Document(text.decode(), tuple(header["pages"]), tuple(Span(*span) for span in header["spans"]))

    def close(self) -> None:
        """Kill the children; files that are being read raise ReaderCrashed."""
        with self._lock:
            self._closed = True
            children = list(self._children)
            idle = list(self._idle)
            self._idle.clear()
        for child in idle:
            self._discard(child)
        for child in children:
            child.kill()  # whoever reads from it sees its end and discards it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self) -> _Child:
        while True:
            with self._lock:
                child = self._idle.pop() if self._idle else None
            if child is None:
                return self._start()
            if child.alive:
                return child
            self._discard(child)

    def _start(self) -> _Child:
        with self._lock:
            if self._closed:
                raise ReaderCrashed("The sandbox is closed.")
            child = _Child(self._module, self._memory_bytes)
            self._children.add(child)
            return child

    def _give_back(self, child: _Child) -> None:
        with self._lock:
            if not self._closed and child.resident <= MOST_RESIDENT and child.asked < MOST_FILES:
                self._idle.append(child)
                return
        self._discard(child)

    def _discard(self, child: _Child) -> None:
        with self._lock:
            self._children.discard(child)
        child.kill()
        child.release()


class _Child:
    """One process. Used by one thread at a time, but for `kill`."""

    def __init__(self, module: str, memory_bytes: int) -> None:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        environment["OPENBLAS_NUM_THREADS"] = "1"  # numpy would reserve address space for a thread on each core
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C must not reach it, not even before it can ignore it
        )
        self._ready = False
        self._late = False
        self._memory_bytes = memory_bytes
        self.asked = 0
        self.resident = 0

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def wait_ready(self) -> None:
        """Wait until it has started. Raises ReaderCrashed."""
        if not self._ready:
            self._receive(START_SECONDS)
            self._ready = True

    def ask(self, request: dict[str, Any], seconds: float) -> tuple[dict[str, Any], bytes]:
        """Send a request; the answer's header and text. Raises ReaderCrashed."""
        self.wait_ready()
        self.asked += 1
        line = json.dumps({**request, "seconds": math.ceil(seconds)}).encode() + b"\n"
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._crashed(seconds) from error
        return self._receive(seconds)

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._process.kill()
        self._process.wait()

    def release(self) -> None:
        """Close its pipes, when it is dead and nobody reads from it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdout.close()
        with suppress(BrokenPipeError):  # a request that it never read
            self._process.stdin.close()

    def _receive(self, seconds: float) -> tuple[dict[str, Any], bytes]:
        clock = threading.Timer(seconds, self._expire)
        clock.daemon = True
        clock.start()
        try:
            header = json.loads(self._take(int.from_bytes(self._take(8, seconds), "big"), seconds))
            self.resident = header["resident"]
            return header, self._take(header["bytes"], seconds)
        finally:
            clock.cancel()

    def _take(self, size: int, seconds: float) -> bytes:
        assert self._process.stdout is not None
        if size > self._memory_bytes:
            raise ReaderCrashed("The reader announced more than it can hold.")
        data = self._process.stdout.read(size)
        if len(data) < size:
            raise self._crashed(seconds)
        return data

    def _expire(self) -> None:
        self._late = True
        self._process.kill()

    def _crashed(self, seconds: float) -> ReaderCrashed:
        code = self._process.wait()
        if self._late:
            return ReaderCrashed(f"Reading the file took more than {seconds:.0f} s.")
        if code == -signal.SIGXCPU:
            return ReaderCrashed(f"Reading the file took more than {seconds:.0f} s of CPU time.")
        if code < 0:
            return ReaderCrashed(
                f"The reader was ended by {signal.Signals(-code).name}; the file may be damaged or need too "
                f"much memory."
            )
        return ReaderCrashed(f"The reader ended with code {code}.")
