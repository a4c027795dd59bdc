"""Every list, page by page, with pages of any size: each thing once, and an end that is told by the last page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest

from tests.support.bench import PROJECT, Bench, DictIndex
from vectorlog.domain.errors import Invalid
from vectorlog.domain.tenancy import Caller
from vectorlog.use_cases import file_batches, store_files, uploaded_files, vector_stores
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.pages import PageRequest

NUMBER = 6

Order = Literal["asc", "desc"]
Read = Callable[[PageRequest, Actor], tuple[list[str], bool]]
"""Returns the ids of a page, and whether more follow."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, index=DictIndex())
    yield made
    made.close()


@pytest.fixture(params=["stores", "files", "store files", "store files by status", "batch files"])
def listed(request: pytest.FixtureRequest, bench: Bench) -> tuple[list[str], Read]:
    """What a list holds, oldest first, and how to read a page of it."""
    deployment, store = bench.deployment, bench.store()
    files = [bench.upload(f"alpha {number}") for number in range(NUMBER)]
    batch = bench.batch(store, files).id
    stores = [store, *(bench.store() for _ in range(NUMBER - 1))]
    bench.pump.settle()

    def read_stores(page: PageRequest, actor: Actor) -> tuple[list[str], bool]:
        found = vector_stores.list_page(deployment, actor, page)
        return [view.id for view in found.items], found.has_more

    def read_files(page: PageRequest, actor: Actor) -> tuple[list[str], bool]:
        found = uploaded_files.list_page(deployment, actor, page, None, None)
        return [view.id for view in found.items], found.has_more

    def read_store_files(page: PageRequest, actor: Actor) -> tuple[list[str], bool]:
        status = "completed" if request.param.endswith("status") else None
        found = store_files.list_page(deployment, actor, store, page, status)
        return [view.file for view in found.items], found.has_more

    def read_batch_files(page: PageRequest, actor: Actor) -> tuple[list[str], bool]:
        found = file_batches.list_files(deployment, actor, store, batch, page, None)
        return [view.file for view in found.items], found.has_more

    match request.param:
        case "stores":
            return stores, read_stores
        case "files":
            return files, read_files
        case "batch files":
            return files, read_batch_files
        case _:
            return files, read_store_files


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 4, NUMBER, NUMBER + 1])
def test_forwards(listed: tuple[list[str], Read], order: Order, limit: int) -> None:
    """Paging by `after` visits everything once, in order; only the last page says that nothing follows, even if it is
    full.
    """
    things, read = listed
    expected = things if order == "asc" else things[::-1]
    after: str | None = None
    found: list[str] = []
    for number in range(0, NUMBER, limit):
        page, more = read(PageRequest(limit, order, after), PROJECT)
        assert page == expected[number : number + limit]
        assert more == (number + limit < NUMBER)
        after, found = page[-1], [*found, *page]
    assert found == expected
    assert read(PageRequest(limit, order, after), PROJECT) == ([], False)


@pytest.mark.long
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 4, NUMBER, NUMBER + 1])
def test_backwards(listed: tuple[list[str], Read], order: Order, limit: int) -> None:
    """So does paging by `before`, from the end; a page's own order stays the requested one."""
    things, read = listed
    expected = things if order == "asc" else things[::-1]
    for end in range(NUMBER - 1, 0, -limit):
        page, more = read(PageRequest(limit, order, before=expected[end]), PROJECT)
        assert page == expected[max(0, end - limit) : end]
        assert more == (end - limit > 0)


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_between(listed: tuple[list[str], Read], order: Order) -> None:
    """Both cursors are left out of the page between them."""
    things, read = listed
    expected = things if order == "asc" else things[::-1]
    assert read(PageRequest(NUMBER, order, expected[1], expected[4]), PROJECT) == (expected[2:4], False)
    assert read(PageRequest(1, order, expected[1], expected[4]), PROJECT) == (expected[2:3], True)


@pytest.mark.parametrize("stranger", [Actor(Caller("other"), "req_2"), Actor(Caller("acme", "ann"), "req_3")], ids=str)
def test_foreign_cursor(bench: Bench, stranger: Actor) -> None:
    """A cursor that names another's thing is refused like one that names nothing: it tells nothing about the thing."""
    store, file = bench.store(), bench.upload("alpha")
    own_store, own_file = bench.store(stranger), bench.upload("beta", stranger)
    for cursor in (store, "vs_nothing"):
        with pytest.raises(Invalid, match="ever in this list"):
            vector_stores.list_page(bench.deployment, stranger, PageRequest(after=cursor))
        with pytest.raises(Invalid, match="ever in this list"):
            vector_stores.list_page(bench.deployment, stranger, PageRequest(before=cursor))
    for cursor in (file, "file-nothing"):
        with pytest.raises(Invalid, match="ever in this list"):
            uploaded_files.list_page(bench.deployment, stranger, PageRequest(after=cursor), None, None)
        with pytest.raises(Invalid, match="ever in this list"):
            store_files.list_page(bench.deployment, stranger, own_store, PageRequest(after=cursor), None)
    assert uploaded_files.list_page(bench.deployment, stranger, PageRequest(after=own_file), None, None).items == ()
