"""The promises of every event log."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, cast
from uuid import uuid4

import pytest

from tests.simulation.dynamodb import DynamoDB
from tests.support import dynamodb_local, moto_aws
from vectorlog.event_log.dynamodb import DynamoDBEventLog
from vectorlog.event_log.event_log import COMMIT_BYTES, Commit, CommitTooLarge, EventLog
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.runtime.aws import tables

BIG = "x" * COMMIT_BYTES
MANY_COMMITS = ("test_one_winner", "test_scan", "test_many_streams_at_once", "test_erase_of_a_long_stream")


@contextmanager
def sqlite(folder: Path) -> Iterator[EventLog]:
    log = SQLiteEventLog(folder / "events.db")
    yield log
    log.close()


@contextmanager
def moto(_: Path) -> Iterator[EventLog]:
    with moto_aws.aws():
        moto_aws.dynamodb().create_table(**tables.events("events"))
        log = DynamoDBEventLog(moto_aws.dynamodb(), "events")
        yield log
        log.close()


@contextmanager
def dynamodb(_: Path) -> Iterator[EventLog]:
    with dynamodb_local.table(tables.events) as name:
        log = DynamoDBEventLog(dynamodb_local.client(), name)
        yield log
        log.close()


@contextmanager
def simulated(_: Path) -> Iterator[EventLog]:
    """The adapter of DynamoDB over the simulation's rules of DynamoDB."""
    log = DynamoDBEventLog(cast(Any, DynamoDB(Random(1))), "events")
    yield log
    log.close()


@pytest.fixture(
    params=[sqlite, moto, simulated, pytest.param(dynamodb, marks=pytest.mark.aws)],
    ids=lambda adapter: adapter.__name__,
)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLog]:
    if request.param is moto:
        moto_aws.spared(request.node.originalname, MANY_COMMITS)
    with request.param(tmp_path) as made:
        yield made


def commit(
    stream: str = "vs_1", version: int = 0, *, events: str = "[]", state: str = "{}", meta: str = "{}"
) -> Commit:
    return Commit(stream, version, uuid4().hex, events, state, 1_700_000_000_000 + version, meta)


def stream_of(length: int, stream: str = "vs_1") -> list[Commit]:
    return [commit(stream, version) for version in range(length)]


