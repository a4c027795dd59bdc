"""Requests that are repeated under their Idempotency-Key after others: one effect, and an answer that is true."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.bench import PROJECT, Bench, keyed
from vectorlog.domain import manifest, store_file
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.errors import KeyReused, NotFound
from vectorlog.domain.filters import Scalar
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.store_file import Event, State
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log.codec import STORE_FILE
from vectorlog.event_log.streams import Outcome
from vectorlog.use_cases import file_batches, manifests, store_files, vector_stores
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.pages import PageRequest
from vectorlog.use_cases.store_files import AttachFile
from vectorlog.use_cases.vector_stores import CreateStore


def store_file_change(bench: Bench, store: str, file: str, attributes: dict[str, Scalar]) -> Outcome[State, Event]:
    """A change of attributes that is appended and not projected."""
    return bench.deployment.streams.decide(
        STORE_FILE,
        store_file_stream(store, file),
        lambda state: store_file.change_attributes(state, bench.clock(), attributes),
    )


class TestNothingToDecide:
    """A request that changed nothing is remembered like any other."""

    def test_attributes(self, bench: Bench) -> None:
        """Attributes that were set to what they were: the repeat does not undo a newer value."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file, n=1)

        def change(n: int, key: str) -> object:
            actor = keyed(key, str(n))
            return store_files.change_attributes(bench.deployment, actor, store, file, {"n": n}).state.attributes

        assert change(1, "a") == {"n": 1}
        assert change(2, "b") == {"n": 2}
        assert change(1, "a") == {"n": 2}
        with pytest.raises(KeyReused):
            change(3, "a")
        bench.pump.settle()
        assert bench.status(store, file) == "completed"

    def test_modify(self, bench: Bench) -> None:
        """A store that was given the name it had: the repeat does not undo a newer name."""
        store = bench.store(name="one")

        def name(value: str, key: str) -> str | None:
            actor = keyed(key, value)
            change = vector_stores.modify(bench.deployment, actor, store, lambda state: (value, state.metadata, None))
            return change.state.name

        assert [name("one", "a"), name("two", "b"), name("one", "a")] == ["one", "two", "two"]

    def test_attach(self, bench: Bench) -> None:
        """An attach that joined its own ingest: the repeat does not attach the file again."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file)
        attach = AttachFile(file, {}, AUTO)
        store_files.attach(bench.deployment, keyed("a", ""), store, attach)
        bench.pump.settle()
        assert store_files.attach(bench.deployment, keyed("a", ""), store, attach).state.status == "completed"

    def test_after_a_change_that_was_never_shown(self, bench: Bench) -> None:
        """A keyed request that finds done what a request before it asked for, whose process died before it wrote the
        rows: the list shows it.
        """
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file, n=1)
        change = store_file_change(bench, store, file, {"n": 2})
        assert change.decision is not None
        store_files.attach(bench.deployment, keyed("a", ""), store, AttachFile(file, {"n": 2}, AUTO))
        [listed] = store_files.list_page(bench.deployment, PROJECT, store, PageRequest(), None).items
        assert listed.state.attributes == {"n": 2}

    def test_refused(self, bench: Bench) -> None:
        """A request that was refused is not remembered: it takes effect once it can."""
        store, file = bench.store(), bench.upload("alpha")

        def change() -> object:
            actor = keyed("a", "")
            return store_files.change_attributes(bench.deployment, actor, store, file, {"n": 1}).state.attributes

        with pytest.raises(NotFound):
            change()
        bench.attach(store, file)
        assert change() == {"n": 1}


class TestGoneSince:
    """A repeat answers what a GET would: that the thing is gone."""

    def test_attach(self, bench: Bench) -> None:
        store, file = bench.store(), bench.upload("alpha")
        attach = AttachFile(file, {}, AUTO)
        store_files.attach(bench.deployment, keyed("a", ""), store, attach)
        bench.pump.settle()
        store_files.detach(bench.deployment, PROJECT, store, file)
        with pytest.raises(NotFound):
            store_files.attach(bench.deployment, keyed("a", ""), store, attach)
        with pytest.raises(NotFound):
            store_files.get(bench.deployment, PROJECT, store, file)

    def test_create(self, bench: Bench) -> None:
        store = vector_stores.create(bench.deployment, keyed("s", ""), CreateStore()).id
        vector_stores.delete(bench.deployment, PROJECT, store)
        with pytest.raises(NotFound):
            vector_stores.create(bench.deployment, keyed("s", ""), CreateStore())


class TestOneKeyManyCallers:
    """An Idempotency-Key is the caller's own, and holds for one route."""

    def test_callers(self, bench: Bench) -> None:
        """Projects, and end users of a project, that use the same key for the same request get things of their own."""
        callers = [
            Caller("acme"),
            Caller("other"),
            Caller("acme", "ann"),
            Caller("acme", "bob"),
            Caller("other", "ann"),
        ]
        actors = [keyed("k", "body", Actor(caller, "req_1"), "POST /vector_stores") for caller in callers]
        stores = [vector_stores.create(bench.deployment, actor, CreateStore()).id for actor in actors]
        assert len(set(stores)) == len(callers)
        for actor, store in zip(actors, stores, strict=True):
            assert vector_stores.create(bench.deployment, actor, CreateStore()).id == store
            owner = vector_stores.get(bench.deployment, actor, store).state.owner
            assert owner == actor.caller.as_owner()

    def test_routes(self, bench: Bench) -> None:
        """A client may use one key for requests to several routes, even on the same thing."""
        store, file = bench.store(), bench.upload("alpha")
        attach = keyed("k", "attach", route=f"POST /vector_stores/{store}/files")
        change = keyed("k", "change", route=f"POST /vector_stores/{store}/files/{file}")
        store_files.attach(bench.deployment, attach, store, AttachFile(file, {"n": 1}, AUTO))
        store_files.change_attributes(bench.deployment, change, store, file, {"n": 2})
        assert store_files.attach(
            bench.deployment, attach, store, AttachFile(file, {"n": 1}, AUTO)
        ).state.attributes == {"n": 2}


def test_two_bodies_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two batches at once under one key with different lists, one is accepted, and its own list is attached; the
    other is refused and changes nothing, also where lists are objects.
    """
    monkeypatch.setattr(manifest, "INLINE_BYTES", 0)
    store, files = bench.store(), [bench.upload(f"alpha {number}") for number in range(2)]
    keep, accepted = manifests.keep, []

    def create(file: str, body: str) -> str:
        return file_batches.create(bench.deployment, keyed("k", body), store, [BatchItem(file)], "file_ids").id

    def another_first(*arguments: Any) -> manifest.Manifest:
        monkeypatch.setattr(manifests, "keep", keep)
        accepted.append(create(files[1], "second"))
        return keep(*arguments)

    monkeypatch.setattr(manifests, "keep", another_first)
    with pytest.raises(KeyReused):
        create(files[0], "first")
    bench.pump.settle()
    page = file_batches.list_files(bench.deployment, PROJECT, store, accepted[0], PageRequest(), None)
    assert [view.file for view in page.items] == [files[1]]
    assert bench.find(store, "alpha") == [files[1]]
