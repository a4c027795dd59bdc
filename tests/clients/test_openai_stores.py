"""`openai` and vector stores."""

from __future__ import annotations

import re
import time
from typing import Any
from unittest.mock import ANY

import openai
import pytest
from openai import OpenAI

from tests.clients.conftest import Upload

COUNTS = {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0}


def test_create_shows_the_store_field_by_field(openai_client: OpenAI) -> None:
    """A store that was created without options has every field of OpenAI's and of MKA1's object."""
    before = int(time.time())
    answer = openai_client.vector_stores.with_raw_response.create()
    shown = answer.http_response.json()
    assert shown == {
        "id": ANY,
        "object": "vector_store",
        "created_at": ANY,
        "name": None,
        "description": None,
        "usage_bytes": 0,
        "file_counts": COUNTS,
        "status": "completed",
        "expires_after": None,
        "expires_at": None,
        "last_active_at": ANY,
        "last_used_at": None,
        "metadata": {},
        "embedding_model": ANY,
        "embedding_dimensions": ANY,
        "retrieval_mode": "vector",
    }
    assert re.fullmatch(r"vs_[0-9a-f]{32}", shown["id"])
    assert before - 60 <= shown["created_at"] == shown["last_active_at"] <= time.time() + 60
    assert re.fullmatch(r"\w+:.+", shown["embedding_model"])
    assert shown["embedding_dimensions"] > 0
    assert openai_client.vector_stores.retrieve(shown["id"]).to_dict() == shown


def test_everything_that_is_asked_for_is_kept(openai_client: OpenAI) -> None:
    """Name, description, metadata and expiry come back as given."""
    metadata = {"department": "engineering", "größe": "数"}
    made = openai_client.vector_stores.create(
        name="Näme",
        description="What is in it",
        metadata=metadata,
        expires_after={"anchor": "last_active_at", "days": 30},
    )
    shown = openai_client.vector_stores.retrieve(made.id)
    assert (shown.name, shown.metadata, shown.to_dict()["description"]) == ("Näme", metadata, "What is in it")
    assert shown.expires_after is not None
    assert shown.last_active_at is not None
    assert shown.expires_after.to_dict() == {"anchor": "last_active_at", "days": 30}
    assert shown.expires_at == shown.last_active_at + 30 * 86_400


def test_null_metadata_is_an_empty_map(openai_client: OpenAI) -> None:
    """`metadata: null`, which the client sends, means no metadata."""
    assert openai_client.vector_stores.create(metadata=None).metadata == {}


def test_store_with_files_counts_them_from_the_first_answer(openai_client: OpenAI, upload: Upload) -> None:
    """A store that is created with files says `in_progress` with all of them, and completes with their text in it."""
    files = [upload(text, f"{text}.txt").id for text in ("badger", "lynx", "marten")]
    made = openai_client.vector_stores.create(file_ids=files)
    assert made.file_counts.total == 3
    assert made.status == ("in_progress" if made.file_counts.in_progress else "completed")
    for file in files:
        assert openai_client.vector_stores.files.poll(file, vector_store_id=made.id).status == "completed"
    shown = openai_client.vector_stores.retrieve(made.id)
    assert shown.file_counts.to_dict() == {**COUNTS, "completed": 3, "total": 3}
    assert (shown.status, shown.usage_bytes) == ("completed", len("badger" + "lynx" + "marten"))
    assert openai_client.vector_stores.search(made.id, query="lynx").data[0].file_id == files[1]


def test_chunking_of_a_new_store_is_for_its_files(openai_client: OpenAI, upload: Upload) -> None:
    """`chunking_strategy` of a creation applies to its `file_ids`."""
    file = upload("word " * 150)
    sizes: Any = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 20}}
    store = openai_client.vector_stores.create(file_ids=[file.id], chunking_strategy=sizes)
    row = openai_client.vector_stores.files.poll(file.id, vector_store_id=store.id)
    assert row.chunking_strategy is not None
    assert row.chunking_strategy.to_dict() == sizes