class TestEventLog:
    def test_empty(self, log: EventLog) -> None:
        """A stream without commits is empty, not an error."""
        assert log.load("vs_1") is None
        assert log.read("vs_1") == []
        assert log.load_many(["vs_1"]) == {}
        assert list(log.scan()) == []

    def test_append_of_nothing(self, log: EventLog) -> None:
        """A decision that is already true appends nothing."""
        assert log.append([]) == []
        assert list(log.scan()) == []

    def test_load_what_was_appended(self, log: EventLog) -> None:
        """Every field comes back as it was written, including text in any script."""
        made = Commit("vs_1/file-1", 0, "c0", '[{"a":"é 漢 \U0001f600"}]', '{"s":1}', 1_700_000_000_123, '{"by":"ünï"}')
        assert log.append([made]) == [made]
        assert log.load("vs_1/file-1") == made
        assert log.read("vs_1/file-1") == [made]

    def test_load_is_the_newest(self, log: EventLog) -> None:
        """A load returns the newest commit by number, not by text: 10 comes after 9."""
        commits = stream_of(11)
        for each in commits:
            log.append([each])
        assert log.load("vs_1") == commits[10]

    def test_read_in_order(self, log: EventLog) -> None:
        """A stream is read by version, from any version on, in pages of any size."""
        commits = stream_of(12)
        log.append(list(reversed(commits)))
        assert log.load("vs_1") == commits[11]
        assert log.read("vs_1") == commits
        assert log.read("vs_1", 3, 4) == commits[3:7]
        assert log.read("vs_1", 9) == commits[9:]
        assert log.read("vs_1", 12) == []

    def test_conflict(self, log: EventLog) -> None:
        """Of two commits for one place the first stays; the second is told which one blocks it."""
        mine, yours = commit(), commit()
        log.append([mine])
        assert log.append([yours]) == [mine]
        assert log.read("vs_1") == [mine]

    def test_own_id_is_success(self, log: EventLog) -> None:
        """A repeated append whose first answer was lost is stored once, and says so."""
        mine = commit(events='["x"]')
        log.append([mine])
        assert log.append([mine]) == [mine]
        assert log.read("vs_1") == [mine]

    def test_own_id_further_back(self, log: EventLog) -> None:
        """A repeated append succeeds even if others have appended after it."""
        first, second = stream_of(2)
        log.append([first])
        log.append([second])
        assert log.append([first]) == [first]
        assert log.load("vs_1") == second

    def test_each_stands_alone(self, log: EventLog) -> None:
        """In one append to several streams, a blocked commit does not hold back the others; answers are in the order of
        the request.
        """
        blocking = commit("vs_2")
        log.append([blocking])
        first, blocked, last = commit("vs_1"), commit("vs_2"), commit("vs_3")
        assert log.append([first, blocked, last]) == [first, blocking, last]
        assert log.load_many(["vs_1", "vs_2", "vs_3"]) == {"vs_1": first, "vs_2": blocking, "vs_3": last}

    def test_many_streams_at_once(self, log: EventLog) -> None:
        """One append takes as many streams as a batch needs."""
        commits = [commit(f"vs_1/file-{number}") for number in range(250)]
        assert log.append(commits) == commits
        assert log.load_many([each.stream for each in commits]) == {each.stream: each for each in commits}

    def test_load_many(self, log: EventLog) -> None:
        """Loads the newest commit of each stream; a repeated or missing stream does no harm."""
        log.append([*stream_of(3, "vs_1"), *stream_of(1, "vs_2")])
        found = log.load_many(["vs_2", "vs_1", "vs_0", "vs_2"])
        assert {stream: each.version for stream, each in found.items()} == {"vs_1": 2, "vs_2": 0}
        assert log.load_many([]) == {}

    def test_streams_are_apart(self, log: EventLog) -> None:
        """A stream whose name begins like another one's is independent of it."""
        store, file = commit("vs_1"), commit("vs_1/file-1")
        log.append([store, file])
        assert log.read("vs_1") == [store]
        assert log.load("vs_1/file") is None

    def test_largest(self, log: EventLog) -> None:
        """A commit of `COMMIT_BYTES` is accepted; the limit counts bytes of UTF-8, of events, state and meta
        together.
        """
        text = "é" * (COMMIT_BYTES // 4)
        largest = commit(events=text, state=text[:-1], meta="{}")
        assert largest.size == COMMIT_BYTES
        assert log.append([largest]) == [largest]
        assert log.load("vs_1") == largest

    @pytest.mark.parametrize(
        "big", [commit(events=BIG), commit(state=BIG), commit(meta=BIG)], ids=["events", "state", "meta"]
    )
    def test_too_large(self, log: EventLog, big: Commit) -> None:
        """A commit over the limit is refused before anything of its append is written."""
        with pytest.raises(CommitTooLarge, match="vs_1"):
            log.append([commit("vs_0"), big])
        assert list(log.scan()) == []

    def test_one_winner(self, log: EventLog) -> None:
        """A hundred writers on one stream, each retrying until it succeeds: versions have no gap, and everyone is in
        once.
        """

        def insist(writer: int) -> Commit:
            version = 0
            while True:
                mine = commit(version=version, meta=str(writer))
                [standing] = log.append([mine])
                if standing.id == mine.id:
                    return mine
                newest = log.load("vs_1")
                assert newest is not None  # another writer blocked us
                version = newest.version + 1

        with ThreadPoolExecutor(100) as pool:
            went_in = list(pool.map(insist, range(100)))
        assert log.read("vs_1") == sorted(went_in, key=lambda each: each.version)
        assert [each.version for each in log.read("vs_1")] == list(range(100))

    def test_one_place(self, log: EventLog) -> None:
        """Of many commits for one place exactly one is stored, and all others are told the same one."""
        rivals = [commit() for _ in range(32)]
        with ThreadPoolExecutor(32) as pool:
            standing = {each.id for [each] in pool.map(lambda rival: log.append([rival]), rivals)}
        assert standing == {each.id for each in log.read("vs_1")}
        assert len(standing) == 1

    def test_scan(self, log: EventLog) -> None:
        """A scan returns every commit once, those of one stream in order."""
        commits = [commit(f"vs_{stream}", version) for version in range(40) for stream in range(30)]
        log.append(commits)
        scanned = list(log.scan())
        assert sorted(each.id for each in scanned) == sorted(each.id for each in commits)
        for stream in range(30):
            assert [each.version for each in scanned if each.stream == f"vs_{stream}"] == list(range(40))

    def test_scan_in_sections(self, log: EventLog) -> None:
        """The sections of a scan have every commit once, all commits of a stream are in one of them, in order, and no
        section has all streams.
        """
        commits = [commit(f"vs_{stream}", version) for version in range(3) for stream in range(12)]
        log.append(commits)
        sections = [list(log.scan(section, 4)) for section in range(4)]
        assert sorted(each.id for section in sections for each in section) == sorted(each.id for each in commits)
        for section in sections:
            streams = {each.stream for each in section}
            assert len(streams) < 12
            for stream in streams:
                assert [each.version for each in section if each.stream == stream] == [0, 1, 2]

    def test_erase(self, log: EventLog) -> None:
        """An erasure leaves one commit of a stream's history; later commits and other streams stay."""
        history, other = stream_of(5), stream_of(2, "vs_2")
        log.append([*history, *other])
        log.erase(history[3])
        assert log.read("vs_1") == history[3:]
        assert log.read("vs_1", 0, 1) == [history[3]]
        assert log.load("vs_1") == history[4]
        assert log.read("vs_2") == other
        assert sorted(each.id for each in log.scan()) == sorted(each.id for each in [*history[3:], *other])

    def test_erase_replaces(self, log: EventLog) -> None:
        """The commit that remains may have another content than the one in its place."""
        history = stream_of(2)
        log.append(history)
        cleaned = replace(history[0], events="[1]", state='{"a":1}')
        log.erase(cleaned)
        assert log.read("vs_1") == [cleaned, history[1]]

    def test_erase_again(self, log: EventLog) -> None:
        """An erasure may be repeated, and follow another one of the same stream."""
        history = stream_of(4)
        log.append(history)
        for remains in (history[1], history[1], history[3], history[3]):
            log.erase(remains)
        assert log.read("vs_1") == [history[3]]

    def test_erase_of_a_long_stream(self, log: EventLog) -> None:
        """All older commits go, however many there are."""
        history = stream_of(250)
        log.append(history)
        log.erase(history[-1])
        assert log.read("vs_1") == history[-1:]

    def test_erase_adds_nothing(self, log: EventLog) -> None:
        """Nothing is erased unless the commit that remains is there."""
        history = stream_of(2)
        log.append(history)
        for missing in (commit(version=1), commit(version=2), commit("vs_2")):
            with pytest.raises(ValueError, match=missing.stream):
                log.erase(missing)
        assert log.read("vs_1") == history
        assert log.read("vs_2") == []

    def test_append_after_an_erasure(self, log: EventLog) -> None:
        """A stream goes on where it was; the places of erased commits are never filled by a writer that is late."""
        history = stream_of(3)
        log.append(history)
        log.erase(history[2])
        following = commit(version=3)
        assert log.append([following]) == [following]
        assert log.read("vs_1") == [history[2], following]
