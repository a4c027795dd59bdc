"""Usage by day: what is counted for whom, that the past stays as it was, and that it follows from the log alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import islice, permutations
from typing import Any

import pytest

from tests.support.bench import PROJECT, Bench
from vectorlog.defaults import DAY_MS
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log.decision import AnyDecision
from vectorlog.event_log.event_log import Commit
from vectorlog.operations.rebuild_views import Projection
from vectorlog.use_cases import store_files, uploaded_files, usage, vector_stores
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.usage import UsageQuery
from vectorlog.views import usage_keys
from vectorlog.views.memory import MemoryTable
from vectorlog.views.views import Views

ANN = Actor(Caller("acme", "ann"), "req_1")
BOB = Actor(Caller("acme", "bob"), "req_1")
ALPHA, BETA = len("alpha"), len("beta alpha")


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """Begins at noon, three days before the end of a month."""
    bench.clock.now = int(datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp() * 1000)
    return bench


@pytest.fixture
def first(bench: Bench) -> date:
    return usage.today(bench.deployment)


@pytest.fixture
def stored(bench: Bench, first: date) -> Callable[..., list[int]]:
    """Returns the bytes of each day from the test's first day until now."""

    def stored(of: usage_keys.UsageOf = "stores", actor: Actor = PROJECT, users: set[str] | None = None) -> list[int]:
        days = (usage.today(bench.deployment) - first).days + 1
        query = UsageQuery(of, first, days, None if users is None else frozenset(users))
        return [day.sizes.get(None, 0) for day in usage.report(bench.deployment, actor, query)]

    return stored


def held(bench: Bench, text: str, actor: Actor = PROJECT, store: str = "") -> tuple[str, str]:
    """A completed file in a store."""
    store = store or bench.store(actor)
    file = bench.upload(text, actor)
    bench.attach(store, file, actor)
    bench.pump.settle()
    return store, file


def next_day(bench: Bench, days: int = 1) -> None:
    bench.clock.advance(days * DAY_MS)
    bench.pump.settle()


class TestStores:
    def test_days(self, bench: Bench, stored: Callable[..., list[int]]) -> None:
        """A day has what is held at its end; one without a change has what the day before had, also across months."""
        store, file = held(bench, "alpha")
        next_day(bench, 2)
        held(bench, "beta alpha", store=store)
        next_day(bench, 3)
        store_files.detach(bench.deployment, PROJECT, store, file)
        next_day(bench)
        assert stored() == [ALPHA, ALPHA, ALPHA + BETA, ALPHA + BETA, ALPHA + BETA, BETA, BETA]

    @pytest.mark.parametrize(
        "end",
        [
            lambda bench, store, _: vector_stores.delete(bench.deployment, PROJECT, store),
            lambda bench, store, file: store_files.detach(bench.deployment, PROJECT, store, file),
            lambda bench, _, file: uploaded_files.delete(bench.deployment, PROJECT, file),
        ],
        ids=["store", "file in the store", "upload"],
    )
    def test_deletes_leave_the_past(
        self, bench: Bench, stored: Callable[..., list[int]], end: Callable[[Bench, str, str], None]
    ) -> None:
        """What was held on a day was held, whatever is deleted since, and its work done."""
        store, file = held(bench, "alpha")
        next_day(bench)
        end(bench, store, file)
        bench.pump.settle()
        assert stored() == [ALPHA, 0]
        next_day(bench, 9)
        assert stored() == [ALPHA, *[0] * 10]

    def test_expiry(self, bench: Bench, stored: Callable[..., list[int]]) -> None:
        """An expired store holds nothing, and its deletion later takes nothing away a second time."""
        store, file = held(bench, "alpha", store=bench.store(expires_after_days=1))
        held(bench, "beta alpha")
        bench.clock.advance(DAY_MS)
        bench.pump.sweep()
        bench.pump.settle()
        uploaded_files.delete(bench.deployment, PROJECT, file)
        next_day(bench)
        vector_stores.delete(bench.deployment, PROJECT, store)
        bench.pump.settle()
        assert stored() == [ALPHA + BETA, BETA, BETA]

    def test_ingested_again(self, bench: Bench, stored: Callable[..., list[int]]) -> None:
        """A file that is attached again counts once."""
        store, file = held(bench, "alpha")
        bench.attach(store, file, color="red")
        bench.pump.settle()
        assert stored() == [ALPHA]


class TestFiles:
    def test_days(self, bench: Bench, stored: Callable[..., list[int]]) -> None:
        """Uploads count on the day on which they were made, and their deletion changes nothing."""
        file = bench.upload("alpha")
        next_day(bench)
        bench.upload("beta alpha")
        uploaded_files.delete(bench.deployment, PROJECT, file)
        next_day(bench, 10)
        assert stored("files") == [ALPHA, BETA, *[0] * 10]


