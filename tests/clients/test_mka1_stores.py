"""`meetkai-mka1` and vector stores; the client refuses any answer that is not as MKA1 specifies."""

from __future__ import annotations

from typing import Any

import pytest
from meetkai_mka1 import SDK
from meetkai_mka1.errors import SDKDefaultError
from openai import OpenAI

from tests.clients.conftest import Attached, Upload


def test_create_get_update_list_delete(mka1_client: SDK, me: dict[str, Any]) -> None:
    """The life of a store."""
    stores = mka1_client.llm.vector_stores
    made = stores.create(name="Docs", description="manuals", metadata={"a": "1"}, retrieval_mode="vector", **me)
    assert (made.name, made.description, made.metadata, made.retrieval_mode) == (
        "Docs",
        "manuals",
        {"a": "1"},
        "vector",
    )
    assert made.embedding_model
    assert made.embedding_dimensions
    assert (made.status, made.last_used_at, made.expires_at) == ("completed", None, None)
    assert stores.get(vector_store_id=made.id, **me) == made
    changed = stores.update(
        vector_store_id=made.id,
        name=None,
        metadata={"b": "2"},
        expires_after={"anchor": "last_active_at", "days": 7},
        **me,
    )
    assert (changed.name, changed.metadata) == (None, {"b": "2"})
    assert changed.last_active_at is not None
    assert changed.expires_at == changed.last_active_at + 7 * 86_400
    other = stores.create(**me)
    assert [each.id for each in stores.list(**me).data] == [other.id, made.id]
    page = stores.list(limit=1, order="asc", **me)
    assert (page.first_id, page.last_id, page.has_more) == (made.id, made.id, True)
    assert [each.id for each in stores.list(order="asc", after=made.id, **me).data] == [other.id]
    assert [each.id for each in stores.list(order="asc", before=other.id, **me).data] == [made.id]
    deleted = stores.delete(vector_store_id=made.id, **me)
    assert (deleted.id, deleted.deleted) == (made.id, True)
    with pytest.raises(SDKDefaultError, match=f"No vector store found with id '{made.id}'"):
        stores.get(vector_store_id=made.id, **me)


def test_empty_lists(mka1_client: SDK, me: dict[str, Any], store: str) -> None:
    """Empty lists have ids that the client accepts: empty strings."""
    page: Any = mka1_client.llm.vector_stores.list_files(vector_store_id=store, **me)
    assert (page.data, page.first_id, page.last_id, page.has_more) == ([], "", "", False)
    mka1_client.llm.vector_stores.delete(vector_store_id=store, **me)
    page = mka1_client.llm.vector_stores.list(**me)
    assert (page.data, page.first_id, page.last_id, page.has_more) == ([], "", "", False)


def test_expired_policy_and_graph_stores(mka1_client: SDK, me: dict[str, Any]) -> None:
    """Unsupported options are refused by name, not ignored."""
    stores = mka1_client.llm.vector_stores
    refused: list[dict[str, Any]] = [
        {"retrieval_mode": "graph"},
        {"extraction_model": "x"},
        {"max_hops": 2},
        {"embedding_model": "none:such"},
        {"embedding_dimensions": 100_000},
    ]
    for fields in refused:
        with pytest.raises(SDKDefaultError, match=next(iter(fields))) as caught:
            stores.create(**fields, **me)
        assert caught.value.status_code == 400
    assert stores.list(**me).data == []


