"""`openai` pages through every list: each item once, in either order, with any page size."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import openai
import pytest
from openai import DefaultHttpxClient, OpenAI

from tests.clients.conftest import Upload, new_text
from tests.clients.service import Service

SIZE = 7


@dataclass(frozen=True)
class Listing:
    """A list with `SIZE` items.

    Attributes:
        made: their ids, oldest first.
        pages: the client's list method, bound to its arguments.
    """

    made: list[str]
    pages: Callable[..., Iterable[Any]]

    def ids(self, **asked: Any) -> list[str]:
        """The ids that the client's iterator visits."""
        return [each.id for each in self.pages(**asked)]

    def page(self, **asked: Any) -> dict[str, Any]:
        """One page, as JSON."""
        found: dict[str, Any] = self.pages(**asked).to_dict()  # type: ignore[attr-defined]  # of whatever page class
        return found


@pytest.fixture(scope="module", params=["files", "stores", "store files", "batch files"])
def listing(request: pytest.FixtureRequest, service: Service, openai_pool: DefaultHttpxClient) -> Listing:
    """The list of an end user of its own; tests only read it."""
    headers = {"X-On-Behalf-Of": f"user-{uuid.uuid4().hex}"}
    openai_client = OpenAI(
        base_url=f"{service.url}/v1", api_key=service.key, http_client=openai_pool, default_headers=headers
    )
    store = openai_client.vector_stores.create(name="test").id
    if request.param == "stores":
        others = [openai_client.vector_stores.create(name=str(n)).id for n in range(SIZE - 1)]
        return Listing([store, *others], openai_client.vector_stores.list)
    texts = [(f"{n}.txt", f"text {n}".encode()) for n in range(SIZE)]
    files = [openai_client.files.create(file=text, purpose="assistants").id for text in texts]
    if request.param == "files":
        return Listing(files, openai_client.files.list)
    batch = openai_client.vector_stores.file_batches.create_and_poll(store, file_ids=files).id
    if request.param == "store files":
        return Listing(files, lambda **asked: openai_client.vector_stores.files.list(store, **asked))
    return Listing(
        files,
        lambda **asked: openai_client.vector_stores.file_batches.list_files(batch, vector_store_id=store, **asked),
    )


def test_iterators_visit_each_once(listing: Listing) -> None:
    """Any page size, either order: every item once; newest first unless the request says otherwise."""
    newest_first = listing.made[::-1]
    assert listing.ids() == newest_first
    for limit in (1, 2, 3, SIZE, SIZE + 1, 100):
        assert listing.ids(limit=limit, order="asc") == listing.made
        assert listing.ids(limit=limit, order="desc") == newest_first


def test_pages_field_by_field(listing: Listing) -> None:
    """A page says its first and last id, and whether more follow."""
    page = listing.page(limit=3, order="asc")
    assert set(page) == {"object", "data", "first_id", "last_id", "has_more"}
    assert (page["object"], page["first_id"], page["last_id"], page["has_more"]) == (
        "list",
        listing.made[0],
        listing.made[2],
        True,
    )
    last = listing.page(limit=3, order="asc", after=listing.made[SIZE - 4])
    assert ([each["id"] for each in last["data"]], last["has_more"]) == (listing.made[-3:], False)
    beyond = listing.page(order="asc", after=listing.made[-1])
    assert beyond == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


@pytest.mark.parametrize("listing", ["stores", "store files", "batch files"], indirect=True)
def test_before_is_the_page_before(listing: Listing) -> None:
    """`before` returns the items just before an id, in the requested order."""

    def page(**asked: Any) -> list[str]:
        return [each["id"] for each in listing.page(**asked)["data"]]

    assert page(order="asc", before=listing.made[4], limit=2) == listing.made[2:4]
    assert page(order="desc", before=listing.made[2], limit=2) == [listing.made[4], listing.made[3]]
    assert page(order="asc", before=listing.made[0]) == []
    assert page(order="asc", after=listing.made[0], before=listing.made[4]) == listing.made[1:4]
    assert page(order="desc", after=listing.made[4], before=listing.made[0]) == [listing.made[n] for n in (3, 2, 1)]


@pytest.mark.parametrize("listing", ["files"], indirect=True)
def test_uploaded_files_have_no_before(listing: Listing) -> None:
    """OpenAI's list of files takes no `before`, so it is refused rather than ignored."""
    with pytest.raises(openai.BadRequestError, match="Unknown parameter: 'before'"):
        listing.ids(extra_query={"before": listing.made[0]})


def test_unknown_cursor_is_refused(listing: Listing) -> None:
    """A cursor that was never in the list is an error, and does not start again from the beginning."""
    unknown = listing.made[0][:-4] + "0000"
    with pytest.raises(openai.BadRequestError) as caught:
        listing.ids(after=unknown)
    assert (caught.value.code, caught.value.param) == ("invalid_value", "after")


def test_cursor_outlives_its_thing(openai_client: OpenAI, upload: Upload, store: str) -> None:
    """A page continues after an item that was deleted meanwhile, in every list."""
    files = [upload(f"text {n}").id for n in range(4)]
    openai_client.vector_stores.file_batches.create_and_poll(store, file_ids=files)
    openai_client.vector_stores.files.delete(files[1], vector_store_id=store)
    rows = openai_client.vector_stores.files.list(store, order="asc", after=files[1])
    assert [row.id for row in rows] == files[2:]
    openai_client.files.delete(files[2])
    assert [file.id for file in openai_client.files.list(order="asc", after=files[2])] == [files[3]]
    stores = [store, *(openai_client.vector_stores.create().id for _ in range(2))]
    openai_client.vector_stores.delete(stores[1])
    assert [each.id for each in openai_client.vector_stores.list(order="asc", after=stores[1])] == [stores[2]]


def test_filter_by_status(
    openai_client: OpenAI, upload: Upload, store: str, embedding_held: Callable[[], None]
) -> None:
    """`filter` shows files of one status, across pages too."""
    bad = [upload(b"", f"{n}.txt").id for n in range(3)]
    batch = openai_client.vector_stores.file_batches.create_and_poll(store, file_ids=bad).id
    waiting = openai_client.vector_stores.files.create(store, file_id=upload(new_text()).id).id

    def listed(status: Any) -> list[str]:
        return [row.id for row in openai_client.vector_stores.files.list(store, filter=status, limit=2, order="asc")]

    assert listed("failed") == bad
    assert listed("cancelled") == []
    assert listed("in_progress") in ([waiting], [])  # an external server may be done by now
    embedding_held()
    openai_client.vector_stores.files.poll(waiting, vector_store_id=store)
    assert listed("completed") == [waiting]
    assert listed("in_progress") == []
    in_batch = openai_client.vector_stores.file_batches.list_files(batch, vector_store_id=store, filter="completed")
    assert in_batch.data == []
