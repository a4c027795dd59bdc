"""Projecting commits: the rows that it reads, and what remains of a store that was deleted in the meantime."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any, cast

import pytest

from tests.support.bench import PROJECT, Bench, DictIndex
from tests.support.waits import Waits
from vectorlog.defaults import DAY_MS
from vectorlog.deployment import Deployment
from vectorlog.domain import store_file
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.errors import Unavailable
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.store_file import SINGLE, Attach, Event, Failure, Ingested, Placement, State
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log import codec
from vectorlog.event_log.codec import FILE_BATCH, STORE_FILE, VECTOR_STORE
from vectorlog.event_log.decision import Decision
from vectorlog.event_log.optimistic import CONTENTION
from vectorlog.reactions import purge
from vectorlog.use_cases import api_keys, fan_out, file_batches, uploaded_files, vector_stores
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.pages import PageRequest
from vectorlog.views import keys, past_keys
from vectorlog.views.counts import Counts
from vectorlog.views.groups import groups
from vectorlog.views.memory import MemoryTable
from vectorlog.views.table import NO_ROW, WRITE_LIMIT, Key, Put, Row, RowConflict, Write
from vectorlog.views.views import Views


class Reads:
    """A table that records which rows are read."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self.keys: list[Key] = []

    def get(self, wanted: Sequence[Key]) -> dict[Key, Row]:
        self.keys += wanted
        return cast(dict[Key, Row], self._table.get(wanted))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)


class History:
    """Commits of a file in a store that are not projected yet."""

    def __init__(self, bench: Bench) -> None:
        self.store, self.file = bench.store(), bench.upload("some text")
        at = bench.clock()
        self.attach = Attach(at, at, SINGLE, Placement(at), "a.txt", "5a", {}, AUTO)
        self._streams = bench.deployment.streams
        self.key = keys.store_file(self.store, self.file, Placement(at))

    def commit(self, events: Any) -> Decision[State, Event]:
        decision = self._streams.decide(STORE_FILE, store_file_stream(self.store, self.file), events).decision
        assert decision is not None
        return decision


@pytest.fixture
def light(tmp_path: Path) -> Iterator[Bench]:
    """A deployment with an index in memory, for many files."""
    made = Bench(tmp_path, index=DictIndex())
    yield made
    made.close()


@pytest.fixture
def history(bench: Bench) -> History:
    return History(bench)


def test_reads(bench: Bench, history: History) -> None:
    """A projection reads only what it may change: three rows for a new file, two for an ingested file (its own, and the
    store's, which names the owner whose usage changes), and none for a number of chunks.
    """
    table = Reads(bench.deployment.views.table)
    views = Views(cast(Any, table))
    ingested = Ingested(bench.clock(), generation=1, chunks=3, usage_bytes=9, pages=0, revision=1)
    read = []
    for decide in (
        lambda state: store_file.attach(state, history.attach),
        lambda state: store_file.chunked(state, 1, 3),
        lambda state: store_file.ingested(state, ingested),
    ):
        table.keys.clear()
        views.apply([history.commit(decide)])
        read.append(set(table.keys))
    attachment, content = keys.attachment(history.file, history.store), keys.content(history.store, "5a", history.file)
    assert read == [{history.key, attachment, content}, set(), {history.key, keys.store(history.store)}]
    assert views.store_counts(history.store).completed == 1


class Crowded(MemoryTable):
    """A table in which another writer wins a given number of times."""

    rivals = 0

    def write(self, writes: Sequence[Write]) -> None:
        if self.rivals:
            self.rivals -= 1
            raise RowConflict("somebody else was first")
        super().write(writes)


def test_many_rivals(history: History) -> None:
    """A change that other projections get in the way of twenty times is shown in the end, from rows that were read
    anew.
    """
    table, waits = Crowded(), Waits()
    views = Views(table, waits.timing)
    table.rivals = 20
    views.apply([history.commit(lambda state: store_file.attach(state, history.attach))])
    assert views.rows([history.key])
    assert len(waits) == 20


def test_endless_rivals(history: History) -> None:
    """Where they are in the way each time, the request is told so within the deadline, and that its change is kept."""
    table, waits = Crowded(), Waits()
    table.rivals = 1_000_000
    with pytest.raises(Unavailable, match="The change is stored"):
        Views(table, waits.timing).apply([history.commit(lambda state: store_file.attach(state, history.attach))])
    assert waits.now <= CONTENTION.deadline_s


