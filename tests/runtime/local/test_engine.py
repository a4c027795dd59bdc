"""The engine's steps, one at a time and without its threads: what it received comes back, whatever fails half-way."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.bench import DAY_MS, PROJECT, Bench
from tests.support.stubs import Inline, StubEmbedder, StubReader
from tests.support.told import Told
from vectorlog.ingest.deliveries import Deliveries
from vectorlog.ingest.document import Document, GiveWay, ReaderUnavailable, never
from vectorlog.ingest.ingester import Ingester
from vectorlog.reactions.sweep import sweep
from vectorlog.runtime.local import checkpoint, uptime
from vectorlog.runtime.local.checkpoint import Checkpoint
from vectorlog.runtime.local.engine import GIVE_UP_AFTER, Engine, Ingesters, Queues
from vectorlog.runtime.local.lender import LENT_MS
from vectorlog.runtime.local.uptime import Uptime
from vectorlog.use_cases import store_files
from vectorlog.work.messages import PurgeStore, Replay, outgoing
from vectorlog.work.queue import Outgoing
from vectorlog.work.sqlite import SQLiteQueue

HOUR_MS = 3_600_000


class Reader(StubReader):
    """A reader that the host can take away; `unavailable` says why."""

    unavailable = ""

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
        if self.unavailable:
            raise ReaderUnavailable(self.unavailable)
        return super().read(path, filename, max_tokens, overlap, give_way, by_windows=by_windows)


class Workshop:
    """A bench whose work the engine does, step by step."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        for statement in (*checkpoint.SCHEMA, *uptime.SCHEMA):
            bench.derived.write(lambda connection, each=statement: connection.execute(each).rowcount)  # type: ignore[misc]  # the loop's value
        self.queues = Queues(*(SQLiteQueue(bench.derived, name, bench.clock) for name in ("work", "embed", "slow")))
        self.checkpoint = Checkpoint(bench.derived, "projector")
        self.reader = Reader()
        self.engine = self.started()

    def started(self) -> Engine:
        """An engine as a new process makes it."""
        up = Uptime(self.bench.derived, self.bench.clock)
        self.bench.deployment = replace(self.bench.deployment, worked=up.worked)
        ingester = Ingester(self.bench.deployment, self.reader, Inline())
        engine = Engine(
            self.bench.deployment, self.bench.log, self.checkpoint, up, self.queues, Ingesters(*[ingester] * 3)
        )
        engine.prepare()
        return engine

    def project(self) -> None:
        self.engine.project_step(0)

    def ingest(self) -> None:
        self.engine.main_lane.step(0)

    def attached(self, text: str = "text") -> tuple[str, str]:
        """A file whose ingest is on the queue."""
        store, file = self.bench.store(), self.bench.upload(text)
        self.bench.attach(store, file)
        self.project()
        return store, file

    def sweep(self) -> int:
        """Sweeps once; returns the number of rows that were handled."""
        return sweep(self.bench.deployment, self.engine.projector)

    def later(self, ms: int) -> None:
        """Lets time pass, with the heartbeat that a running engine has."""
        step = LENT_MS // 2 if ms <= 10 * LENT_MS else LENT_MS
        for _ in range(ms // step):
            self.bench.clock.advance(step)
            self.engine.beat_step()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    bench = Bench(tmp_path)
    yield Workshop(bench)
    bench.close()


def no_room(*_: object) -> None:
    """Fails as a write does on a full disk."""
    raise OSError(errno.ENOSPC, "No space left on device")


def no_memory(*_: object) -> None:
    """Fails as anything does without memory."""
    raise MemoryError


def fail_once(monkeypatch: pytest.MonkeyPatch, queue: SQLiteQueue, method: str, times: int = 1) -> None:
    """Lets a queue's next calls of a method fail as on a full disk."""
    real, left = getattr(queue, method), [times]

    def failing(*given: object, **named: object) -> object:
        if left[0]:
            left[0] -= 1
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorname = "SQLITE_FULL"
            raise error
        return real(*given, **named)

    monkeypatch.setattr(queue, method, failing)


class TestProjector:
    def test_the_checkpoint_is_last(self, shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        """A page whose projection fails is read again: the checkpoint has not passed it."""
        store, file = shop.bench.store(), shop.bench.upload("text")
        shop.bench.attach(store, file)
        with monkeypatch.context() as patch:
            patch.setattr(shop.engine.projector, "handle", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                shop.project()
        assert shop.checkpoint.read() == 0
        shop.project()
        assert shop.queues.embed.depth() == 1
        assert shop.checkpoint.read() > 0

    def test_a_checkpoint_that_fails(self, shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        """If the checkpoint cannot be written, the page is handled again, and nothing is doubled for the user."""
        store, file = shop.bench.store(), shop.bench.upload("text")
        shop.bench.attach(store, file)
        with monkeypatch.context() as patch:
            patch.setattr(shop.checkpoint, "write", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                shop.project()
        shop.project()
        shop.ingest()
        shop.project()
        assert shop.bench.find(store, "text") == [file]


class TestWork:
    def test_done_is_acknowledged(self, shop: Workshop) -> None:
        """Work that succeeded is gone from the queue."""
        shop.queues.work.send([outgoing(Replay("vs_1"), "vs_1")])
        shop.engine.work_step(0)
        assert shop.queues.work.depth() == 0

    def test_failed_is_kept(self, shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        """Work that failed is not acknowledged: it comes again, after a wait that grows."""
        shop.queues.work.send([outgoing(Replay("vs_1"), "vs_1")])
        with monkeypatch.context() as patch:
            patch.setattr(shop.engine.projector, "handle", lambda *_, **__: 1 / 0)
            patch.setattr(shop.bench.log, "read", lambda *_: 1 / 0)
            shop.engine.work_step(0)
        assert shop.queues.work.depth() == 1
        shop.engine.work_step(0)
        assert shop.queues.work.depth() == 1  # its wait is not over
        shop.bench.clock.advance(1_000)
        shop.engine.work_step(0)
        assert shop.queues.work.depth() == 0

    @pytest.mark.parametrize("fails", ["acknowledge", "release"])
    def test_giving_back_fails(self, shop: Workshop, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
        """A message that can be neither acknowledged nor given back, on a full disk, comes back within a minute."""
        body = outgoing(PurgeStore("vs_1", again=False), "vs_1") if fails == "acknowledge" else Outgoing("no JSON", "p")
        shop.queues.work.send([body])
        fail_once(monkeypatch, shop.queues.work, fails)
        with pytest.raises(sqlite3.OperationalError):
            shop.engine.work_step(0)
        shop.later(LENT_MS)
        assert len(shop.queues.work.receive(1, 1)) == 1


class TestIngest:
    def test_done_is_acknowledged(self, shop: Workshop) -> None:
        """A file that was ingested serves, and its message is gone."""
        store, file = shop.attached()
        shop.ingest()
        assert shop.bench.status(store, file) == "completed"
        assert shop.queues.embed.depth() == 0

    def test_every_file_comes_back(self, shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        """Files that failed on a full disk, and whose messages could not be given back, are ingested once there is
        room: none of the batch stays with a worker that has forgotten it.
        """
        files = [shop.attached(f"text {number}") for number in range(5)]
        with monkeypatch.context() as patch:
            patch.setattr(shop.bench.blobs, "put", no_room)
            fail_once(patch, shop.queues.embed, "release", times=3)
            shop.ingest()
        assert shop.queues.embed.depth() == 5
        shop.later(LENT_MS)
        shop.ingest()
        assert {shop.bench.status(*each) for each in files} == {"completed"}
        assert shop.queues.embed.depth() == 0

    def test_whatever_fails(self, shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        """A batch whose handling breaks off before anything is given back, for want of memory, comes back whole."""
        files = [shop.attached(f"text {number}") for number in range(3)]
        with monkeypatch.context() as patch:
            patch.setattr(Deliveries, "take", no_memory)
            with pytest.raises(MemoryError):
                shop.ingest()
        shop.ingest()
        assert {shop.bench.status(*each) for each in files} == {"in_progress"}  # nobody else gets it too early
        shop.later(LENT_MS)
        shop.ingest()
        assert {shop.bench.status(*each) for each in files} == {"completed"}

    def test_acknowledging_fails(self, shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        """A batch that was ingested and could not be acknowledged comes back, and is acknowledged then."""
        store, file = shop.attached()
        fail_once(monkeypatch, shop.queues.embed, "acknowledge")
        with pytest.raises(sqlite3.OperationalError):
            shop.ingest()
        shop.later(LENT_MS)
        shop.ingest()
        assert shop.queues.embed.depth() == 0
        assert shop.bench.find(store, "text") == [file]

    def test_a_loan_is_renewed(self, shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file that takes ten minutes stays with its worker: nobody else gets it meanwhile."""
        store, file = shop.attached()
        seen: list[int] = []

        def read(*_: object, **__: object) -> Document:
            shop.later(10 * LENT_MS)
            seen.append(len(shop.queues.embed.receive(1, 1)))
            return Document("text", (), ())

        monkeypatch.setattr(shop.reader, "read", read)
        shop.ingest()
        assert seen == [0]
        assert shop.bench.status(store, file) == "completed"

    def test_a_process_that_dies(self, shop: Workshop) -> None:
        """What a process held when it was killed is there for the next one at once."""
        store, file = shop.attached()
        assert len(shop.queues.embed.receive(16, LENT_MS)) == 1
        shop.engine = shop.started()
        shop.ingest()
        assert shop.bench.status(store, file) == "completed"

    def test_a_stop_in_the_middle(self, shop: Workshop) -> None:
        """A file that is not finished when the server stops goes back to the queue, and is finished by the next."""
        store, file = shop.attached()
        shop.engine.stop(0)
        shop.ingest()
        assert shop.bench.status(store, file) == "in_progress"
        shop.engine = shop.started()
        shop.ingest()
        assert shop.bench.status(store, file) == "completed"

    def test_a_file_that_always_fails(self, shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        """A fault of ours fails a file after some tries, with a sentence."""
        store, file = shop.attached()
        monkeypatch.setattr(shop.reader, "read", lambda *_, **__: 1 / 0)
        for _ in range(GIVE_UP_AFTER):
            assert shop.bench.status(store, file) == "in_progress"
            shop.ingest()
            shop.later(LENT_MS)
        assert shop.bench.status(store, file) == "failed"
        assert shop.queues.embed.depth() == 0

    def test_it_pauses_below_the_reserve(self, shop: Workshop) -> None:
        """While only the reserve is left on the disk, files wait in the queue, and count no try."""
        store, file = shop.attached()
        full = replace(shop.engine.main_lane, paused=lambda: True)
        full.step(0)
        assert [receives for _, receives, *_ in shop.queues.embed.peek()] == [0]
        shop.ingest()
        assert shop.bench.status(store, file) == "completed"

    def test_a_full_disk_fails_no_file(self, shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        """However long the disk is full, the files wait, and are ingested when there is room."""
        store, file = shop.attached()
        with monkeypatch.context() as patch:
            patch.setattr(shop.bench.blobs, "put", no_room)
            for _ in range(3 * GIVE_UP_AFTER):
                shop.ingest()
                shop.later(LENT_MS)
        shop.ingest()
        assert shop.bench.status(store, file) == "completed"


class TestHost:
    def test_a_reader_that_the_host_took_away(self, shop: Workshop, told: Told) -> None:
        """Files wait for a reader that cannot start, without being failed; it is said once, with the remedy."""
        files = [shop.attached(f"text {number}") for number in range(3)]
        shop.reader.unavailable = "no reader can be started; raise `ulimit -v`"
        for _ in range(3 * GIVE_UP_AFTER):
            shop.ingest()
            shop.later(LENT_MS)
        assert {shop.bench.status(*each) for each in files} == {"in_progress"}
        assert [line["reason"] for line in told.lines("host_refused")] == [shop.reader.unavailable]
        assert [line for line in told.lines("file_postponed") if line["level"] != "DEBUG"] == []
        shop.reader.unavailable = ""
        shop.ingest()
        assert {shop.bench.status(*each) for each in files} == {"completed"}

    def test_until_the_deadline(self, shop: Workshop) -> None:
        """After a day the file fails, and its sentence names the cause and the remedy, not the file."""
        store, file = shop.attached()
        shop.reader.unavailable = "no reader can be started; raise `ulimit -v`"
        for _ in range(24 * 3):
            shop.ingest()
            shop.later(HOUR_MS // 3)
            shop.sweep()
        failure = store_files.get(shop.bench.deployment, PROJECT, store, file).state.failure
        assert failure is not None
        assert failure.code == "server_error"
        assert "raise `ulimit -v`" in failure.message


class TestTimeOff:
    """A deadline counts the time in which work was possible (docs/promises.md, promise 1)."""

    def test_off_for_days(self, shop: Workshop) -> None:
        """A file that waited while the server was off for three days is ingested after it, not failed."""
        store, file = shop.attached()
        shop.later(HOUR_MS)
        shop.bench.clock.advance(3 * DAY_MS)
        shop.engine = shop.started()
        shop.sweep()
        assert shop.bench.status(store, file) == "in_progress"
        shop.ingest()
        assert shop.bench.status(store, file) == "completed"

    def test_the_rest_of_the_day(self, shop: Workshop) -> None:
        """It has what was left of its day, and then it fails; the sweep does not look at it before."""
        store, file = shop.attached()
        shop.later(20 * HOUR_MS)
        shop.bench.clock.advance(3 * DAY_MS)
        shop.engine = shop.started()
        shop.sweep()
        assert shop.sweep() == 0
        shop.later(3 * HOUR_MS)
        shop.sweep()
        assert shop.bench.status(store, file) == "in_progress"
        shop.later(2 * HOUR_MS)
        shop.sweep()
        assert shop.bench.status(store, file) == "failed"

    def test_while_it_is_read(self, shop: Workshop) -> None:
        """A file whose number of chunks is known already, which its row does not show, is put off too."""
        store, file = shop.attached()
        StubEmbedder.throttled = True
        shop.ingest()
        StubEmbedder.throttled = False
        shop.bench.clock.advance(3 * DAY_MS)
        shop.engine = shop.started()
        assert shop.sweep() == 1
        assert shop.sweep() == 0
        shop.ingest()
        assert shop.bench.status(store, file) == "completed"

    def test_the_clock_goes_back(self, shop: Workshop) -> None:
        """A clock that is set back gives files more time by that step, and no file waits for ever."""
        store, file = shop.attached()
        shop.later(HOUR_MS)
        shop.bench.clock.advance(-2 * HOUR_MS)
        shop.engine.beat_step()
        shop.later(26 * HOUR_MS)
        shop.sweep()
        assert shop.bench.status(store, file) == "failed"

    def test_the_clock_goes_forward(self, shop: Workshop) -> None:
        """A clock that jumps two days ahead, and back, fails no file; each ends those two days later at the latest."""
        store, file = shop.attached()
        shop.bench.clock.advance(2 * DAY_MS)
        shop.engine.beat_step()
        shop.sweep()
        assert shop.bench.status(store, file) == "in_progress"
        shop.bench.clock.advance(-2 * DAY_MS)
        shop.engine.beat_step()
        shop.later(23 * HOUR_MS)
        shop.sweep()
        assert shop.bench.status(store, file) == "in_progress"
        shop.later(2 * DAY_MS + 2 * HOUR_MS)
        shop.sweep()
        assert shop.bench.status(store, file) == "failed"
