"""`openai` and file batches."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from unittest.mock import ANY

import openai
import pytest
from openai import OpenAI

from tests.clients.conftest import Upload, new_text


def counts(**some: int) -> dict[str, int]:
    return {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": sum(some.values()), **some}


def test_batch_counts_all_from_the_first_answer(
    openai_client: OpenAI, upload: Upload, store: str, embedding_held: Callable[[], None]
) -> None:
    """The first answer says `in_progress: n of n`, every GET until the end says when to poll again, and the end is
    `completed`.
    """
    files = [upload(new_text()).id for _ in range(4)]
    created = openai_client.vector_stores.file_batches.with_raw_response.create(store, file_ids=files)
    shown = created.http_response.json()
    assert shown == {
        "id": ANY,
        "object": "vector_store.file_batch",
        "created_at": ANY,
        "vector_store_id": store,
        "status": "in_progress",
        "file_counts": counts(in_progress=4),
    }
    assert re.fullmatch(r"vsfb_[0-9a-f]{32}", shown["id"])
    asked = openai_client.vector_stores.file_batches.with_raw_response.retrieve(shown["id"], vector_store_id=store)
    if asked.parse().file_counts.in_progress:
        assert 0 < int(asked.headers["openai-poll-after-ms"]) <= 1000
    embedding_held()
    openai_client.vector_stores.file_batches.poll(shown["id"], vector_store_id=store)
    done = openai_client.vector_stores.file_batches.with_raw_response.retrieve(shown["id"], vector_store_id=store)
    assert done.http_response.json() == {**shown, "status": "completed", "file_counts": counts(completed=4)}
    assert "openai-poll-after-ms" not in done.headers
    assert openai_client.vector_stores.retrieve(store).file_counts.to_dict() == counts(completed=4)


def test_create_and_poll(openai_client: OpenAI, upload: Upload, store: str) -> None:
    """Settings of the batch apply to each of its `file_ids`; an id that occurs twice counts once."""
    files = [upload(f"text {n}").id for n in range(3)]
    sizes: Any = {"type": "static", "static": {"max_chunk_size_tokens": 300, "chunk_overlap_tokens": 30}}
    batch = openai_client.vector_stores.file_batches.create_and_poll(
        store, file_ids=[*files, files[0]], attributes={"n": 1, "x": True}, chunking_strategy=sizes
    )
    assert (batch.status, batch.file_counts.to_dict()) == ("completed", counts(completed=3))
    listed = list(openai_client.vector_stores.file_batches.list_files(batch.id, vector_store_id=store, order="asc"))
    assert [row.id for row in listed] == files
    for row in listed:
        assert row.attributes == {"n": 1, "x": True}
        assert row.chunking_strategy is not None
        assert row.chunking_strategy.to_dict() == sizes
        assert row.to_dict() == openai_client.vector_stores.files.retrieve(row.id, vector_store_id=store).to_dict()


def test_upload_and_poll(openai_client: OpenAI, upload: Upload, store: str) -> None:
    """The client uploads several files in parallel and waits for them and for files that were uploaded before."""
    known = upload("known").id
    batch = openai_client.vector_stores.file_batches.upload_and_poll(
        store, files=[(f"{n}.txt", f"number {n}".encode()) for n in range(5)], file_ids=[known]
    )
    assert (batch.status, batch.file_counts.to_dict()) == ("completed", counts(completed=6))
    names = {row.to_dict()["filename"] for row in openai_client.vector_stores.files.list(store)}
    assert names == {"note.txt", *(f"{n}.txt" for n in range(5))}


def test_each_of_files_has_its_own_settings(openai_client: OpenAI, upload: Upload, store: str) -> None:
    """With `files` the settings of the batch are ignored, even for a file without settings."""
    one, other = upload("one").id, upload("other").id
    sizes: Any = {"type": "static", "static": {"max_chunk_size_tokens": 300, "chunk_overlap_tokens": 30}}
    batch = openai_client.vector_stores.file_batches.create_and_poll(
        store,
        files=[{"file_id": one, "attributes": {"own": 1}, "chunking_strategy": sizes}, {"file_id": other}],
        attributes={"global": 1},
    )
    assert batch.file_counts.to_dict() == counts(completed=2)
    rows = {row.id: row for row in openai_client.vector_stores.files.list(store)}
    assert (rows[one].attributes, rows[other].attributes) == ({"own": 1}, {})
    chunking: list[Any] = [rows[each].to_dict()["chunking_strategy"] for each in (one, other)]
    assert [each["static"]["max_chunk_size_tokens"] for each in chunking] == [300, 800]


def test_batch_with_failures(openai_client: OpenAI, upload: Upload, store: str) -> None:
    """If some failed: `completed` with correct counts, and a filter finds them. If all failed: `failed`."""
    good, bad, worse = upload("good").id, upload(b"", "empty.txt").id, upload(bytes(range(256)) * 8, "binary.txt").id
    some = openai_client.vector_stores.file_batches.create_and_poll(store, file_ids=[good, bad])
    assert (some.status, some.file_counts.to_dict()) == ("completed", counts(completed=1, failed=1))
    failed = openai_client.vector_stores.file_batches.list_files(some.id, vector_store_id=store, filter="failed")
    assert [(row.id, row.last_error and row.last_error.code) for row in failed] == [(bad, "invalid_file")]
    every = openai_client.vector_stores.file_batches.create_and_poll(store, file_ids=[worse])
    assert (every.status, every.file_counts.to_dict()) == ("failed", counts(failed=1))


def test_cancelled_batch_stays_cancelled(
    openai_client: OpenAI, upload: Upload, store: str, embedding_held: Callable[[], None]
) -> None:
    """A cancel is final: nothing of the batch is found later, and a second cancel changes nothing."""
    files = [upload(new_text("otter")).id for _ in range(3)]
    batch = openai_client.vector_stores.file_batches.create(store, file_ids=files)
    openai_client.vector_stores.file_batches.cancel(batch.id, vector_store_id=store)
    embedding_held()
    ended = openai_client.vector_stores.file_batches.poll(batch.id, vector_store_id=store)
    assert (ended.status, ended.file_counts.to_dict()) == ("cancelled", counts(cancelled=3))
    assert [row.status for row in openai_client.vector_stores.files.list(store)] == ["cancelled"] * 3
    # Another file passes through the same workers, so theirs had their turn.
    openai_client.vector_stores.files.create_and_poll(upload("otter at last").id, vector_store_id=store)
    texts = [hit.content[0].text for hit in openai_client.vector_stores.search(store, query="otter").data]
    assert [text.strip() for text in texts] == ["otter at last"]
    again = openai_client.vector_stores.file_batches.cancel(batch.id, vector_store_id=store)
    assert again.to_dict() == ended.to_dict()


def test_cancel_after_the_end_changes_nothing(openai_client: OpenAI, upload: Upload, store: str) -> None:
    """Completed files stay completed and found."""
    batch = openai_client.vector_stores.file_batches.create_and_poll(store, file_ids=[upload("otter").id])
    after = openai_client.vector_stores.file_batches.cancel(batch.id, vector_store_id=store)
    assert (after.status, after.file_counts.to_dict()) == ("completed", counts(completed=1))
    assert openai_client.vector_stores.search(store, query="otter").data


def test_detached_file_leaves_the_list_but_not_the_count(openai_client: OpenAI, upload: Upload, store: str) -> None:
    """A batch keeps its total; its list leaves out detached files."""
    files = [upload(f"text {n}").id for n in range(3)]
    batch = openai_client.vector_stores.file_batches.create_and_poll(store, file_ids=files)
    openai_client.vector_stores.files.delete(files[1], vector_store_id=store)
    listed = openai_client.vector_stores.file_batches.list_files(batch.id, vector_store_id=store, order="asc")
    assert [row.id for row in listed] == [files[0], files[2]]
    kept = openai_client.vector_stores.file_batches.retrieve(batch.id, vector_store_id=store)
    assert (kept.status, kept.file_counts.to_dict()) == ("completed", counts(completed=3))
    assert openai_client.vector_stores.retrieve(store).file_counts.total == 2


def test_batch_of_unknown_files_attaches_nothing(openai_client: OpenAI, upload: Upload, store: str) -> None:
    """One unknown file among others: 404 that names it, and nothing is attached."""
    with pytest.raises(openai.NotFoundError, match="No such File object: file-unknown") as caught:
        openai_client.vector_stores.file_batches.create(store, file_ids=[upload("hello").id, "file-unknown"])
    assert caught.value.param == "file_ids"
    assert openai_client.vector_stores.files.list(store).data == []


def test_batch_belongs_to_its_store(openai_client: OpenAI, upload: Upload, store: str) -> None:
    """A batch does not exist in another store."""
    batch = openai_client.vector_stores.file_batches.create_and_poll(store, file_ids=[upload("hello").id])
    other = openai_client.vector_stores.create().id
    calls: list[Any] = [
        openai_client.vector_stores.file_batches.retrieve,
        openai_client.vector_stores.file_batches.cancel,
        openai_client.vector_stores.file_batches.list_files,
    ]
    for call in calls:
        with pytest.raises(openai.NotFoundError, match=f"No file batch found with id '{batch.id}'") as caught:
            call(batch.id, vector_store_id=other)
        assert caught.value.param == "batch_id"