def test_late_commit_of_a_deleted_store(bench: Bench, history: History) -> None:
    """A commit that is projected after a newer one of its file, when the store is deleted, leaves nothing that a purge
    missed.
    """
    views = bench.deployment.views
    attached = history.commit(lambda state: store_file.attach(state, history.attach))
    changed = history.commit(lambda state: store_file.change_attributes(state, bench.clock(), {"year": 1843}))
    views.apply([changed])
    vector_stores.delete(bench.deployment, PROJECT, history.store)
    purge.rows_in(views.table, history.store)
    views.apply([attached])
    views.apply([changed])
    assert not views.rows([history.key])
    assert views.stores_of(history.file, 10) == []
    assert views.table.query(keys.contents(history.store)) == []


def test_any_order(bench: Bench, history: History) -> None:
    """In whatever order a file's commits are projected, once and then again in their own order: it is listed once, at
    its newest place, and counted once. A file that was detached is not listed, and leaves no tombstone in the list.
    """
    again = replace(history.attach, placement=Placement(history.attach.at + 1))
    here = keys.store_file(history.store, history.file, again.placement)
    past = past_keys.past_file(history.store, history.file)
    decisions: list[Callable[[State], Sequence[Event]]] = [
        lambda state: store_file.attach(state, history.attach),
        lambda state: store_file.ingested(state, Ingested(bench.clock(), 1, 3, 9, 0, 1)),
        lambda state: store_file.detach(state, bench.clock(), "detached"),
        lambda state: store_file.attach(state, again),
        lambda state: store_file.fail(state, bench.clock(), 2, Failure("invalid_file", "Broken.")),
        lambda state: store_file.attach(state, again),
        lambda state: store_file.detach(state, bench.clock(), "detached"),
    ]
    *commits, last = [history.commit(decide) for decide in decisions]
    for order in permutations(commits):
        views = Views(MemoryTable())
        for commit in (*order, *commits):
            views.apply([commit])
        assert [row.key for row in views.table.query(keys.store(history.store).pk, prefix=keys.FILES)] == [here]
        assert [row.key for row in views.table.query(past_keys.past(history.store))] == [past]
        assert views.store_counts(history.store) == Counts(in_progress=1)
        assert views.stores_of(history.file, 10) == [history.store]
        assert len(views.table.query(keys.contents(history.store))) == 1
        for commit in (last, *order):
            views.apply([commit])
        assert not views.table.query(keys.store(history.store).pk, prefix=keys.FILES, tombstones=True)
        assert views.store_counts(history.store) == Counts()
        assert views.table.query(keys.contents(history.store)) == []


def test_content_of_a_failed_file(bench: Bench, history: History) -> None:
    """A file that failed does not hold its content, in whatever order its failure and a later change are projected."""
    commits = [
        history.commit(lambda state: store_file.attach(state, history.attach)),
        history.commit(lambda state: store_file.fail(state, bench.clock(), 1, Failure("invalid_file", "Broken."))),
        history.commit(lambda state: store_file.change_attributes(state, bench.clock(), {"n": 1})),
    ]
    for order in permutations(commits):
        views = Views(MemoryTable())
        for commit in order:
            views.apply([commit])
        assert views.table.query(keys.contents(history.store)) == []
        assert views.stores_of(history.file, 10) == [history.store]


def test_batch_behind_its_files(bench: Bench) -> None:
    """A batch's own commit that is projected after those of its files, when the store is deleted, leaves nothing that a
    purge does not find.
    """
    deployment, store = bench.deployment, bench.store()
    batch = bench.batch(store, [bench.upload("alpha")]).id
    vector_stores.delete(deployment, PROJECT, store)
    commits = [deployment.streams.decode(commit) for commit in bench.log.scan()]
    views = Views(MemoryTable())
    for each in commits:
        views.apply([each] if each.stream != batch else [])
    assert views.table.query(keys.batch(batch).pk)
    views.apply([each for each in commits if each.stream == batch])
    purge.rows_in(views.table, store)
    assert views.table.query(keys.batch(batch).pk) == []
    assert views.table.query(keys.batches(store)) == []
    views.apply([each for each in commits if each.stream == batch])
    assert views.table.query(keys.batches(store)) == []