def test_files_of_a_store(
    mka1_client: SDK, me: dict[str, Any], openai_client: OpenAI, upload: Upload, store: str
) -> None:
    """Attach, get, list with a filter, update, read back, detach; `auto` is shown as it was sent."""
    stores = mka1_client.llm.vector_stores
    file = upload("Der Otter schwimmt.", "ötter.txt").id
    made = stores.create_file(
        vector_store_id=store,
        file_id=file,
        attributes={"n": 1, "s": "x", "b": True},
        chunking_strategy={"type": "auto"},
        **me,
    )
    assert made.chunking_strategy is not None
    assert (made.id, made.vector_store_id, made.last_error, made.chunking_strategy.type) == (file, store, None, "auto")
    openai_client.vector_stores.files.poll(file, vector_store_id=store)
    done = stores.get_file(vector_store_id=store, file_id=file, **me)
    assert (done.status, done.filename, done.attributes) == ("completed", "ötter.txt", {"n": 1, "s": "x", "b": True})
    assert (done.chunk_count, done.processed_chunk_count, done.usage_bytes) == (1, 1, len("Der Otter schwimmt."))
    assert [each.id for each in stores.list_files(vector_store_id=store, filter_="completed", **me).data] == [file]
    assert stores.list_files(vector_store_id=store, filter_="failed", **me).data == []
    content = stores.get_file_content(vector_store_id=store, file_id=file, **me)
    assert (content.file_id, content.filename, content.attributes) == (file, "ötter.txt", done.attributes)
    assert "".join(item.text for item in content.content).strip() == "Der Otter schwimmt."
    assert stores.update_file(vector_store_id=store, file_id=file, attributes={"m": 2.5}, **me).attributes == {"m": 2.5}
    deleted = stores.delete_file(vector_store_id=store, file_id=file, **me)
    assert (deleted.id, deleted.deleted) == (file, True)
    for call in (stores.get_file, stores.delete_file):
        with pytest.raises(SDKDefaultError, match=f"No file found with id '{file}'"):
            call(vector_store_id=store, file_id=file, **me)


def test_failed_file(mka1_client: SDK, me: dict[str, Any], openai_client: OpenAI, upload: Upload, store: str) -> None:
    """The client reads why a file failed."""
    file = upload(b"", "empty.txt").id
    openai_client.vector_stores.files.create_and_poll(file, vector_store_id=store)
    failed = mka1_client.llm.vector_stores.get_file(vector_store_id=store, file_id=file, **me)
    assert failed.status == "failed"
    assert failed.last_error is not None
    assert failed.last_error.code == "invalid_file"


def test_batches(mka1_client: SDK, me: dict[str, Any], openai_client: OpenAI, upload: Upload, store: str) -> None:
    """A batch of `files` with individual settings, from creation to its list; static sizes are shown as sent."""
    stores = mka1_client.llm.vector_stores
    one, other = upload("one").id, upload("other").id
    sizes: Any = {"type": "static", "static": {"max_chunk_size_tokens": 300, "chunk_overlap_tokens": 30}}
    files: Any = [{"file_id": one, "attributes": {"n": 1}, "chunking_strategy": sizes}, {"file_id": other}]
    made = stores.create_file_batch(vector_store_id=store, files=files, **me)
    assert (made.vector_store_id, made.file_counts.total) == (store, 2)
    openai_client.vector_stores.file_batches.poll(made.id, vector_store_id=store)
    done = stores.get_file_batch(vector_store_id=store, batch_id=made.id, **me)
    assert (done.status, done.file_counts.completed, done.file_counts.in_progress) == ("completed", 2, 0)
    rows = stores.list_files_in_batch(vector_store_id=store, batch_id=made.id, order="asc", **me).data
    assert [(row.id, row.attributes) for row in rows] == [(one, {"n": 1}), (other, {})]
    assert rows[0].model_dump()["chunking_strategy"] == sizes
    again = stores.cancel_file_batch(vector_store_id=store, batch_id=made.id, **me)
    assert again == done


def test_skip_duplicates(
    mka1_client: SDK, me: dict[str, Any], openai_client: OpenAI, upload: Upload, attached: Attached, store: str
) -> None:
    """With `skip_duplicates`, a file whose bytes are already in the store is recorded as cancelled, and names the
    holder.
    """
    stores = mka1_client.llm.vector_stores
    holder, twin, new = (
        attached(store, "same bytes", "a.txt").id,
        upload("same bytes", "b.txt").id,
        upload("new bytes", "c.txt").id,
    )
    made = stores.create_file_batch(vector_store_id=store, file_ids=[twin, new], skip_duplicates=True, **me)
    openai_client.vector_stores.file_batches.poll(made.id, vector_store_id=store)
    done = stores.get_file_batch(vector_store_id=store, batch_id=made.id, **me)
    assert (done.status, done.file_counts.completed, done.file_counts.cancelled) == ("completed", 1, 1)
    skipped = stores.get_file(vector_store_id=store, file_id=twin, **me)
    assert skipped.status == "cancelled"
    assert skipped.last_error is not None
    assert skipped.last_error.code == "duplicate_file"
    assert holder in skipped.last_error.message
    found = stores.search(vector_store_id=store, query="same bytes", **me)
    assert {hit.file_id for hit in found.data} == {holder, new}


