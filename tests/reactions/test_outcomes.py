"""Every file that fails, is given up or postponed leaves its line, with the request that asked for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from tests.support.bench import DAY_MS, Bench, Lost, StubEmbedder
from tests.support.told import Tallied, Told
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log.event_log import Commit
from vectorlog.telemetry.telemetry import Telemetry
from vectorlog.use_cases import file_batches, store_files, uploaded_files
from vectorlog.use_cases.actor import Actor
from vectorlog.work.messages import Ingest, Replay, decode

ASKED = Actor(Caller("acme"), "req_asked")
BATCHED = Actor(Caller("acme"), "req_batched")


@pytest.fixture
def tallied() -> Tallied:
    return Tallied()


@pytest.fixture
def bench(tmp_path: Path, tallied: Tallied) -> Iterator[Bench]:
    """An edition whose counts can be read, and which leaves batches to its workers."""
    made = Bench(tmp_path, telemetry=Telemetry(tallied), inline_files=0)
    yield made
    made.close()


def origins(bench: Bench, stream: str) -> list[tuple[str, str, str]]:
    """Of a stream's commits: the first event's name, who made it, and in which request."""
    found = []
    for commit in bench.log.read(stream):
        meta = json.loads(commit.meta)
        found.append((json.loads(commit.events)[0]["type"], meta["actor"], meta["request"]))
    return found


class TestRequest:
    def test_attach(self, bench: Bench) -> None:
        """Whatever ingests a file names the request that attached it."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file, ASKED)
        bench.pump.settle()
        assert origins(bench, f"{store}/{file}") == [
            ("FileAttached", "acme", "req_asked"),
            ("FileChunked", "ingest", "req_asked"),
            ("FileIngested", "ingest", "req_asked"),
        ]

    def test_batch(self, bench: Bench) -> None:
        """So does what a batch's work does, and the ingests that follow from it."""
        store, file = bench.store(BATCHED), bench.upload("alpha", BATCHED)
        bench.batch(store, [file], BATCHED)
        bench.pump.settle()
        assert origins(bench, f"{store}/{file}") == [
            ("FileAttached", "acme", "req_batched"),
            ("FileChunked", "ingest", "req_batched"),
            ("FileIngested", "ingest", "req_batched"),
        ]

    def test_cancel(self, bench: Bench) -> None:
        """A cancelled batch's files name the request that cancelled it."""
        store, file = bench.store(), bench.upload("alpha")
        batch = bench.batch(store, [file], BATCHED)
        file_batches.cancel(bench.deployment, ASKED, store, batch.id)
        bench.pump.settle()
        assert ("FileCancelled", "acme", "req_asked") in origins(bench, f"{store}/{file}")

    def test_store_with_files(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where only a store was appended of it and its first batch, work appends the batch in the request's name."""
        file, append = bench.upload("alpha"), bench.log.append

        def dying(commits: Sequence[Commit]) -> list[Commit]:
            append(commits[:1])
            raise Lost

        monkeypatch.setattr(bench.log, "append", dying)
        with pytest.raises(Lost):
            bench.store(ASKED, files=(BatchItem(file),))
        monkeypatch.undo()
        bench.pump.settle()
        [batch] = {commit.stream for commit in bench.log.scan() if commit.stream.startswith("vsfb_")}
        [store] = bench.deployment.views.stores_of(file, 10)
        assert origins(bench, batch) == [("FileBatchCreated", "work", "req_asked")]
        assert {request for _, _, request in origins(bench, f"{store}/{file}")} == {"req_asked"}

    def test_deleted_file(self, bench: Bench) -> None:
        """The stores that a deleted file leaves name the request that deleted it."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file, BATCHED)
        bench.pump.settle()
        uploaded_files.delete(bench.deployment, ASKED, file)
        assert origins(bench, f"{store}/{file}")[-1] == ("FileDetached", "acme", "req_asked")

    def test_next_message(self, bench: Bench) -> None:
        """A message that comes again keeps its request."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file, ASKED)
        bench.pump.project()
        StubEmbedder.throttled = True
        bench.pump.ingest_some()
        [waiting] = [decode(body) for body, *_ in bench.pump.embed.peek()]
        assert waiting == Ingest(store, file, 1, refusals=1, request="req_asked", project="acme")


class TestLines:
    def test_unreadable(self, bench: Bench, told: Told, tallied: Tallied) -> None:
        """A file that cannot be read: one line, with everything that finds it, and nothing of what is in it."""
        store, file = bench.store(), bench.upload("damaged secret-words")
        batch = bench.batch(store, [file], ASKED)
        bench.pump.settle()
        [line] = told.lines()
        assert line == {
            "level": "WARNING",
            "event": "file_failed",
            "store": store,
            "file": file,
            "generation": 1,
            "version": 1,
            "batch": batch.id,
            "code": "invalid_file",
            "reason": "The file is damaged. Save it again.",
            "request_id": "req_asked",
            "project": "acme",
        }
        assert tallied.numbers == {("files", "failed", "invalid_file"): 1}
        assert not any("secret-words" in str(vars(record)) for record in told.records)

    def test_reader_dies(self, bench: Bench, told: Told, tallied: Tallied) -> None:
        """A file that kills its reader is tried once more, which is told, and fails the second time."""
        store, file = bench.store(), bench.upload("deadly")
        bench.attach(store, file, ASKED)
        bench.pump.settle()
        assert [(line["event"], line["request_id"]) for line in told.lines()] == [
            ("file_postponed", "req_asked"),
            ("file_failed", "req_asked"),
        ]
        assert told.lines()[1]["code"] == "invalid_file"
        assert "it ran out of memory" in told.lines()[1]["reason"]
        assert tallied.numbers == {("files", "postponed", ""): 1, ("files", "failed", "invalid_file"): 1}

    def test_throttled(self, bench: Bench, told: Told, tallied: Tallied) -> None:
        """A file whose provider is busy is postponed, with the wait; it is completed in the end."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file, ASKED)
        bench.pump.project()
        StubEmbedder.throttled = True
        bench.pump.ingest_some()
        StubEmbedder.throttled = False
        bench.pump.settle()
        [line] = told.lines("file_postponed")
        assert (line["file"], line["wait_ms"], line["reason"]) == (file, 1000, "slow down")
        assert tallied.numbers == {("files", "postponed", ""): 1, ("files", "completed", ""): 1}

    def test_out_of_time(self, bench: Bench, told: Told, tallied: Tallied) -> None:
        """A file that goes on in another call is not postponed: nothing went wrong."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file, ASKED)
        bench.pump.project()
        bench.pump.time_left = lambda: False
        bench.pump.ingest_some()
        bench.pump.time_left = lambda: True
        bench.pump.settle()
        assert told.lines() == []
        assert tallied.numbers == {("files", "completed", ""): 1}

    def test_deadline(self, bench: Bench, told: Told, tallied: Tallied) -> None:
        """A file that the sweep ends is given up and failed, in the name of the request that attached it."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file, ASKED)
        bench.clock.advance(DAY_MS + 1)
        bench.pump.sweep()
        bench.pump.project()
        given_up, failed = told.lines()
        assert (given_up["event"], given_up["level"], given_up["file"]) == ("file_given_up", "ERROR", file)
        assert (failed["event"], failed["level"], failed["code"]) == ("file_failed", "ERROR", "server_error")
        assert given_up["request_id"] == failed["request_id"] == "req_asked"
        assert origins(bench, f"{store}/{file}")[-1] == ("FileFailed", "sweep", "req_asked")
        assert tallied.numbers == {("files", "given_up", ""): 1, ("files", "failed", "server_error"): 1}

    def test_again(self, bench: Bench, told: Told, tallied: Tallied) -> None:
        """A replayed stream tells its failures once more, marked as such, and counts none of them twice."""
        store, file = bench.store(), bench.upload("damaged")
        bench.attach(store, file, ASKED)
        bench.pump.settle()
        bench.pump.projector.send([(store, Replay(f"{store}/{file}"))])
        bench.pump.settle()
        first, second = told.lines("file_failed")
        assert "replayed" not in first
        assert second == {**first, "replayed": True}
        assert tallied.numbers == {("files", "failed", "invalid_file"): 1}

    def test_delivered_twice(self, bench: Bench, told: Told) -> None:
        """Lines of one commit that the feed delivers twice have the same store, file and version."""
        store, file = bench.store(), bench.upload("damaged")
        bench.attach(store, file, ASKED)
        bench.pump.settle()
        bench.pump.position = 0
        bench.pump.project(order=Random(1))
        first, second = told.lines("file_failed")
        assert first == second

    def test_crash_before_the_line(self, bench: Bench, told: Told) -> None:
        """A worker that dies when it has appended the failure takes no line with it: the feed brings it."""
        store, file = bench.store(), bench.upload("damaged")
        bench.attach(store, file, ASKED)
        bench.pump.project()
        bench.pump.ingest_some()
        assert store_files.get(bench.deployment, ASKED, store, file).state.status == "failed"
        assert told.lines() == []
        bench.pump.project()
        assert [line["file"] for line in told.lines()] == [file]