def test_many_leaving_files(bench: Bench) -> None:
    """However many deleted files have yet to leave their stores, lists leave out all of them."""
    table = bench.deployment.views.table
    files = {f"file-{number}" for number in range(1001)}
    for file in files:
        table.write([Put(keys.leaving("acme", file), 1, NO_ROW)])
    assert bench.deployment.views.leaving("acme") == files


def test_reached_only_grows(bench: Bench) -> None:
    """A step of a fan-out that is repeated late does not take back what later steps have recorded."""
    views, store = bench.deployment.views, bench.store()
    views.table.write([Put(keys.open_batch(store, "vsfb_1"), 0, NO_ROW)])
    for files in (100, 200, 100):
        views.note_reached(store, "vsfb_1", files)
    assert views.open_batches(store) == {"vsfb_1": 200}


def test_newest_commit_wins(bench: Bench) -> None:
    """Whichever commit of a stream is projected last, its row shows the stream's newest state: a key stays revoked, a
    batch cancelled, and a store has its last name.
    """
    deployment = replace(bench.deployment, inline_files=0)
    store, file = bench.store(name="first"), bench.upload("alpha")
    batch = file_batches.create(deployment, PROJECT, store, [BatchItem(file)], "file_ids").id
    file_batches.cancel(deployment, PROJECT, store, batch)
    vector_stores.modify(deployment, PROJECT, store, lambda _: ("second", {}, None))
    key, _ = api_keys.create(deployment, "acme", "mine")
    api_keys.revoke(deployment, key.id)
    commits = [deployment.streams.decode(commit) for commit in bench.log.scan()]
    for order in (commits, commits[::-1], [*commits, *commits[::-1]]):
        views = Views(MemoryTable())
        for commit in order:
            views.apply([commit])
        assert [each.state.revoked_at is not None for each in api_keys.list_all(_Only(deployment, views))] == [True]
        rows = views.rows([keys.batch(batch), keys.store(store)])
        assert (
            codec.decode_state(FILE_BATCH, rows[keys.batch(batch)].data)
            == deployment.streams.load(FILE_BATCH, batch).state
        )
        assert (
            codec.decode_state(VECTOR_STORE, rows[keys.store(store)].data)
            == deployment.streams.load(VECTOR_STORE, store).state
        )


class _Only:
    """A deployment's log, with other views."""

    def __init__(self, deployment: Deployment, views: Views) -> None:
        self.streams, self.views, self.clock = deployment.streams, views, deployment.clock


LATE_MS = 7 * DAY_MS
"""Longer than a commit can be delayed: DynamoDB's stream and a queue's replays keep it for some days."""


def test_late_commit_of_a_detached_file(bench: Bench, history: History) -> None:
    """A commit that the feed delivers a week late does not bring a detached file back into its store, although expired
    tombstones are removed meanwhile. What keeps it out stays, and says that the file was in the store.
    """
    views = bench.deployment.views
    attached = history.commit(lambda state: store_file.attach(state, history.attach))
    views.apply([attached])
    views.apply([history.commit(lambda state: store_file.detach(state, bench.clock(), "detached"))])
    bench.clock.advance(LATE_MS)
    views.table.due(bench.clock())
    views.apply([attached])
    assert not views.rows([history.key])
    assert views.stores_of(history.file, 10) == []
    assert views.store_counts(history.store) == Counts()
    bench.clock.advance(2 * DAY_MS)
    views.table.due(bench.clock())
    assert views.stores_ever_of(history.file, 10) == [history.store]


def test_late_commit_of_a_deleted_file(bench: Bench) -> None:
    """Nor does one bring a deleted file back into the list of files."""
    views, file = bench.deployment.views, bench.upload("some text")
    [uploaded] = [bench.deployment.streams.decode(commit) for commit in bench.log.read(file)]
    uploaded_files.delete(bench.deployment, PROJECT, file)
    bench.pump.settle()
    bench.clock.advance(LATE_MS)
    views.table.due(bench.clock())
    views.apply([uploaded])
    assert uploaded_files.list_page(bench.deployment, PROJECT, PageRequest(), None, None).items == ()
    assert views.row(keys.file(file)) is None
    bench.clock.advance(2 * DAY_MS)
    views.table.due(bench.clock())
    assert keys.file(file) not in views.table.get([keys.file(file)])