def test_search(mka1_client: SDK, me: dict[str, Any], attached: Attached, store: str) -> None:
    """One query or several, filters with the client's floats, ranking: the client accepts every answer."""
    stores = mka1_client.llm.vector_stores
    owl = attached(store, "the owl flies at night", "owl.txt", attributes={"legs": 2, "bird": True}).id
    bee = attached(store, "a bee makes honey", "bee.txt", attributes={"legs": 6, "bird": False}).id
    found = stores.search(vector_store_id=store, query="owl at night", max_num_results=1, **me)
    assert (found.search_query, found.has_more, found.next_page) == ("owl at night", False, None)
    hit = found.data[0]
    assert (hit.file_id, hit.filename, hit.attributes) == (owl, "owl.txt", {"legs": 2, "bird": True})
    assert [item.text for item in hit.content] == ["the owl flies at night"]
    several = stores.search(vector_store_id=store, query=["owl", "honey"], **me)
    assert several.search_query == "owl\nhoney"
    assert {each.file_id for each in several.data} == {owl, bee}
    filters: list[tuple[Any, list[str]]] = [
        ({"type": "eq", "key": "legs", "value": 6}, [bee]),
        (
            {
                "type": "and",
                "filters": [{"type": "gt", "key": "legs", "value": 1}, {"type": "eq", "key": "bird", "value": True}],
            },
            [owl],
        ),
        ({"type": "in", "key": "legs", "value": [2, 4]}, [owl]),
    ]
    for filter_, expected in filters:
        assert [
            each.file_id for each in stores.search(vector_store_id=store, query="animal", filters=filter_, **me).data
        ] == expected
    strict = stores.search(
        vector_store_id=store,
        query="owl at night",
        ranking_options={"ranker": "none", "score_threshold": hit.score},
        **me,
    )
    assert {each.file_id for each in strict.data} <= {owl}


def test_end_users_are_apart(
    mka1_client: SDK,
    me: dict[str, Any],
    openai_client: OpenAI,
    upload: Upload,
    attached: Attached,
    store: str,
    user: str,
) -> None:
    """A store of one end user does not exist for another, in any operation, and its files cannot be attached
    elsewhere.
    """
    stores = mka1_client.llm.vector_stores
    file = attached(store, "mine").id
    batch = openai_client.vector_stores.file_batches.create(store, file_ids=[file]).id
    other: dict[str, Any] = {"x_on_behalf_of": f"{user}-other"}
    theirs = stores.create(**other).id
    at_store: dict[str, Any] = {"vector_store_id": store, **other}
    at_file, at_batch = {**at_store, "file_id": file}, {**at_store, "batch_id": batch}
    calls: list[Any] = [
        lambda: stores.get(**at_store),
        lambda: stores.update(name="x", **at_store),
        lambda: stores.delete(**at_store),
        lambda: stores.search(query="mine", **at_store),
        lambda: stores.list_files(**at_store),
        lambda: stores.create_file(**at_file),
        lambda: stores.get_file(**at_file),
        lambda: stores.update_file(attributes={}, **at_file),
        lambda: stores.delete_file(**at_file),
        lambda: stores.get_file_content(**at_file),
        lambda: stores.create_file_batch(file_ids=[file], **at_store),
        lambda: stores.get_file_batch(**at_batch),
        lambda: stores.cancel_file_batch(**at_batch),
        lambda: stores.list_files_in_batch(**at_batch),
        lambda: stores.create_file(vector_store_id=theirs, file_id=file, **other),
        lambda: stores.create_file_batch(vector_store_id=theirs, file_ids=[file], **other),
        lambda: stores.create(file_ids=[file], **other),
    ]
    for call in calls:
        with pytest.raises(SDKDefaultError) as caught:
            call()
        assert caught.value.status_code == 404
    assert [each.id for each in stores.list(**other).data] == [theirs]
    assert stores.get(vector_store_id=theirs, **other).file_counts.total == 0
    assert stores.get(vector_store_id=store, **me).name == "test"
    assert stores.get(vector_store_id=store).id == store
    assert stores.search(vector_store_id=store, query="mine", **me).data[0].file_id == file
