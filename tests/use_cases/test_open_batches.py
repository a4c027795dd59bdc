"""A batch that has not reached all of its files: what counts and lists show meanwhile, and what a page costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.bench import PROJECT, Bench, DictIndex
from vectorlog.domain import store_file, uploaded_file
from vectorlog.domain.errors import NotFound
from vectorlog.domain.manifest import BatchItem
from vectorlog.event_log.codec import STORE_FILE, UPLOADED_FILE
from vectorlog.use_cases import (
    batch_files,
    fan_out,
    file_batches,
    store_files,
    uploaded_files,
    vector_stores,
)
from vectorlog.use_cases.pages import PageRequest
from vectorlog.views import keys
from vectorlog.views.counts import Counts
from vectorlog.views.sqlite import SQLiteTable
from vectorlog.views.table import Key, Row


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Bench]:
    """A deployment that leaves every fan-out to workers."""
    made = Bench(tmp_path, index=DictIndex(), inline_files=0)
    yield made
    made.close()


def counts(bench: Bench, store: str) -> Counts:
    return vector_stores.get(bench.deployment, PROJECT, store).counts


def listed(bench: Bench, store: str, status: str | None = None, limit: int = 2, order: Any = "asc") -> list[str]:
    """Every file of a store, page by page."""
    found: list[str] = []
    after, more = None, True
    while more:
        request = PageRequest(limit, order, after)
        page = store_files.list_page(bench.deployment, PROJECT, store, request, status)
        found += [view.file for view in page.items]
        after, more = page.items[-1].file if page.items else None, page.has_more
    return found


def of_batch(bench: Bench, store: str, batch: str, status: str) -> list[str]:
    page = file_batches.list_files(bench.deployment, PROJECT, store, batch, PageRequest(100), status)
    return [view.file for view in page.items]


def reach(bench: Bench, store: str, batch: str, cursor: int, monkeypatch: pytest.MonkeyPatch, files: int) -> None:
    """The next step of a fan-out, over so many files."""
    monkeypatch.setattr(fan_out, "STEP", files)
    fan_out.attach_step(bench.deployment, store, batch, cursor)


class TestKnownFiles:
    def test_counted_once(self, slow: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """A batch of files that the store has already leaves its total alone, at every moment of the fan-out; the batch
        itself has all of its files in progress, in its counts and in its list.
        """
        store, files = slow.store(), [slow.upload(f"alpha {number}") for number in range(6)]
        slow.batch(store, files[:4])
        slow.pump.settle()
        batch = slow.batch(store, files, n=1).id
        assert counts(slow, store) == Counts(in_progress=2, completed=4, usage_bytes=28, unreached=6, pending=2)
        assert file_batches.get(slow.deployment, PROJECT, store, batch).counts.in_progress == 6
        assert len(of_batch(slow, store, batch, "in_progress")) == 6
        assert listed(slow, store, "in_progress") == files[4:]
        for cursor in range(0, 6, 2):
            reach(slow, store, batch, cursor, monkeypatch, 2)
            seen = counts(slow, store)
            assert seen.total == 6
            assert len(listed(slow, store, "in_progress")) == seen.in_progress
            assert sorted(listed(slow, store)) == sorted(files)
        slow.pump.settle()
        assert counts(slow, store) == Counts(completed=6, usage_bytes=42)

    def test_two_batches_of_the_same_files(self, slow: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """Files that two batches name are counted and listed once, whichever batch reaches them first."""
        store, files = slow.store(), [slow.upload(f"alpha {number}") for number in range(4)]
        slow.batch(store, files)
        second = slow.batch(store, files, n=2).id
        assert counts(slow, store).total == 4
        assert listed(slow, store) == files
        reach(slow, store, second, 0, monkeypatch, 2)
        assert counts(slow, store) == Counts(in_progress=4, unreached=4, pending=2)
        assert listed(slow, store) == files
        slow.pump.settle()
        assert counts(slow, store) == Counts(completed=4, usage_bytes=28)
        views = [store_files.get(slow.deployment, PROJECT, store, file) for file in files]
        assert [view.state.attributes for view in views] == [{"n": 2}] * 4

    def test_cancelled_before_it_is_reached(self, slow: Bench) -> None:
        """Cancelling a batch of known files leaves them, their counts, and what serves as they were."""
        store, files = slow.store(), [slow.upload(f"alpha {number}") for number in range(3)]
        slow.batch(store, files)
        slow.pump.settle()
        before, again = counts(slow, store), slow.batch(store, files, n=1).id
        file_batches.cancel(slow.deployment, PROJECT, store, again)
        slow.pump.settle()
        assert counts(slow, store) == before
        assert file_batches.get(slow.deployment, PROJECT, store, again).counts == Counts(cancelled=3)
        assert sorted(slow.find(store, "alpha")) == sorted(files)


class TestOrder:
    @pytest.mark.parametrize("behind", [1, 1000, 59_000])
    def test_clock_goes_back_after_a_detach(self, slow: Bench, behind: int) -> None:
        """A batch that was requested after a detach was answered attaches the file, whatever the clock said."""
        store, file = slow.store(), slow.upload("alpha")
        slow.attach(store, file)
        slow.pump.settle()
        store_files.detach(slow.deployment, PROJECT, store, file)
        slow.clock.advance(-behind)
        batch = slow.batch(store, [file]).id
        slow.pump.settle()
        assert file_batches.get(slow.deployment, PROJECT, store, batch).counts == Counts(completed=1)
        assert slow.find(store, "alpha") == [file]

    def test_clock_goes_back_after_a_change(self, slow: Bench) -> None:
        """A batch that was requested after a change of attributes was answered sets the attributes that it says."""
        store, file = slow.store(), slow.upload("alpha")
        slow.attach(store, file)
        slow.pump.settle()
        store_files.change_attributes(slow.deployment, PROJECT, store, file, {"n": 1})
        slow.clock.advance(-1000)
        slow.batch(store, [file], n=2)
        slow.pump.settle()
        assert store_files.get(slow.deployment, PROJECT, store, file).state.attributes == {"n": 2}

    def test_a_detach_comes_after_the_batches_before_it(self, slow: Bench) -> None:
        """A file that was detached while a batch had yet to reach it stays out, whatever the clock said."""
        store, file = slow.store(), slow.upload("alpha")
        batch = slow.batch(store, [file]).id
        slow.clock.advance(-1000)
        store_files.detach(slow.deployment, PROJECT, store, file)
        slow.pump.settle()
        with pytest.raises(NotFound):
            store_files.get(slow.deployment, PROJECT, store, file)
        assert file_batches.get(slow.deployment, PROJECT, store, batch).counts == Counts(cancelled=1)


def test_cancelled_after_its_deletion(slow: Bench) -> None:
    """A file that is deleted while a second batch has yet to reach it leaves the store wholly, its content included,
    when that batch is cancelled, although nobody has projected the deletion yet.
    """
    deployment, store, file = slow.deployment, slow.store(), slow.upload("alpha")
    slow.attach(store, file)
    slow.pump.settle()
    batch = slow.batch(store, [file]).id
    deployment.streams.decide(UPLOADED_FILE, file, lambda state: uploaded_file.delete(state, slow.clock()))
    deployment.views.apply([deployment.streams.decode(commit) for commit in slow.log.scan() if commit.stream == file])
    deployment.streams.decide(
        STORE_FILE, f"{store}/{file}", lambda state: store_file.detach(state, slow.clock(), "file_deleted")
    )
    file_batches.cancel(deployment, PROJECT, store, batch)
    assert deployment.views.table.query(keys.contents(store)) == []
    slow.pump.settle()
    assert counts(slow, store) == Counts()


class TestManyBatches:
    @pytest.mark.long
    def test_commits_stay_small(self, slow: Bench) -> None:
        """However many batches name a file, its commits do not grow, and none of the batches reaches it twice."""
        store, file = slow.store(), slow.upload("alpha")
        sizes, batches = [], []
        for _ in range(100):
            batches.append(slow.batch(store, [file]).id)
            slow.pump.settle()
            sizes.append(len(slow.log.load(f"{store}/{file}").state))  # type: ignore[union-attr]  # the stream exists
        assert sizes[-1] <= sizes[70] + 8
        store_files.detach(slow.deployment, PROJECT, store, file)
        for batch in batches:
            fan_out.attach_step(slow.deployment, store, batch, 0)
        with pytest.raises(NotFound):
            store_files.get(slow.deployment, PROJECT, store, file)


class Reads(SQLiteTable):
    """A table that counts the rows that it reads."""

    rows = 0

    def get(self, keys: Sequence[Key]) -> dict[Key, Row]:
        self.rows += len(keys)
        return super().get(keys)

    def query(self, pk: str, **conditions: Any) -> list[Row]:
        found = super().query(pk, **conditions)
        self.rows += len(found)
        return found


@pytest.fixture
def reads(slow: Bench, monkeypatch: pytest.MonkeyPatch) -> Reads:
    table = Reads(slow.derived)
    monkeypatch.setattr(slow.deployment.views, "table", table)
    return table


class TestCost:
    @pytest.mark.long
    @pytest.mark.parametrize("order", ["asc", "desc"])
    @pytest.mark.parametrize("status", [None, "in_progress"])
    def test_a_page_beside_large_batches(
        self, slow: Bench, reads: Reads, monkeypatch: pytest.MonkeyPatch, order: Any, status: str | None
    ) -> None:
        """A page costs as much beside four half-reached batches of a thousand files as beside none: a few rows."""
        store, file = slow.store(), slow.upload("alpha")
        for part in range(4):
            ends = [slow.upload("beta") for _ in range(10)]
            files = [*ends[:5], *(f"file-{part}x{number}" for number in range(990)), *ends[5:]]
            monkeypatch.setattr(batch_files, "check", lambda *_, **__: None)
            batch = file_batches.create(slow.deployment, PROJECT, store, [BatchItem(each) for each in files], "")
            reach(slow, store, batch.id, 0, monkeypatch, 3)
            slow.clock.advance(1)
        slow.attach(store, file)
        reads.rows = 0
        page = store_files.list_page(slow.deployment, PROJECT, store, PageRequest(1, order), status)
        assert page.has_more
        assert reads.rows < 40

    def test_deleted_files(self, slow: Bench, reads: Reads) -> None:
        """A list costs nothing for what was deleted from it."""
        files = [slow.upload("alpha") for _ in range(60)]
        kept, store = files[-1], slow.store()
        for file in files[:-1]:
            slow.attach(store, file)
            uploaded_files.delete(slow.deployment, PROJECT, file)
        slow.attach(store, kept)
        slow.pump.settle()
        tombstones = slow.derived.read().execute("SELECT count(*) FROM views WHERE gone AND sk LIKE 'F#%'").fetchone()
        lists = slow.derived.read().execute("SELECT count(*) FROM views WHERE pk LIKE 'LIST#file%'").fetchone()
        assert (tombstones, lists) == ((0,), (1,))
        reads.rows = 0
        assert listed(slow, store) == [kept]
        assert [
            view.id for view in uploaded_files.list_page(slow.deployment, PROJECT, PageRequest(), None, None).items
        ] == [kept]
        assert reads.rows < 10


def test_pending_page_in_both_orders(slow: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paging through files that batches have reached in part visits each once, in both orders and with any filter."""
    store, files = slow.store(), [slow.upload(f"alpha {number}") for number in range(20)]
    for start in (0, 5, 10):
        batch = slow.batch(store, files[start : start + 5]).id
        reach(slow, store, batch, 0, monkeypatch, 2)
    slow.batch(store, files[15:])
    store_files.detach(slow.deployment, PROJECT, store, files[8])
    expected = [file for file in files if file != files[8]]
    for limit in (1, 3, 100):
        assert listed(slow, store, None, limit) == expected
        assert listed(slow, store, None, limit, "desc") == expected[::-1]
        assert listed(slow, store, "in_progress", limit) == expected
    newest = slow.upload("alpha")
    slow.batch(store, [files[8], newest])
    assert listed(slow, store, None, 1) == [*expected, files[8], newest]
    assert listed(slow, store, "completed") == []