def test_store_of_unknown_files_is_not_made(openai_client: OpenAI, upload: Upload) -> None:
    """One unknown file among others: a 404 that names it, and no store is created."""
    with pytest.raises(openai.NotFoundError, match="No such File object: file-unknown") as caught:
        openai_client.vector_stores.create(file_ids=[upload("hello").id, "file-unknown"])
    assert caught.value.param == "file_ids"
    assert openai_client.vector_stores.list().data == []


def test_update_changes_what_is_given(openai_client: OpenAI) -> None:
    """Fields that an update does not name stay; metadata is replaced as a whole; null clears."""
    store = openai_client.vector_stores.create(
        name="old", metadata={"a": "1"}, expires_after={"anchor": "last_active_at", "days": 1}
    ).id
    renamed = openai_client.vector_stores.update(store, name="new")
    assert (renamed.name, renamed.metadata) == ("new", {"a": "1"})
    assert renamed.expires_after
    assert openai_client.vector_stores.update(store, metadata={"b": "2"}).metadata == {"b": "2"}
    cleared = openai_client.vector_stores.update(store, name=None, expires_after=None, metadata=None)
    shown = cleared.to_dict()
    assert [shown[field] for field in ("name", "expires_after", "expires_at", "metadata")] == [None, None, None, {}]
    assert openai_client.vector_stores.retrieve(store).to_dict() == shown


def test_deleted_store_is_gone(openai_client: OpenAI, upload: Upload, store: str) -> None:
    """A deleted store answers 404 to everything; its files stay."""
    file = upload("hello").id
    openai_client.vector_stores.files.create_and_poll(file, vector_store_id=store)
    deleted = openai_client.vector_stores.delete(store)
    assert deleted.to_dict() == {"id": store, "object": "vector_store.deleted", "deleted": True}
    calls: list[Any] = [
        lambda: openai_client.vector_stores.retrieve(store),
        lambda: openai_client.vector_stores.update(store, name="x"),
        lambda: openai_client.vector_stores.delete(store),
        lambda: openai_client.vector_stores.search(store, query="hello"),
        lambda: openai_client.vector_stores.files.create(store, file_id=file),
        lambda: openai_client.vector_stores.files.list(store),
        lambda: openai_client.vector_stores.files.retrieve(file, vector_store_id=store),
        lambda: openai_client.vector_stores.files.content(file, vector_store_id=store),
        lambda: openai_client.vector_stores.files.delete(file, vector_store_id=store),
        lambda: openai_client.vector_stores.file_batches.create(store, file_ids=[file]),
    ]
    for call in calls:
        with pytest.raises(openai.NotFoundError, match=f"No vector store found with id '{store}'.") as caught:
            call()
        assert (caught.value.param, caught.value.code) == ("vector_store_id", None)
    assert openai_client.vector_stores.list().data == []
    assert openai_client.files.retrieve(file).id == file


def test_use_moves_last_active_at(openai_client: OpenAI, store: str) -> None:
    """A search is a use: `last_used_at` is set, and activity never moves back."""
    made: Any = openai_client.vector_stores.retrieve(store)
    openai_client.vector_stores.search(store, query="anything")
    used: Any = openai_client.vector_stores.retrieve(store)
    assert made.last_used_at is None
    assert used.last_used_at >= used.created_at
    assert used.last_active_at >= made.last_active_at


def test_model_and_dimensions_can_be_chosen(openai_client: OpenAI, store: str) -> None:
    """The store names its model; the same model can be chosen by name, and OpenAI's clients may send MKA1's fields."""
    default = openai_client.vector_stores.retrieve(store).to_dict()
    chosen = openai_client.vector_stores.create(extra_body={"embedding_model": default["embedding_model"]}).to_dict()
    assert chosen["embedding_model"] == default["embedding_model"]
    assert chosen["embedding_dimensions"] == default["embedding_dimensions"]
    with pytest.raises(openai.BadRequestError) as caught:
        openai_client.vector_stores.create(extra_body={"embedding_model": "none:such"})
    assert caught.value.param == "embedding_model"
    assert str(default["embedding_model"]) in caught.value.message
