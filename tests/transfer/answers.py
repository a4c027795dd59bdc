"""What an edition answers to a fixed set of reads and searches, and a small history to ask about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from tests.edition import PROJECT, Bench
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.manifest import Listed
from vectorlog.use_cases import file_batches, search, store_files, uploaded_files, vector_stores
from vectorlog.use_cases.edition import Edition
from vectorlog.use_cases.pages import PageRequest
from vectorlog.use_cases.store_files import AttachFile
from vectorlog.use_cases.vector_stores import CreateStore

T = TypeVar("T")

QUERIES = ("alpha", "beta three", "gamma")


@dataclass(frozen=True, slots=True)
class Made:
    """What there is to ask about: one of each that matters."""

    store: str
    batch: str
    cancelled: str
    deleted_file: str


def history(bench: Bench) -> Made:
    """Stores, batches, files that were attached again, re-tagged, failed, cancelled, detached and deleted; all of it settled."""
    edition = bench.edition
    files = [bench.upload(f"alpha {word}\nbeta {word}", name=f"{word}.txt") for word in ("one", "two", "three", "four", "five")]
    damaged = bench.upload("damaged", name="damaged.txt")
    store = vector_stores.create(edition, PROJECT, CreateStore(name="kept", files=(Listed(files[0]),))).id
    batch = bench.batch(store, [*files[1:], damaged], kind="note").id
    bench.pump.settle()
    store_files.change_attributes(edition, PROJECT, store, files[1], {"kind": "changed"})
    bench.clock.advance(1)
    store_files.attach(edition, PROJECT, store, AttachFile(files[2], {"kind": "again"}, AUTO))
    cancelled = bench.batch(store, files[:3], kind="late").id
    file_batches.cancel(edition, PROJECT, store, cancelled)
    bench.clock.advance(1)
    store_files.detach(edition, PROJECT, store, files[3])
    uploaded_files.delete(edition, PROJECT, files[4])
    other = bench.store(name="gone")
    bench.attach(other, files[0])
    bench.pump.settle()
    vector_stores.delete(edition, PROJECT, other)
    bench.find(store, "alpha")  # a store notes its use once a minute: now
    bench.pump.settle()
    return Made(store, batch, cancelled, files[4])


def answers(edition: Edition, made: Made) -> dict[str, object]:
    """Everything that the owner sees."""
    page = PageRequest(limit=100, order="asc")
    listed = store_files.list_page(edition, PROJECT, made.store, page, None).items
    completed = [view.file for view in listed if view.state.status == "completed"]
    uploads = uploaded_files.list_page(edition, PROJECT, page, None, None).items
    return {
        "stores": vector_stores.list_page(edition, PROJECT, page).items,
        "store": vector_stores.get(edition, PROJECT, made.store),
        "listed": listed,
        "got": [store_files.get(edition, PROJECT, made.store, view.file) for view in listed],
        "contents": [store_files.content(edition, PROJECT, made.store, file) for file in completed],
        "batches": [file_batches.get(edition, PROJECT, made.store, batch) for batch in (made.batch, made.cancelled)],
        "uploads": [(view, edition.blobs.read(uploaded_files.content(edition, PROJECT, view.id)[1])) for view in uploads],
        "found": {hit: _Near(score) for hit, score in _found(edition, made).items()},
    }


class _Near(float):
    """A score; artefacts keep vectors in float16, so what is indexed from them scores a little otherwise."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, float) and abs(self - other) < 1e-3

    def __hash__(self) -> int:
        raise TypeError("near is no equality")


def _found(edition: Edition, made: Made) -> dict[str, float]:
    return {
        f"{query}: {hit.file} {hit.text}": hit.score
        for query in QUERIES
        for hit in search.search(edition, PROJECT, made.store, search.Search((query,), limit=50))
    }


def unwatched(label: str, items: Iterable[T], total: int | None) -> Iterator[T]:
    """Nobody looks on."""
    return iter(items)
