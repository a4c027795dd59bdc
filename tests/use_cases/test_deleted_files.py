"""An uploaded file that was deleted is gone from every store at once, however many there are."""

from __future__ import annotations

import pytest

from tests.support.bench import PROJECT, Bench
from vectorlog.domain import uploaded_file
from vectorlog.domain.errors import NotFound
from vectorlog.event_log.codec import UPLOADED_FILE
from vectorlog.use_cases import file_batches, indexed_text, store_files, uploaded_files
from vectorlog.use_cases.pages import PageRequest


def test_gone_from_every_store_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """GET, content, changes and lists of every store say so right after the answer, and pages are as long as before."""
    monkeypatch.setattr(uploaded_files, "DETACH_STEP", 2)
    file, others = bench.upload("alpha"), [bench.upload(f"beta {number}") for number in range(4)]
    stores = [bench.store() for _ in range(7)]
    batches = {store: bench.batch(store, [others[0], others[1], file, others[2], others[3]]).id for store in stores}
    bench.pump.settle()
    uploaded_files.delete(bench.deployment, PROJECT, file)
    for store in stores:
        for gone in (
            lambda store=store: store_files.get(bench.deployment, PROJECT, store, file),
            lambda store=store: indexed_text.read(bench.deployment, PROJECT, store, file),
            lambda store=store: store_files.change_attributes(bench.deployment, PROJECT, store, file, {"n": 1}),
            lambda store=store: store_files.detach(bench.deployment, PROJECT, store, file),
        ):
            with pytest.raises(NotFound):
                gone()
        for status in (None, "completed"):
            request = PageRequest(3, "asc")
            page = store_files.list_page(bench.deployment, PROJECT, store, request, status)
            assert [view.file for view in page.items] == others[:3]
            assert page.has_more
            page = file_batches.list_files(bench.deployment, PROJECT, store, batches[store], request, status)
            assert [view.file for view in page.items] == others[:3]
            assert page.has_more
        assert file not in bench.find(store, "alpha")
    bench.pump.settle()
    assert bench.deployment.views.leaving("acme") == set()
    assert bench.deployment.views.stores_of(file, 10) == []


def test_repeated_after_its_answer_was_lost(bench: Bench) -> None:
    """A delete that died after its commit is finished by its repeat: once that is answered, no list or search shows the
    file, although the feed has projected nothing yet.
    """
    file, store = bench.upload("alpha"), bench.store()
    bench.batch(store, [file])
    bench.pump.settle()
    at = bench.clock()
    bench.deployment.streams.decide(UPLOADED_FILE, file, lambda state: uploaded_file.delete(state, at))
    with pytest.raises(NotFound):
        uploaded_files.delete(bench.deployment, PROJECT, file)
    page = store_files.list_page(bench.deployment, PROJECT, store, PageRequest(3, "asc"), None)
    assert page.items == ()
    assert file not in bench.find(store, "alpha")
