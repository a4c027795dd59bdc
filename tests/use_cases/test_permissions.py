"""Permissions beside work and lists: what costs nothing, what holds after a lost answer, and whose list shows what."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.support.bench import DAY_MS, PROJECT, Bench, DictIndex, Lost, keyed
from vectorlog.domain.errors import Expired, Forbidden, Invalid, NotFound
from vectorlog.domain.sharing import MAX_USERS, Held
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log.codec import VECTOR_STORE, decode_state
from vectorlog.operations import rebuild_views
from vectorlog.use_cases import permissions, search, store_files, vector_stores
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.pages import PageRequest
from vectorlog.views import keys
from vectorlog.views.memory import MemoryTable
from vectorlog.views.table import WRITE_LIMIT, Key, Row
from vectorlog.views.views import Views

ANN, BOB = Actor(Caller("acme", "ann"), "req_2"), Actor(Caller("acme", "bob"), "req_3")
PAGE = PageRequest()


@pytest.fixture
def light(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, index=DictIndex())
    yield made
    made.close()


def listed(bench: Bench, actor: Actor, page: PageRequest = PAGE) -> list[str]:
    return [view.id for view in vector_stores.list_page(bench.deployment, actor, page).items]


def places(table: Any) -> set[Key]:
    """The places in lists of stores."""
    return {row.key for row in table.scan() if row.key.pk.startswith(("LIST#store#", "LIST#team#"))}


def test_a_role_is_of_no_use_once_it_is_taken_back(light: Bench) -> None:
    """The next request after a removal is refused, whatever else is done in between."""
    store, file = light.store(ANN), light.upload("alpha", ANN)
    light.attach(store, file, ANN)
    light.pump.settle()
    permissions.grant(light.deployment, ANN, store, "bob", "reader")
    assert light.find(store, "alpha", BOB) == [file]
    with pytest.raises(Forbidden):
        store_files.detach(light.deployment, BOB, store, file)
    permissions.revoke(light.deployment, ANN, store, "bob")
    with pytest.raises(NotFound):
        search.search(light.deployment, BOB, store, search.Search(("alpha",)))
    with pytest.raises(NotFound):
        permissions.revoke(light.deployment, ANN, store, "bob")


def test_what_was_accepted_goes_on(tmp_path: Path) -> None:
    """A batch that a writer created before their role was taken back attaches its files: it was accepted."""
    bench = Bench(tmp_path, index=DictIndex(), inline_files=0)
    store, file = bench.store(ANN), bench.upload("alpha", BOB)
    permissions.grant(bench.deployment, ANN, store, "bob", "writer")
    bench.batch(store, [file], BOB)
    permissions.revoke(bench.deployment, ANN, store, "bob")
    bench.pump.settle()
    assert bench.find(store, "alpha", ANN) == [file]
    bench.close()


def test_expired(light: Bench) -> None:
    """The permissions of an expired store are neither shown nor changed, but it is still in the lists."""
    store = light.store(ANN, expires_after_days=1)
    permissions.grant(light.deployment, ANN, store, "bob", "reader")
    light.clock.advance(2 * DAY_MS)
    for actor in (ANN, BOB, PROJECT):
        with pytest.raises(Expired):
            permissions.list_all(light.deployment, actor, store)
        with pytest.raises(Expired):
            permissions.get(light.deployment, actor, store, "bob")
    with pytest.raises(Expired):
        permissions.grant(light.deployment, ANN, store, "carl", "reader")
    with pytest.raises(Expired):
        permissions.revoke(light.deployment, ANN, store, "bob")
    assert listed(light, BOB) == [store]


def test_repeated_grant(light: Bench) -> None:
    """Under its key a grant has one effect, and its answer is what is held now; after a removal it is a 404."""
    store = light.store(ANN)
    first = keyed("k", "reader", ANN)
    permissions.grant(light.deployment, first, store, "bob", "reader")
    permissions.grant(light.deployment, ANN, store, "bob", "writer")
    assert permissions.grant(light.deployment, first, store, "bob", "reader").held == Held("writer", "grant")
    permissions.revoke(light.deployment, ANN, store, "bob")
    with pytest.raises(NotFound):
        permissions.grant(light.deployment, first, store, "bob", "reader")
    assert listed(light, BOB) == []


@pytest.mark.parametrize("what", ["grant", "revoke"])
def test_answer_lost_between_log_and_rows(light: Bench, what: str) -> None:
    """If the process dies before it writes the lists, the same request, sent again, writes them; and so does any other
    change of the store.
    """
    for again in (True, False):
        store = light.store(ANN)
        if what == "revoke":
            permissions.grant(light.deployment, ANN, store, "bob", "reader")

        def send(store: str = store) -> None:
            if what == "grant":
                permissions.grant(light.deployment, ANN, store, "bob", "reader")
            else:
                permissions.revoke(light.deployment, ANN, store, "bob")

        with light.faults.dying(1, after=True), pytest.raises(Lost):
            send()
        if again and what == "grant":
            send()
        elif again:
            with pytest.raises(NotFound):
                send()
        else:
            vector_stores.modify(light.deployment, ANN, store, lambda _: ("renamed", {}, None))
        assert (store in listed(light, BOB)) == (what == "grant")


def test_any_order_of_commits(light: Bench) -> None:
    """However a store's commits are projected, late, twice or out of order, the lists are those of its newest state."""
    store = light.store(ANN)
    permissions.grant(light.deployment, ANN, store, "bob", "reader")
    permissions.grant(light.deployment, ANN, store, None, "reader")
    permissions.revoke(light.deployment, ANN, store, "bob")
    permissions.grant(light.deployment, ANN, store, "carl", "writer")
    permissions.revoke(light.deployment, ANN, store, None)
    decisions = [light.deployment.streams.decode(commit) for commit in light.log.scan() if commit.stream == store]
    expected = places(light.deployment.views.table)
    assert {key.pk for key in expected} == {"LIST#store#acme", "LIST#store#acme/ann", "LIST#store#acme/carl"}
    for order in permutations(decisions):
        views = Views(MemoryTable())
        for decision in order:
            views.apply([decision])
        views.apply(decisions)
        assert places(views.table) == expected


