"""What a server holds now, in Prometheus' metrics: queues, index, data folder and disk. It is read when asked for."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from vectorlog.index.embedded.index import LocalIndex
from vectorlog.runtime.local.data_folder import DataFolder
from vectorlog.runtime.local.disk import Disk
from vectorlog.work.queue import Backlog

if TYPE_CHECKING:
    from prometheus_client import Metric

REMEMBERED_S = 5.0
"""How long what was read counts. Whoever asks more often, with or without a key, costs nothing more."""


@dataclass(frozen=True, slots=True)
class Held:
    """Where the state of a server is read.

    Attributes:
        backlogs: what each queue holds, by its name.
        behind: returns how many positions of the feed the projector has yet to read.
        index: the chunk index.
        index_memory: how many bytes of stores it may keep in memory.
        folder: the data folder.
        disk: its disk.
        clock: returns the time in ms since 1970.
    """

    backlogs: Callable[[], Mapping[str, Backlog]]
    behind: Callable[[], int]
    index: LocalIndex
    index_memory: int
    folder: DataFolder
    disk: Disk
    clock: Callable[[], int]


class StateMetrics:
    """A collector of Prometheus' client. Safe to use from several threads.

    Reading the state takes one statement for each queue, which reads its messages, and a few calls for the sizes of
    files; `REMEMBERED_S` limits how often. `monotonic` is in seconds and never goes back.
    """

    def __init__(self, held: Held, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._held = held
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._read_at = -REMEMBERED_S
        self._last: list[Metric] = []

    def describe(self) -> list[Metric]:
        """Returns nothing, so that nothing is read when the collector is registered."""
        return []

    def collect(self) -> list[Metric]:
        """Returns the metrics."""
        with self._lock:
            now = self._monotonic()
            if now - self._read_at >= REMEMBERED_S:
                self._last = [*self._queues(), *self._index(), *self._disk(), _build()]
                self._read_at = now
            return self._last

    def _queues(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily as Gauge

        messages = Gauge("vectorlog_queue_messages", "Messages of each queue by state.", labels=("queue", "state"))
        oldest = Gauge(
            "vectorlog_queue_oldest_seconds",
            "For how long the oldest waiting message of each queue could have been received; 0 if none waits.",
            labels=("queue",),
        )
        now = self._held.clock()
        for name, backlog in self._held.backlogs().items():
            messages.add_metric((name, "waiting"), backlog.waiting)
            messages.add_metric((name, "in_progress"), backlog.in_progress)
            messages.add_metric((name, "delayed"), backlog.delayed)
            age = 0 if backlog.oldest_at is None else max(0, now - backlog.oldest_at)
            oldest.add_metric((name,), age / 1000)
        yield messages
        yield oldest
        yield _gauge("vectorlog_projector_behind", "Commits that the projector has yet to read.", self._held.behind())

    def _index(self) -> Iterator[Metric]:
        folder, index = self._held.folder, self._held.index
        files = [*_with_log(folder.index / "chunks.db"), *_files(folder.index / "sealed")]
        yield _gauge("vectorlog_index_bytes", "Bytes of the chunk index on the disk.", sum(map(_size, files)))
        yield _gauge("vectorlog_index_memory_bytes", "Bytes of stores that the index has in memory.", index.nbytes)
        limit = self._held.index_memory
        yield _gauge("vectorlog_index_memory_limit_bytes", "Above this, stores are dropped from memory.", limit)

    def _disk(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily as Gauge

        folder, space = self._held.folder, self._held.disk.space()
        databases = Gauge("vectorlog_database_bytes", "Bytes of each database.", labels=("database",))
        for name, path in (("log", folder.log), ("derived", folder.derived), ("blobs", folder.small_blobs)):
            databases.add_metric((name,), sum(map(_size, _with_log(path))))
        yield databases
        yield _gauge("vectorlog_disk_bytes", "Size of the data folder's disk.", space.total)
        yield _gauge("vectorlog_disk_free_bytes", "What is free on it, without the ballast.", space.free)
        yield _gauge("vectorlog_disk_reserve_bytes", "What of it is kept for deletes and the log.", space.reserve)
        yield _gauge("vectorlog_disk_full", "1 if nothing may grow until something is deleted.", float(space.full))


def _build() -> Metric:
    from prometheus_client.core import GaugeMetricFamily as Gauge

    info = Gauge("vectorlog_build_info", "The version that runs; always 1.", labels=("version", "python"))
    info.add_metric((version("vectorlog"), platform.python_version()), 1)
    return info


def _gauge(name: str, description: str, value: float) -> Metric:
    from prometheus_client.core import GaugeMetricFamily as Gauge

    return Gauge(name, description, value=value)


def _with_log(database: Path) -> tuple[Path, Path]:
    """Returns the files of a database: its own and its write-ahead log."""
    return database, database.with_name(f"{database.name}-wal")


def _files(folder: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(folder)]
    except FileNotFoundError:
        return []


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
