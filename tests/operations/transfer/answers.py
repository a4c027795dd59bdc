"""A deployment's answers to a fixed set of reads and searches, and a small history to ask about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from tests.support.bench import PROJECT, Bench
from vectorlog.deployment import Deployment
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.manifest import BatchItem
from vectorlog.use_cases import file_batches, indexed_text, search, store_files, uploaded_files, vector_stores
from vectorlog.use_cases.pages import PageRequest
from vectorlog.use_cases.store_files import AttachFile
from vectorlog.use_cases.vector_stores import CreateStore

T = TypeVar("T")

QUERIES = ("alpha", "beta three", "gamma")


@dataclass(frozen=True, slots=True)
class Made:
    """Ids to ask about: one of each kind that matters."""

    store: str
    batch: str
    cancelled: str
    deleted_file: str


def history(bench: Bench) -> Made:
    """Stores, batches, files that were attached again, re-tagged, failed, cancelled, detached and deleted; all work is
    done.
    """
    deployment = bench.deployment
    files = [
        bench.upload(f"alpha {word}\nbeta {word}", name=f"{word}.txt")
        for word in ("one", "two", "three", "four", "five")
    ]
    damaged = bench.upload("damaged", name="damaged.txt")
    store = vector_stores.create(deployment, PROJECT, CreateStore(name="kept", files=(BatchItem(files[0]),))).id
    batch = bench.batch(store, [*files[1:], damaged], kind="note").id
    bench.pump.settle()
    store_files.change_attributes(deployment, PROJECT, store, files[1], {"kind": "changed"})
    bench.clock.advance(1)
    store_files.attach(deployment, PROJECT, store, AttachFile(files[2], {"kind": "again"}, AUTO))
    cancelled = bench.batch(store, files[:3], kind="late").id
    file_batches.cancel(deployment, PROJECT, store, cancelled)
    bench.clock.advance(1)
    store_files.detach(deployment, PROJECT, store, files[3])
    uploaded_files.delete(deployment, PROJECT, files[4])
    other = bench.store(name="gone")
    bench.attach(other, files[0])
    bench.pump.settle()
    vector_stores.delete(deployment, PROJECT, other)
    bench.find(store, "alpha")  # a store records its use once a minute: now
    bench.pump.settle()
    return Made(store, batch, cancelled, files[4])


def answers(deployment: Deployment, made: Made) -> dict[str, object]:
    """Everything that the owner sees."""
    page = PageRequest(limit=100, order="asc")
    listed = store_files.list_page(deployment, PROJECT, made.store, page, None).items
    completed = [view.file for view in listed if view.state.status == "completed"]
    uploads = uploaded_files.list_page(deployment, PROJECT, page, None, None).items
    return {
        "stores": vector_stores.list_page(deployment, PROJECT, page).items,
        "store": vector_stores.get(deployment, PROJECT, made.store),
        "listed": listed,
        "got": [store_files.get(deployment, PROJECT, made.store, view.file) for view in listed],
        "contents": [indexed_text.read(deployment, PROJECT, made.store, file) for file in completed],
        "batches": [file_batches.get(deployment, PROJECT, made.store, batch) for batch in (made.batch, made.cancelled)],
        "uploads": [
            (view, deployment.blobs.read(uploaded_files.content(deployment, PROJECT, view.id)[1])) for view in uploads
        ],
        "found": {hit: _Near(score) for hit, score in _found(deployment, made).items()},
    }


class _Near(float):
    """A rounded score; artefacts keep vectors in float16, so an index filled from them scores slightly differently."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, float) and abs(self - other) < 1e-3

    def __hash__(self) -> int:
        raise TypeError("near is no equality")


def _found(deployment: Deployment, made: Made) -> dict[str, float]:
    return {
        f"{query}: {hit.file} {hit.text} {hit.location}": hit.score
        for query in QUERIES
        for hit in search.search(deployment, PROJECT, made.store, search.Search((query,), limit=50)).results
    }


def unwatched(label: str, items: Iterable[T], total: int | None) -> Iterator[T]:
    """An import that reports no progress."""
    return iter(items)
