"""Nobody sees or changes what belongs to another project or another end user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.support.bench import PROJECT, Bench
from vectorlog.deployment import Deployment
from vectorlog.domain import file_batch
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.errors import Invalid, NotFound
from vectorlog.domain.file_batch import FileBatchCreated
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log.codec import FILE_BATCH
from vectorlog.use_cases import (
    api_keys,
    file_batches,
    indexed_text,
    manifests,
    search,
    store_files,
    uploaded_files,
    vector_stores,
)
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.pages import PageRequest
from vectorlog.use_cases.store_files import AttachFile
from vectorlog.use_cases.vector_stores import CreateStore

ANN = Actor(Caller("acme", "ann"), "req_2")
STRANGERS = [
    Actor(Caller("other"), "req_3"),
    Actor(Caller("acme", "bob"), "req_4"),
    Actor(Caller("other", "ann"), "req_5"),
]


@dataclass(frozen=True)
class Attempted:
    """Ann's things, and the callers who try to reach them."""

    bench: Bench
    who: Actor
    store: str
    file: str
    batch: str

    @property
    def deployment(self) -> Deployment:
        return self.bench.deployment


ATTEMPTS: dict[str, Callable[[Attempted], object]] = {
    "store": lambda its: vector_stores.get(its.deployment, its.who, its.store),
    "modify": lambda its: vector_stores.modify(its.deployment, its.who, its.store, lambda _: ("x", {}, None)),
    "delete store": lambda its: vector_stores.delete(its.deployment, its.who, its.store),
    "search": lambda its: search.search(its.deployment, its.who, its.store, search.Search(("alpha",))),
    "store file": lambda its: store_files.get(its.deployment, its.who, its.store, its.file),
    "store files": lambda its: store_files.list_page(its.deployment, its.who, its.store, PageRequest(), None),
    "content": lambda its: indexed_text.read(its.deployment, its.who, its.store, its.file),
    "attach": lambda its: store_files.attach(its.deployment, its.who, its.store, AttachFile(its.file, {}, AUTO)),
    "change": lambda its: store_files.change_attributes(its.deployment, its.who, its.store, its.file, {"n": 1}),
    "detach": lambda its: store_files.detach(its.deployment, its.who, its.store, its.file),
    "batch": lambda its: file_batches.get(its.deployment, its.who, its.store, its.batch),
    "batch files": lambda its: file_batches.list_files(
        its.deployment, its.who, its.store, its.batch, PageRequest(), None
    ),
    "cancel": lambda its: file_batches.cancel(its.deployment, its.who, its.store, its.batch),
    "make batch": lambda its: file_batches.create(
        its.deployment, its.who, its.store, [BatchItem(its.file)], "file_ids"
    ),
    "file": lambda its: uploaded_files.get(its.deployment, its.who, its.file),
    "bytes": lambda its: uploaded_files.content(its.deployment, its.who, its.file),
    "delete file": lambda its: uploaded_files.delete(its.deployment, its.who, its.file),
    "file in own store": lambda its: its.bench.attach(its.bench.store(its.who), its.file, its.who),
    "file in own new store": lambda its: vector_stores.create(
        its.deployment, its.who, CreateStore(files=(BatchItem(its.file),))
    ),
}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_not_found(bench: Bench, name: str) -> None:
    """Every request about another's things answers that they do not exist, and changes nothing."""
    store, file = bench.store(ANN), bench.upload("alpha", ANN)
    batch = bench.batch(store, [file], ANN).id
    bench.pump.settle()
    for stranger in STRANGERS:
        with pytest.raises(NotFound):
            ATTEMPTS[name](Attempted(bench, stranger, store, file, batch))
    assert bench.find(store, "alpha", ANN) == [file]
    assert vector_stores.get(bench.deployment, ANN, store).counts.total == 1


def test_lists(bench: Bench) -> None:
    """An end user lists their own things; a key without one acts for the project and lists all of it."""
    for actor in (ANN, PROJECT, *STRANGERS):
        bench.store(actor)
        bench.upload("alpha", actor)
    for actor, number in ((ANN, 1), (PROJECT, 3), (STRANGERS[0], 2), (STRANGERS[1], 1), (STRANGERS[2], 1)):
        assert len(vector_stores.list_page(bench.deployment, actor, PageRequest()).items) == number
        assert len(uploaded_files.list_page(bench.deployment, actor, PageRequest(), None, None).items) == number


def test_batch_of_another_store(bench: Bench) -> None:
    """A batch is found in its own store only."""
    store, other, file = bench.store(), bench.store(), bench.upload("alpha")
    batch = bench.batch(store, [file]).id
    with pytest.raises(NotFound):
        file_batches.get(bench.deployment, PROJECT, other, batch)


@pytest.mark.parametrize("stranger", STRANGERS, ids=str)
def test_list_that_names_a_foreign_file(bench: Bench, stranger: Actor) -> None:
    """A batch never attaches a file that its owner may not see, whatever its list says: the fan-out does not rely on
    the check at its creation. The file ends as failed, as if it were deleted, and no search shows its text.
    """
    store, foreign = bench.store(stranger), bench.upload("alpha secret", ANN)
    own = bench.upload("alpha", stranger)
    listed, owner = [BatchItem(own), BatchItem(foreign)], stranger.caller.as_owner()
    created = FileBatchCreated(bench.clock(), store, owner, manifests.keep(bench.deployment, store, "vsfb_1", listed))
    bench.deployment.streams.decide(FILE_BATCH, "vsfb_1", lambda state: file_batch.create(state, created))
    bench.pump.settle()
    assert bench.find(store, "alpha secret", stranger) == [own]
    assert store_file_stream(store, foreign) not in {
        each.stream for each in bench.log.scan() if "FileChunked" in each.events
    }
    counts = file_batches.get(bench.deployment, stranger, store, "vsfb_1").counts
    assert (counts.completed, counts.failed, counts.total) == (1, 1, 2)


@pytest.mark.parametrize("project", ["", " ", "acme/ann", "acme#1", "a\n"])
def test_project_names(bench: Bench, project: str) -> None:
    """No key is created for a project whose name could stand for an end user of another one."""
    with pytest.raises(Invalid) as refused:
        api_keys.create(bench.deployment, project, "")
    assert refused.value.param == "project"
    assert not api_keys.any_key(bench.deployment)