def test_deleted_store_is_in_no_list(light: Bench) -> None:
    """A deletion removes a store from the lists of everyone that it is shared with, in one transaction."""
    store = light.store(ANN)
    for user in ("bob", "carl", None):
        permissions.grant(light.deployment, ANN, store, user, "reader")
    assert len(places(light.deployment.views.table)) == 5
    vector_stores.delete(light.deployment, ANN, store)
    assert places(light.deployment.views.table) == set()
    assert listed(light, BOB) == []


def test_largest_change_fits_a_transaction(light: Bench) -> None:
    """Even if no commit between was projected, a store's rows change in one transaction: every grant goes, and as many
    others come.
    """
    store = light.store(ANN)
    table = MemoryTable()
    views = Views(table)
    streams = light.deployment.streams
    for number in range(MAX_USERS):
        permissions.grant(light.deployment, ANN, store, f"old{number}", "reader")
    permissions.grant(light.deployment, ANN, store, None, "reader")
    views.apply([streams.decode(commit) for commit in light.log.load_many([store]).values()])
    assert len(places(table)) == MAX_USERS + 3
    permissions.revoke(light.deployment, ANN, store, None)
    for number in range(MAX_USERS):
        permissions.revoke(light.deployment, ANN, store, f"old{number}")
        permissions.grant(light.deployment, ANN, store, f"new{number}", "reader")
    views.apply([streams.decode(commit) for commit in light.log.load_many([store]).values()])
    assert {key.pk for key in places(table)} == {
        "LIST#store#acme",
        "LIST#store#acme/ann",
        *(f"LIST#store#acme/new{number}" for number in range(MAX_USERS)),
    }
    assert 2 * MAX_USERS + 2 <= WRITE_LIMIT


def test_state_stays_small(light: Bench) -> None:
    """What every commit of a store carries of its grants stays below what DynamoDB bills as one unit of a read."""
    store = light.store(ANN)
    for number in range(MAX_USERS):
        permissions.grant(light.deployment, ANN, store, f"{number:04}c0de-0000-4000-8000-000000000000", "writer")
    [commit] = light.log.load_many([store]).values()
    assert len(commit.state.encode()) < 4096
    state = decode_state(VECTOR_STORE, commit.state)
    assert state is not None
    assert len(state.sharing.users) == MAX_USERS


