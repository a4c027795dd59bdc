"""Reads files in child processes with limits, because a bad file can make its parser hang, crash or use up memory."""

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
"""Maximum address space of a child. Idle, it maps 0.25 GB and uses 75 MB; with a text of 50 MB, 0.5 GB and 270 MB."""

SECONDS = READ_SECONDS
SECONDS_PER_MB = 1.0
"""A file may take `SECONDS` plus `SECONDS_PER_MB` for each 10^6 bytes, in wall-clock time and also in CPU time. The
slowest text measured, random letters cut into chunks of 100 tokens, takes 0.6 s per 10^6 bytes.
"""

START_SECONDS = 60.0
"""Maximum time for a child to start; it takes 0.4 s on an idle machine."""

MOST_RESIDENT = 512 << 20
MOST_FILES = 1000
"""A child that uses more memory than this after a file, or has read this many files, is replaced: libraries leak."""

_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
"""The only environment variables that a child inherits, because it must not see our keys."""


class Sandbox:
    """Implements Reader with up to `children` child processes, each reading one file at a time.

    Safe to use from several threads; calls wait until a child is free. Children are started by `warm` or when first
    needed, and run until `close` or until this process ends, however it ends.
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
        """Starts all children and returns when they are ready. Waits for files that are being read.

        Raises:
            ReaderCrashed: a child did not start.
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
        """Returns the text and chunks of the file at `path`, uploaded as `filename`; see `extract` and `split`.

        Raises:
            Unreadable: the file cannot be read.
            ReaderCrashed: the child died or exceeded a limit.
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
        """Kills the children; calls that are reading a file raise ReaderCrashed."""
        with self._lock:
            self._closed = True
            children = list(self._children)
            idle = list(self._idle)
            self._idle.clear()
        for child in idle:
            self._discard(child)
        for child in children:
            child.kill()  # the thread that is reading from it notices and discards it

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
            if not self._closed and child.resident <= MOST_RESIDENT and child.files_read < MOST_FILES:
                self._idle.append(child)
                return
        self._discard(child)

    def _discard(self, child: _Child) -> None:
        with self._lock:
            self._children.discard(child)
        child.kill()
        child.release()


class _Child:
    """A child process. Only `kill` may be called from several threads at a time."""

    def __init__(self, module: str, memory_bytes: int) -> None:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        environment["OPENBLAS_NUM_THREADS"] = "1"  # OpenBLAS would reserve address space for a thread per core
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # keeps Ctrl-C away from it, even before it has set up its handler
        )
        self._ready = False
        self._late = False
        self._memory_bytes = memory_bytes
        self.files_read = 0
        self.resident = 0

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def wait_ready(self) -> None:
        """Waits until the process has started; raises ReaderCrashed if it does not."""
        if not self._ready:
            self._receive(START_SECONDS)
            self._ready = True

    def ask(self, request: dict[str, Any], seconds: float) -> tuple[dict[str, Any], bytes]:
        """Sends a request and returns the header and text of the response; raises ReaderCrashed."""
        self.wait_ready()
        self.files_read += 1
        line = json.dumps({**request, "seconds": math.ceil(seconds)}).encode() + b"\n"
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._crashed(seconds) from error
        return self._receive(seconds)

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
            raise ReaderCrashed("The reader announced a longer response than fits into its memory.")
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
