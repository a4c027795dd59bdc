"""Changes that are made while an index is rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from tests.operations.transfer.answers import Made
from tests.support.bench import PROJECT, Bench
from vectorlog.operations.progress import Watch
from vectorlog.use_cases import store_files, uploaded_files, vector_stores
from vectorlog.use_cases.pages import PageRequest

T = TypeVar("T")

CHANGES = ("ingest_new", "ingest_half", "ingest_again", "change", "delete_file", "delete_store")


def at(place: int, step: Callable[[], object]) -> Watch:
    """Does a step when a rebuild reads its n-th artefact."""

    def watch(label: str, items: Iterable[T], total: int | None) -> Iterator[T]:
        for number, item in enumerate(items):
            if number == place and label == "artefacts":
                step()
            yield item

    return watch


def changes(bench: Bench, made: Made) -> dict[str, Callable[[], object]]:
    """Changes to make while an index is rebuilt, or between that and the switch."""
    page = PageRequest(limit=100, order="asc")
    first, second, *_ = [
        view.file for view in store_files.list_page(bench.deployment, PROJECT, made.store, page, "completed").items
    ]

    def ingest_new() -> None:
        bench.attach(made.store, bench.upload("alpha new\nbeta"))
        bench.pump.settle()

    def ingest_half() -> None:
        bench.attach(made.store, bench.upload("alpha late"))
        bench.pump.project()

    def ingest_again() -> None:
        bench.attach(made.store, first, kind="newest")
        bench.pump.settle()

    def change() -> None:
        store_files.change_attributes(bench.deployment, PROJECT, made.store, second, {"kind": "retagged"})
        bench.pump.settle()

    def delete_file() -> None:
        uploaded_files.delete(bench.deployment, PROJECT, first)
        bench.pump.settle()

    def delete_store() -> None:
        vector_stores.delete(bench.deployment, PROJECT, made.store)
        bench.pump.settle()

    return {each.__name__: each for each in (ingest_new, ingest_half, ingest_again, change, delete_file, delete_store)}