class Counted:
    """A table that counts calls and the rows that queries return."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self.calls = 0
        self.listed = 0

    def query(self, *args: Any, **fields: Any) -> list[Row]:
        self.calls += 1
        rows: list[Row] = self._table.query(*args, **fields)
        self.listed += len(rows)
        return rows

    def get(self, wanted: Any, *, counts: bool = True) -> dict[Key, Row]:
        self.calls += 1
        found: dict[Key, Row] = self._table.get(wanted, counts=counts)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)


def test_pages_read_little(light: Bench) -> None:
    """A page of shared stores reads at most a page of each of the two lists, however many stores the project has."""
    stores = [light.store(ANN) for _ in range(60)]
    for number, store in enumerate(stores):
        if number % 3 == 0:
            permissions.grant(light.deployment, ANN, store, "bob", "reader")
        if number % 4 == 0:
            permissions.grant(light.deployment, ANN, store, None, "reader")
    shown = [store for number, store in enumerate(stores) if number % 3 == 0 or number % 4 == 0]
    counted: Any = Counted(light.deployment.views.table)
    light.deployment.views.table = counted
    assert listed(light, BOB, PageRequest(5, "asc")) == shown[:5]
    assert (counted.calls, counted.listed) == (3, 12)
    assert listed(light, BOB, PageRequest(5, "asc", after=shown[4])) == shown[5:10]


class Loads:
    """A log that records which streams are loaded."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self.loaded: list[str] = []

    def load(self, stream: str) -> Any:
        self.loaded.append(stream)
        return self._log.load(stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


def test_a_check_reads_nothing_more(light: Bench) -> None:
    """To see whether someone may read a store costs no read beside the store's, however many it is shared with."""
    store = light.store(ANN)
    for number in range(30):
        permissions.grant(light.deployment, ANN, store, f"u{number}", "reader")
    permissions.grant(light.deployment, ANN, store, "bob", "reader")
    log: Any = Loads(light.deployment.streams.log)
    light.deployment.streams.log = log
    for actor in (ANN, BOB, PROJECT):
        log.loaded.clear()
        vector_stores.get(light.deployment, actor, store)
        assert log.loaded == [store]


def test_cursors(light: Bench) -> None:
    """A cursor whose store is no longer shared goes on from its place; one that was never in the list is refused."""
    stores = [light.store(ANN) for _ in range(4)]
    never = light.store(ANN)
    for store in stores:
        permissions.grant(light.deployment, ANN, store, "bob", "reader")
    permissions.revoke(light.deployment, ANN, stores[1], "bob")
    vector_stores.delete(light.deployment, ANN, stores[2])
    for cursor in stores[:3]:
        expected = [store for store in (stores[0], stores[3]) if stores.index(store) > stores.index(cursor)]
        assert listed(light, BOB, PageRequest(20, "asc", after=cursor)) == expected
    for actor in (BOB, Actor(Caller("other", "bob"), "req_4")):
        with pytest.raises(Invalid, match="ever in this list"):
            listed(light, actor, PageRequest(after=never))


def test_rebuild(light: Bench) -> None:
    """Rebuilt views have the places of shared stores, and not those of stores that are no longer shared."""
    store, other = light.store(ANN), light.store(ANN)
    permissions.grant(light.deployment, ANN, store, "bob", "reader")
    permissions.grant(light.deployment, ANN, other, None, "reader")
    permissions.revoke(light.deployment, ANN, other, None)
    views = Views(MemoryTable())
    rebuilt = rebuild_views.Projection(light.deployment.streams, lambda *steps: [step() for step in steps])
    rebuilt.take(light.log.scan(), views)
    assert places(views.table) == places(light.deployment.views.table)


def test_lists_of_a_project_named_as_a_user(light: Bench) -> None:
    """An end user with the project's name is no more than any other; nor does one called `team` stand for the team."""
    store = light.store(PROJECT)
    assert listed(light, Actor(Caller("acme", "acme"), "req_4")) == []
    with pytest.raises(Invalid):
        permissions.grant(light.deployment, PROJECT, store, "acme", "reader")
    permissions.grant(light.deployment, PROJECT, store, None, "reader")
    permissions.revoke(light.deployment, PROJECT, store, None)
    assert listed(light, Actor(Caller("acme", "team"), "req_4")) == []
    assert keys.lists_of_stores(Caller("acme", "team")) == ("LIST#store#acme/team", "LIST#team#acme")
