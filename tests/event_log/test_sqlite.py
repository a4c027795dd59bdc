"""The event log in SQLite: its feed, its group commits, and its content after a kill."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.commits_on_disk import SYNCED, commits
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.sqlite import SQLiteEventLog


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SQLiteEventLog]:
    made = SQLiteEventLog(tmp_path / "events.db")
    yield made
    made.close()


def commit(stream: str, version: int = 0) -> Commit:
    return Commit(stream, version, uuid4().hex, "[]", "{}", 0, "{}")


class TestFeed:
    def test_order(self, log: SQLiteEventLog) -> None:
        """The feed returns every commit once, in the order of appending, in pages of any size."""
        commits = [commit(f"vs_{number % 3}", number // 3) for number in range(20)]
        for start in range(0, 20, 4):
            log.append(commits[start : start + 4])
        fed, position = [], 0
        while page := log.after(position, 7):
            assert len(page) <= 7
            position = page[-1].position
            fed += page
        assert [each.commit for each in fed] == commits
        assert [each.position for each in fed] == sorted({each.position for each in fed})

    def test_blocked_commits_are_not_fed(self, log: SQLiteEventLog) -> None:
        """The feed has only stored commits, and a repeated append is not in it again."""
        mine = commit("vs_1")
        log.append([mine])
        log.append([mine])
        log.append([commit("vs_1"), behind := commit("vs_2")])
        assert [fed.commit for fed in log.after(0, 10)] == [mine, behind]

    def test_nothing_is_skipped(self, log: SQLiteEventLog) -> None:
        """A follower that reads while many append misses nothing: no commit appears behind its position."""
        done = threading.Event()

        def follow() -> list[str]:
            fed: list[str] = []
            position = 0
            while True:
                last = done.is_set()
                while page := log.after(position, 50):
                    position = page[-1].position
                    fed += [each.commit.id for each in page]
                if last:
                    return fed

        with ThreadPoolExecutor(9) as pool:
            follower = pool.submit(follow)
            appended = pool.map(
                lambda writer: [log.append([commit(f"vs_{writer}", each)])[0].id for each in range(20)], range(8)
            )
            ids = [each for of_one in appended for each in of_one]
            done.set()
            assert sorted(follower.result()) == sorted(ids)

    def test_wait(self, log: SQLiteEventLog) -> None:
        """An append wakes a waiting reader, a reader that is behind does not wait, and a timeout is reported."""
        assert not log.wait(0, 0)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(log.wait, 0, 30)
            log.append([commit("vs_1")])
            assert waiting.result(timeout=10)
        assert log.wait(0, 0)
        end = log.after(0, 10)[-1].position
        assert not log.wait(end, 0)

    def test_positions_go_on(self, tmp_path: Path) -> None:
        """A follower's position survives a restart."""
        log = SQLiteEventLog(tmp_path / "events.db")
        log.append([commit("vs_1"), commit("vs_2")])
        position = log.after(0, 10)[-1].position
        log.close()
        log = SQLiteEventLog(tmp_path / "events.db")
        assert not log.wait(position, 0)
        log.append([third := commit("vs_3")])
        assert log.wait(position, 0)
        assert [fed.commit for fed in log.after(position, 10)] == [third]
        log.close()


def test_appends_share_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand appends by fifty threads take far fewer commits, and so far fewer fsyncs, where one takes 2 ms."""
    statements: list[str] = []
    connect = sqlite3.connect

    def trace(statement: str) -> None:
        statements.append(statement)
        if statement == "COMMIT":
            time.sleep(0.002)

    def traced(*arguments: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)  # type: ignore[call-overload]  # as it was called
        connection.set_trace_callback(trace)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    log = SQLiteEventLog(tmp_path / "events.db")
    with ThreadPoolExecutor(50) as pool:
        list(pool.map(lambda writer: [log.append([commit(f"vs_{writer}", each)]) for each in range(20)], range(50)))
    assert len(list(log.scan())) == 1000
    assert 1 <= statements.count("COMMIT") < 500
    log.close()


def test_on_disk(tmp_path: Path) -> None:
    """An append that has returned is on disk: a power cut loses nothing that was answered."""
    with commits() as found:
        log = SQLiteEventLog(tmp_path / "log.db")
        log.append([commit("vs_1"), commit("vs_2")])
        log.close()
    assert found == {"log.db": {SYNCED}}


WRITER = """
import sys, uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.sqlite import SQLiteEventLog

log, lock = SQLiteEventLog(Path(sys.argv[1])), Lock()

def write(writer):
    for version in range(1_000_000):
        log.append([Commit(f"vs_{writer}", version, uuid.uuid4().hex, "[]", "{}", 0, "{}")])
        with lock:
            print(f"vs_{writer} {version}", flush=True)

with ThreadPoolExecutor(4) as pool:
    list(pool.map(write, range(4)))
"""


def test_killed(tmp_path: Path) -> None:
    """Commits that a process saw acknowledged survive its kill, streams have no gaps, and appends continue."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "events.db")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    acknowledged = [process.stdout.readline().split() for _ in range(200)]
    process.kill()
    acknowledged += [line.split() for line in process.stdout.read().splitlines()[:-1]]
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    log = SQLiteEventLog(tmp_path / "events.db")
    there = {(each.stream, each.version) for each in log.scan()}
    assert {(stream, int(version)) for stream, version in acknowledged} <= there
    for stream in {stream for stream, _ in there}:
        versions = [each.version for each in log.read(stream, limit=100_000)]
        assert versions == list(range(len(versions)))
        assert log.append([mine := commit(stream, len(versions))]) == [mine]
    log.close()
