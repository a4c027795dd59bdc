"""Reads files in child processes with limits, because a bad file can make its parser hang, crash or use up memory."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from vectorlog.defaults import OCR_MEMORY_MB, READ_SECONDS, READERS_MEMORY_MB
from vectorlog.domain.file_warning import FileWarning
from vectorlog.domain.location import decoded
from vectorlog.ingest.cpu_limit import CpuLimit
from vectorlog.ingest.document import (
    Document,
    GiveWay,
    ReaderClosed,
    ReaderCrashed,
    ReaderUnavailable,
    Span,
    Unreadable,
    Window,
    never,
)
from vectorlog.ingest.reader_process import Child

MEMORY_BYTES = READERS_MEMORY_MB << 20
"""Maximum address space of a child. Idle, it maps 0.25 GB and uses 75 MB; with a text of 50 MB, 0.5 GB and 270 MB."""

SECONDS = READ_SECONDS
SECONDS_PER_MB = 1.0
"""A file may take `SECONDS` plus `SECONDS_PER_MB` for each 10^6 bytes, by the clock; CPU time has a lower limit. The
slowest text measured, random letters cut into chunks of 100 tokens, takes 0.6 s per 10^6 bytes.
"""

CPU = CpuLimit()

MOST_RESIDENT = 512 << 20
MOST_FILES = 1000
"""A child that uses more memory than this after a file, or has read this many files, is replaced: libraries leak."""

_CLOCK_PER_CPU = 2.0
"""How much longer than its CPU time recognizing text may take by the clock: other processes run too."""

PROBE = Path(__file__)
PROBE_SECONDS = 30.0
"""A small text that every reader can read, and how long that may take."""
STOPPING = "the server is stopping"
UNFIT = "the readers cannot read even a small text; look at `ulimit -v` and the machine's memory"


class Sandbox:
    """Implements Reader with up to `children` child processes, each reading one file at a time.

    Safe to use from several threads; calls wait until a child is free. Children are started by `warm` or when first
    needed, and run until `close` or until this process ends, however it ends.

    Args:
        children: how many files are read at a time.
        memory_bytes: address space of a child.
        seconds: that reading a file may take, beside those for its size.
        cpu: the CPU time that it may take.
        ocr_seconds: the CPU time that recognizing text in a file's pictures may take beside that; 0 switches it off.
        module: what a child runs.
    """

    def __init__(
        self,
        children: int = 2,
        *,
        memory_bytes: int = MEMORY_BYTES,
        seconds: float = SECONDS,
        cpu: CpuLimit = CPU,
        ocr_seconds: float = 0.0,
        module: str = "vectorlog.ingest.child",
    ) -> None:
        self.children = children
        self._memory_bytes = memory_bytes + ((OCR_MEMORY_MB << 20) if ocr_seconds else 0)
        self._seconds = seconds + _CLOCK_PER_CPU * ocr_seconds
        self._ocr_seconds = ocr_seconds
        self._cpu = (cpu.seconds, cpu.per_mb)
        self._module = module
        self._free = threading.BoundedSemaphore(children)
        self._lock = threading.Lock()
        self._idle: deque[Child] = deque()
        self._children: set[Child] = set()
        self._closed = False

    def warm(self) -> None:
        """Starts all children and returns when they are ready. Waits for files that are being read.

        Raises:
            ReaderUnavailable: a child did not start, or the sandbox is closed.
        """
        with ExitStack() as held:
            for _ in range(self.children):
                held.enter_context(self._free)
            children = [self._take() for _ in range(self.children)]
            for child in children:
                try:
                    child.wait_ready()
                except ReaderUnavailable as error:
                    self._discard(child)
                    if self._closed:
                        raise ReaderClosed(STOPPING) from error
                    raise
                self._give_back(child)

    def read(
        self,
        path: Path,
        filename: str,
        max_tokens: int,
        overlap: int,
        give_way: GiveWay = never,
        *,
        by_windows: bool = False,
    ) -> Document:
        """Returns the text and chunks of the file at `path`, uploaded as `filename`; see Reader, `extract`
        and `split`.

        Raises:
            Unreadable: the file cannot be read.
            ReaderCrashed: the child died or exceeded a limit, and another one can read a small text.
            ReaderUnavailable: no child can read even a small text, or the sandbox is closed.
            GaveWay: `give_way` returned True.
            OSError: there is no such file.
        """
        seconds = self._seconds + SECONDS_PER_MB * path.stat().st_size / 1e6
        request = self._request(path, filename, max_tokens, overlap, by_windows=by_windows)
        with self._free:
            try:
                header, text = self._ask(request, seconds, give_way)
            except ReaderCrashed as error:
                self._probe(str(error))
                raise
            if header.get("memory"):
                self._probe("the memory is used up")
        if "lack" in header:
            raise ReaderUnavailable(header["lack"])
        if "unreadable" in header:
            raise Unreadable(*header["unreadable"])
        if "error" in header:
            raise ReaderCrashed(f"The reader failed: {header['error']}")
        return Document(
            text.decode(),
            tuple(header["pages"]),
            tuple(Span(*span) for span in header["spans"]),
            tuple(map(decoded, header["locations"])),
            header["title"],
            tuple(FileWarning(*warning) for warning in header["warnings"]),
            header["language"],
            tuple(Window(*window) for window in header["windows"]),
        )

    def _request(self, path: Path, filename: str, max_tokens: int, overlap: int, *, by_windows: bool) -> dict[str, Any]:
        return {
            "path": str(path.absolute()),
            "filename": filename,
            "max_tokens": max_tokens,
            "overlap": overlap,
            "by_windows": by_windows,
            "cpu": self._cpu,
            "ocr": self._ocr_seconds,
        }

    def _ask(self, request: dict[str, Any], seconds: float, give_way: GiveWay) -> tuple[dict[str, Any], bytes]:
        child = self._take()
        try:
            give_way(0.0)
            answer = child.ask(request, seconds, give_way)
        except Exception as error:
            self._discard(child)
            if self._closed:
                raise ReaderClosed(STOPPING) from error
            raise
        self._give_back(child)
        return answer

    def _probe(self, failure: str) -> None:
        """Reads a small text, to tell a fault of the file from one of this machine.

        Raises:
            ReaderUnavailable: that failed too.
        """
        request = self._request(PROBE, "probe.txt", 800, 0, by_windows=False) | {"cpu": (PROBE_SECONDS, 0.0)}
        try:
            header, _ = self._ask(request, PROBE_SECONDS, never)
        except ReaderCrashed as error:
            raise ReaderUnavailable(f"{UNFIT}: {error}") from error
        if "spans" not in header:
            raise ReaderUnavailable(f"{UNFIT}: {header.get('lack') or failure}")

    def close(self) -> None:
        """Kills the children; calls that are reading a file raise ReaderClosed."""
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

    def _take(self) -> Child:
        while True:
            with self._lock:
                child = self._idle.pop() if self._idle else None
            if child is None:
                return self._start()
            if child.alive:
                return child
            self._discard(child)

    def _start(self) -> Child:
        with self._lock:
            if self._closed:
                raise ReaderClosed(STOPPING)
            child = Child(self._module, self._memory_bytes)
            self._children.add(child)
            return child

    def _give_back(self, child: Child) -> None:
        with self._lock:
            if not self._closed and child.resident <= MOST_RESIDENT and child.files_read < MOST_FILES:
                self._idle.append(child)
                return
        self._discard(child)

    def _discard(self, child: Child) -> None:
        with self._lock:
            self._children.discard(child)
        child.kill()
        child.release()
