"""Vector stores and uploaded files: created once, listed, deleted for good."""

from __future__ import annotations

import pytest

from tests.support.bench import DAY_MS, PROJECT, Bench, Lost, keyed
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.errors import Invalid, KeyReused, NotFound
from vectorlog.domain.manifest import BatchItem
from vectorlog.use_cases import pages, store_files, uploaded_files, vector_stores
from vectorlog.use_cases.pages import PageRequest
from vectorlog.use_cases.store_files import AttachFile
from vectorlog.use_cases.vector_stores import CreateStore
from vectorlog.views.counts import Counts


class TestCreate:
    def test_with_files(self, bench: Bench) -> None:
        """The answer counts its files; they are ingested."""
        files = [bench.upload(f"alpha {number}") for number in range(3)]
        view = vector_stores.create(
            bench.deployment, PROJECT, CreateStore(files=tuple(BatchItem(file) for file in files))
        )
        assert view.counts == Counts(in_progress=3)
        bench.pump.settle()
        assert vector_stores.get(bench.deployment, PROJECT, view.id).counts.completed == 3

    def test_same_key(self, bench: Bench) -> None:
        """A repeat under its key is the same store, even if a file was deleted since; another body is refused."""
        file = bench.upload("alpha")
        command = CreateStore(name="one", files=(BatchItem(file),))
        first = vector_stores.create(bench.deployment, keyed("k", "one"), command)
        uploaded_files.delete(bench.deployment, PROJECT, file)
        assert vector_stores.create(bench.deployment, keyed("k", "one"), command).id == first.id
        with pytest.raises(KeyReused):
            vector_stores.create(bench.deployment, keyed("k", "two"), CreateStore(name="two"))
        assert len(vector_stores.list_page(bench.deployment, PROJECT, PageRequest()).items) == 1

    def test_unknown_model(self, bench: Bench) -> None:
        """A model that is not offered creates no store."""
        with pytest.raises(Invalid):
            vector_stores.create(bench.deployment, PROJECT, CreateStore(model="nothing"))
        assert vector_stores.list_page(bench.deployment, PROJECT, PageRequest()).items == ()


class TestDelete:
    def test_for_good(self, bench: Bench) -> None:
        """Gone immediately for every request, then from disk; a second DELETE is 404; its files stay."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file)
        bench.pump.settle()
        vector_stores.delete(bench.deployment, PROJECT, store)
        with pytest.raises(NotFound):
            bench.find(store, "alpha")
        with pytest.raises(NotFound):
            vector_stores.delete(bench.deployment, PROJECT, store)
        assert vector_stores.list_page(bench.deployment, PROJECT, PageRequest()).items == ()
        bench.pump.settle()
        assert bench.index.count(bench.space, store) == {}
        assert [key.split("/")[0] for key in bench.blobs.list("")] == ["files"]

    @pytest.mark.parametrize("what", ["store", "file", "store file"])
    def test_answer_lost_between_log_and_rows(self, bench: Bench, what: str) -> None:
        """If a delete died before its rows were written, the repeated request is a 404, and from then on nothing is
        shown.
        """
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file)
        bench.pump.settle()
        deletes = {
            "store": lambda: vector_stores.delete(bench.deployment, PROJECT, store),
            "file": lambda: uploaded_files.delete(bench.deployment, PROJECT, file),
            "store file": lambda: store_files.detach(bench.deployment, PROJECT, store, file),
        }
        with bench.faults.dying(1, after=True), pytest.raises(Lost):
            deletes[what]()
        with pytest.raises(NotFound):
            deletes[what]()
        if what == "store":
            assert vector_stores.list_page(bench.deployment, PROJECT, PageRequest()).items == ()
        else:
            assert bench.find(store, "alpha") == []
            assert store_files.list_page(bench.deployment, PROJECT, store, PageRequest(), None).items == ()
            assert vector_stores.get(bench.deployment, PROJECT, store).counts == Counts()

    def test_file_in_many_stores(self, bench: Bench) -> None:
        """A deleted file leaves every store, however many there are, including deleted ones."""
        file = bench.upload("alpha")
        stores = [bench.store() for _ in range(130)]
        for store in stores:
            store_files.attach(bench.deployment, PROJECT, store, AttachFile(file, {}, AUTO))
        for store in stores[:110]:
            vector_stores.delete(bench.deployment, PROJECT, store)
        uploaded_files.delete(bench.deployment, PROJECT, file)
        assert bench.find(stores[-1], "alpha") == []
        bench.pump.settle()
        assert all(vector_stores.get(bench.deployment, PROJECT, store).counts == Counts() for store in stores[110:])
        assert not list(bench.blobs.list(""))


class TestUpload:
    def test_same_key(self, bench: Bench) -> None:
        """A repeat under its key is the same file; after its deletion it is gone, and no bytes are left."""
        first = bench.upload("alpha", keyed("k", "one"))
        assert bench.upload("alpha", keyed("k", "one")) == first
        with pytest.raises(KeyReused):
            bench.upload("beta", keyed("k", "two"))
        uploaded_files.delete(bench.deployment, PROJECT, first)
        bench.pump.settle()
        with pytest.raises(NotFound):
            bench.upload("alpha", keyed("k", "one"))
        assert not list(bench.blobs.list(""))


class TestLists:
    @pytest.mark.parametrize("limit", [1, 2, 5, 20])
    @pytest.mark.parametrize("near", [1, 4, pages.NEAR])
    def test_stores(self, bench: Bench, limit: int, near: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """Paging visits every store once, in both orders, and continues after a deleted one, near the beginning of the
        list and far from it.
        """
        monkeypatch.setattr(pages, "NEAR", near)
        stores = [bench.store() for _ in range(6)]
        for order, expected in (("asc", stores), ("desc", stores[::-1])):
            found: list[str] = []
            more = True
            while more:
                request = PageRequest(limit, order, found[-1] if found else None)  # type: ignore[arg-type]  # one of the two
                page = vector_stores.list_page(bench.deployment, PROJECT, request)
                found += [view.id for view in page.items]
                more = page.has_more
            assert found == expected
        vector_stores.delete(bench.deployment, PROJECT, stores[2])
        behind = vector_stores.list_page(bench.deployment, PROJECT, PageRequest(20, "asc", stores[2])).items
        assert [view.id for view in behind] == stores[3:]
        ahead = vector_stores.list_page(bench.deployment, PROJECT, PageRequest(2, "asc", before=stores[4]))
        assert [view.id for view in ahead.items] == [stores[1], stores[3]]
        assert ahead.has_more
        between = vector_stores.list_page(bench.deployment, PROJECT, PageRequest(20, "desc", stores[5], stores[1]))
        assert [view.id for view in between.items] == [stores[4], stores[3]]
        assert not between.has_more


def test_purged_again_after_a_day(bench: Bench) -> None:
    """Chunks that a running ingest adds to a deleted store are removed a day later."""
    store, file = bench.store(), bench.upload("alpha")
    bench.attach(store, file)
    bench.pump.settle()
    parts = list(bench.blobs.list("artefacts/"))
    vector_stores.delete(bench.deployment, PROJECT, store)
    bench.pump.settle()
    bench.blobs.put([(key, b"late") for key in parts])
    bench.clock.advance(DAY_MS)
    bench.pump.settle()
    assert not list(bench.blobs.list("artefacts/"))