class Overtaken(SQLiteTable):
    """A table beside which a worker finishes a fan-out just before rows of a certain kind are read."""

    def __init__(self, bench: Bench, before: str) -> None:
        super().__init__(bench.derived)
        self._bench = bench
        self._before = before

    def query(self, pk: str, **conditions: Any) -> list[Row]:
        if conditions.get("prefix", "").startswith(self._before):
            self._before = "never again"
            self._bench.pump.settle()
        return super().query(pk, **conditions)


@pytest.mark.parametrize("before", ["open#", "F#"])
def test_reached_while_it_is_looked_for(slow: Bench, monkeypatch: pytest.MonkeyPatch, before: str) -> None:
    """A file that a batch reaches while a request looks for it is shown, by GET and in lists."""
    for look in ("get", "list"):
        store, file = slow.store(), slow.upload("alpha")
        slow.batch(store, [file])
        with monkeypatch.context() as patch:
            patch.setattr(slow.deployment.views, "table", Overtaken(slow, before))
            if look == "get":
                assert store_files.get(slow.deployment, PROJECT, store, file).file == file
            else:
                assert listed(slow, store) == [file]


def test_reached_by_the_older_of_two_batches_while_it_is_looked_for(
    slow: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A GET never shows a file as the newer of two batches will make it while only the older one has reached it."""
    store, file = slow.store(), slow.upload("alpha")
    older, _ = slow.batch(store, [file]), slow.batch(store, [file], n=1)
    views = slow.deployment.views
    open_batches = views.open_batches

    def reached_first(store: str) -> dict[str, int]:
        fan_out.attach_step(slow.deployment, store, older.id, 0)
        fan_out.close_if_reached(slow.deployment, store, older.id)
        return open_batches(store)

    with monkeypatch.context() as patch:
        patch.setattr(views, "open_batches", reached_first)
        assert store_files.get(slow.deployment, PROJECT, store, file).state.attributes == {}
    assert store_files.get(slow.deployment, PROJECT, store, file).state.attributes == {}


@pytest.mark.parametrize("ask", ["detach", "change"])
def test_reached_while_a_command_is_decided(slow: Bench, monkeypatch: pytest.MonkeyPatch, ask: str) -> None:
    """A command on a file that a batch reaches after the command has read the file's stream finds the file."""
    store, file = slow.store(), slow.upload("alpha")
    slow.batch(store, [file])
    views = slow.deployment.views
    count = views.store_counts

    def reached_first(store: str) -> Counts:
        slow.pump.settle()
        return count(store)

    monkeypatch.setattr(views, "store_counts", reached_first)
    if ask == "detach":
        store_files.detach(slow.deployment, PROJECT, store, file)
    else:
        store_files.change_attributes(slow.deployment, PROJECT, store, file, {"n": 1})