def test_late_commits_of_a_deleted_store(bench: Bench) -> None:
    """Nor does one bring a deleted store, or anything in it, back."""
    views, store, file = bench.deployment.views, bench.store(), bench.upload("some text")
    batch = bench.batch(store, [file]).id
    bench.pump.settle()
    late = [bench.deployment.streams.decode(commit) for commit in bench.log.scan()]
    vector_stores.delete(bench.deployment, PROJECT, store)
    bench.pump.settle()
    bench.clock.advance(LATE_MS)
    views.table.due(bench.clock())
    bench.pump.settle()
    views.apply([each for each in late if each.stream != file])
    assert vector_stores.list_page(bench.deployment, PROJECT, PageRequest()).items == ()
    assert views.stores_of(file, 10) == []
    assert views.table.query(keys.store(store).pk) == []
    assert views.table.query(keys.batches(store)) == []
    assert views.table.query(keys.batch(batch).pk) == []


@pytest.mark.long
def test_groups(bench: Bench) -> None:
    """Files of a store share a transaction as long as their writes fit, whatever comes between them, and none has too
    many.
    """
    stores = [bench.store(), bench.store()]
    files = [bench.upload(f"alpha {number}") for number in range(120)]
    for store in stores:
        bench.batch(store, files)
    bench.pump.settle()
    commits = [bench.deployment.streams.decode(commit) for commit in bench.log.scan()]
    commits = [each for pair in zip(*(_of(commits, store) for store in stores), strict=True) for each in pair]
    ingested = [each for each in commits if each.version > 0]
    found = list(groups(ingested))
    assert (
        len(found) == 2 * 3
    )  # 49 files and two rows of counts: two writes for each file, none for the number of its chunks
    assert [each for group in found for each in group if each.stream.startswith(stores[0])] == _of(ingested, stores[0])
    fresh = Views(MemoryTable())  # refuses a transaction with too many writes
    fresh.apply(list(reversed(commits)))
    assert [fresh.store_counts(store).completed for store in stores] == [120, 120]


class Transactions(MemoryTable):
    """A table that records the number of writes in each transaction."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def write(self, writes: Sequence[Write]) -> None:
        self.sizes.append(len(writes))
        super().write(writes)


def test_groups_fit(light: Bench) -> None:
    """A group of commits that shares a transaction fits it as it is, without being divided again, whatever is in it:
    files that were attached alone, in a batch of their own, and in many batches, and files that ended.
    """
    ann = Actor(Caller("acme", "ann"), "req_1")  # with an end user, the usage takes a row more
    store = light.store(ann)
    for number in range(40):
        light.attach(store, light.upload(f"alone {number}", ann), ann)
    for number in range(30):
        light.batch(store, [light.upload(f"of its own batch {number}", ann)], ann)
    light.pump.settle()
    for number in range(35):
        light.attach(store, light.upload(f"later {number}", ann), ann)
        if number % 5 == 0:
            light.pump.settle()
    commits = [light.deployment.streams.decode(commit) for commit in light.log.scan()]
    files = [each for each in commits if each.stream.startswith(f"{store}/")]
    table = Transactions()
    views = Views(table)
    views.apply([each for each in commits if each not in files])
    del table.sizes[:]
    views.apply(files)
    assert len(table.sizes) == len(list(groups(files)))
    assert max(table.sizes) == WRITE_LIMIT
    assert views.store_counts(store) == light.deployment.views.store_counts(store)


@pytest.mark.long
@pytest.mark.parametrize("batches", [40, 41, 81])
def test_many_owners(light: Bench, batches: int) -> None:
    """However many batches wait for one file, each of them ends with it, in transactions that fit."""
    deployment = replace(light.deployment, inline_files=0)
    store, file = light.store(), light.upload("alpha")
    waiting = [
        file_batches.create(deployment, PROJECT, store, [BatchItem(file)], "file_ids").id for _ in range(batches)
    ]
    for batch in waiting:
        fan_out.attach_step(deployment, store, batch, 0)
    light.pump.settle()
    assert [light.deployment.views.batch_counts(batch, 1).completed for batch in waiting] == [1] * batches
    assert light.deployment.views.store_counts(store) == Counts(completed=1, usage_bytes=len("alpha"))


def _of(commits: Sequence[Decision[Any, Any]], store: str) -> list[Decision[Any, Any]]:
    """Transactions of files in a store."""
    return [each for each in commits if each.stream.startswith(f"{store}/")]
