"""What Prometheus gets to know of what a server holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from vectorlog.index.embedded.index import LocalIndex
from vectorlog.runtime.local.data_folder import DataFolder
from vectorlog.runtime.local.disk import Disk
from vectorlog.runtime.local.state_metrics import REMEMBERED_S, Held, StateMetrics
from vectorlog.work.queue import Backlog

NOW_MS = 100_000
GB = 1 << 30


class State:
    """What is read, how often, and the time."""

    def __init__(self, folder: Path) -> None:
        self.reads = 0
        self.now = 0.0
        self.free = 10 * GB
        self.waiting = 3
        data = DataFolder(folder)
        self.index = LocalIndex(data.index)
        disk = Disk(data.path, GB, lambda _: (100 * GB, self.free), lambda: self.now)
        held = Held(self.backlogs, lambda: 7, self.index, 5000, data, disk, lambda: NOW_MS)
        self.registry = CollectorRegistry()
        self.registry.register(StateMetrics(held, lambda: self.now))

    def backlogs(self) -> Mapping[str, Backlog]:
        self.reads += 1
        return {"embed": Backlog(self.waiting, 2, 1, NOW_MS - 2500), "work": Backlog(0, 0, 4, None)}

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"vectorlog_{name}", labels)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "data")
    yield state
    state.index.close()


def test_queues(state: State) -> None:
    """Each queue's messages are counted by what they wait for, and the oldest one's age is in seconds."""
    assert state.value("queue_messages", queue="embed", state="waiting") == 3
    assert state.value("queue_messages", queue="embed", state="in_progress") == 2
    assert state.value("queue_messages", queue="work", state="delayed") == 4
    assert state.value("queue_oldest_seconds", queue="embed") == 2.5
    assert state.value("queue_oldest_seconds", queue="work") == 0
    assert state.value("projector_behind") == 7


def test_sizes(state: State) -> None:
    """The index, the databases and the disk have their sizes; a file that is not there yet has none."""
    assert (state.value("index_bytes") or 0) > 1000
    assert state.value("index_memory_limit_bytes") == 5000
    assert state.value("database_bytes", database="log") == 0
    assert state.value("disk_bytes") == 100 * GB
    assert state.value("disk_free_bytes") == 10 * GB
    assert state.value("disk_reserve_bytes") == GB
    assert state.value("disk_full") == 0


def test_full(state: State) -> None:
    """A full disk shows."""
    state.free, state.now = GB // 2, 100.0
    assert state.value("disk_full") == 1


def test_cheap(state: State) -> None:
    """However often it is asked, and by whom, the state is read once in five seconds, and never before."""
    assert state.reads == 0
    for _ in range(100):
        state.value("projector_behind")
    assert state.reads == 1
    state.waiting, state.now = 4, REMEMBERED_S
    assert state.value("queue_messages", queue="embed", state="waiting") == 4
    assert state.reads == 2