class TestTenancy:
    def test_projects(self, bench: Bench, stored: Callable[..., list[int]]) -> None:
        """A project sees nothing of another, even of one whose name begins alike."""
        held(bench, "alpha")
        for name in ("other", "acm", "acme#", "acme#ann", "acme/ann"):
            other = Actor(Caller(name), "req_1")
            assert stored(actor=other) == stored("files", actor=other) == [0]

    def test_end_users(self, bench: Bench, stored: Callable[..., list[int]]) -> None:
        """An end user sees what is theirs; the project sees all, and may ask for some."""
        held(bench, "alpha", ANN)
        held(bench, "beta alpha")
        twin = Actor(Caller("acme", "ann#2026-11"), "req_1")
        held(bench, "alpha alpha", twin)
        assert stored(actor=ANN) == stored("files", actor=ANN) == [ALPHA]
        assert stored(actor=BOB) == [0]
        assert stored(actor=ANN, users={"acme", "ann#2026-11"}) == [0]
        assert stored(users={"ann"}) == [ALPHA]
        assert stored(users={"ann", "acme"}) == [ALPHA + BETA]
        assert stored() == [ALPHA + BETA + len("alpha alpha")]

    def test_by_user(self, bench: Bench, first: date) -> None:
        """Grouped by user, each owner has what is theirs, and the project what it created for itself."""
        held(bench, "alpha", ANN)
        held(bench, "beta alpha")
        [day] = usage.report(bench.deployment, PROJECT, UsageQuery("stores", first, 1, by_user=True))
        assert day.sizes == {"ann": ALPHA, "acme": BETA}
        [day] = usage.report(bench.deployment, ANN, UsageQuery("stores", first, 1, by_user=True))
        assert day.sizes == {"ann": ALPHA}


def decisions(bench: Bench) -> list[AnyDecision]:
    return [bench.deployment.streams.decode(commit) for commit in bench.log.scan()]


def counted(views: Views) -> dict[Any, dict[str, int]]:
    """The rows of usage; sums of zero are left out."""
    rows = {row.key: row.counts for row in views.table.scan() if usage_keys.is_usage(row.key)}
    without_zeros = {key: {day: size for day, size in counts.items() if size} for key, counts in rows.items()}
    return {key: counts for key, counts in without_zeros.items() if counts}


class TestProjection:
    @pytest.fixture
    def history(self, bench: Bench) -> Bench:
        """Two files of an end user in a store, of which one is detached."""
        store, file = held(bench, "alpha", ANN)
        held(bench, "beta alpha", ANN, store)
        store_files.detach(bench.deployment, ANN, store, file)
        bench.pump.settle()
        return bench

    def test_any_order(self, history: Bench) -> None:
        """Commits of a day that are projected twice, late and in any order, count once; also if the store's own commit
        comes last, so that its owner is not known before.
        """
        commits = [each for each in decisions(history) if each.version >= 0]
        expected = counted(history.deployment.views)
        assert expected
        for order in islice(permutations(range(len(commits))), 0, 100_000, 1777):
            views = Views(MemoryTable())
            for place in order:
                views.apply([commits[place]])
                views.apply([commits[place]])
            assert counted(views) == expected

    def test_deleted_in_any_order(self, history: Bench) -> None:
        """Nothing is left of a deleted store, in whatever order its files' commits come."""
        [store] = {
            each.stream for each in decisions(history) if each.stream.startswith("vs_") and "/" not in each.stream
        }
        next_day(history)
        vector_stores.delete(history.deployment, ANN, store)
        commits = decisions(history)
        for order in islice(permutations(range(len(commits))), 0, 1_000_000, 17_771):
            views = Views(MemoryTable())
            for place in order:
                views.apply([commits[place]])
            sizes = {key: sum(days.values()) for key, days in counted(views).items() if key.sk.startswith("stores")}
            assert not any(sizes.values()), sizes

    @pytest.mark.parametrize(
        "order",
        [
            lambda _: 0,
            lambda commit: (commit.stream, commit.version),
            lambda commit: ("/" not in commit.stream, commit.stream, commit.version),
        ],
        ids=["as written", "by stream", "files first"],
    )
    def test_rebuilt(self, history: Bench, order: Callable[[Commit], Any]) -> None:
        """A rebuild has the same usage, and repeating it changes nothing; SQLite's log is read in its order, and
        DynamoDB's by stream.
        """
        next_day(history)
        for store, _ in [held(history, "alpha", BOB), held(history, "alpha", ANN)][:1]:
            next_day(history)
            vector_stores.delete(history.deployment, BOB, store)
        history.pump.settle()
        views = Views(MemoryTable())
        for _ in range(2):
            projection = Projection(history.deployment.streams, lambda *steps: [step() for step in steps])
            projection.take(sorted(history.log.scan(), key=order), views)
            projection.apply_work(views)
            assert counted(views) == counted(history.deployment.views)


def test_many_days(bench: Bench, first: date) -> None:
    """A report of a month reads a row for each month with changes, not for each day or file."""
    store = bench.store()
    for _ in range(20):
        held(bench, "alpha", store=store)
        next_day(bench)
    pk, after, before = usage_keys.of_project("stores", "acme", "1970-01", "2099-12")
    rows = bench.deployment.views.table.query(pk, after=after, before=before)
    assert len(rows) == 2  # November and December, of one store
    days = usage.report(bench.deployment, PROJECT, UsageQuery("stores", first + timedelta(days=10), 10))
    assert [day.sizes[None] for day in days] == [ALPHA * number for number in range(11, 21)]
