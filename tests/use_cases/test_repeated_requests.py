"""Requests that are repeated under their Idempotency-Key after others: one effect, and an answer that is true."""

from __future__ import annotations

import pytest

from tests.support.bench import PROJECT, Bench, keyed
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.errors import KeyReused, NotFound
from vectorlog.use_cases import store_files, vector_stores
from vectorlog.use_cases.store_files import AttachFile
from vectorlog.use_cases.vector_stores import CreateStore


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
