"""`openai` and files in a vector store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import ANY

import openai
import pytest
from openai import OpenAI

from tests.clients.conftest import Attached, Upload, new_text

AUTO = {"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}}


def test_attach_shows_the_file_field_by_field(
    openai_client: OpenAI, upload: Upload, store: str, embedding_held: Callable[[], None]
) -> None:
    """From attach to completion a file in a store has every field; while it is in progress, GET says when to poll
    again.
    """
    file = upload(new_text("grüße"), "gruß.txt")
    answer = openai_client.vector_stores.files.with_raw_response.create(store, file_id=file.id)
    shown = answer.http_response.json()
    assert shown == {
        "id": file.id,
        "object": "vector_store.file",
        "usage_bytes": 0,
        "created_at": ANY,
        "vector_store_id": store,
        "status": "in_progress",
        "last_error": None,
        "chunking_strategy": AUTO,
        "attributes": {},
        "filename": "gruß.txt",
        "chunk_count": ANY,
        "processed_chunk_count": ANY,
        "page_count": None,
        "processed_page_count": ANY,
        "warnings": [],
    }
    asked = openai_client.vector_stores.files.with_raw_response.retrieve(file.id, vector_store_id=store)
    if asked.parse().status == "in_progress":
        assert 0 < int(asked.headers["openai-poll-after-ms"]) <= 1000
    embedding_held()
    openai_client.vector_stores.files.poll(file.id, vector_store_id=store)
    done = openai_client.vector_stores.files.with_raw_response.retrieve(file.id, vector_store_id=store)
    assert "openai-poll-after-ms" not in done.headers
    assert done.http_response.json() == {
        **shown,
        "status": "completed",
        "usage_bytes": file.bytes,
        "chunk_count": 1,
        "processed_chunk_count": 1,
        "processed_page_count": None,
    }


def test_upload_and_poll(openai_client: OpenAI, store: str) -> None:
    """One call of the client from bytes to searchable."""
    row = openai_client.vector_stores.files.upload_and_poll(
        vector_store_id=store, file=("owl.txt", b"the owl hunts at night")
    )
    assert row.status == "completed"
    found = openai_client.vector_stores.search(store, query="owl")
    assert [(hit.file_id, hit.filename) for hit in found.data] == [(row.id, "owl.txt")]


def test_settings_come_back_as_given(openai_client: OpenAI, upload: Upload, store: str) -> None:
    """Attributes of every type and static sizes come back as given, and numbers keep their type."""
    attributes: dict[str, Any] = {"text": "grün", "whole": 7, "part": 0.25, "yes": True, "no": False, "zero": 0}
    sizes: Any = {"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 0}}
    file = upload("hello").id
    openai_client.vector_stores.files.create_and_poll(
        file, vector_store_id=store, attributes=attributes, chunking_strategy=sizes
    )
    shown = openai_client.vector_stores.files.with_raw_response.retrieve(
        file, vector_store_id=store
    ).http_response.json()
    assert shown["attributes"] == attributes
    assert [type(value) for value in shown["attributes"].values()] == [str, int, float, bool, bool, int]
    assert shown["chunking_strategy"] == sizes
    assert openai_client.vector_stores.search(store, query="hello").data[0].attributes == attributes


def test_static_sizes_are_really_applied(openai_client: OpenAI, upload: Upload, store: str) -> None:
    """300 one-token words in chunks of 100 with an overlap of 50: every chunk has the right words, and nothing is
    lost.
    """
    words = [f" {word}" for word in ("red", "green", "blue", "white", "black") for _ in range(60)]
    sizes: Any = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50}}
    file = upload("".join(words))
    row = openai_client.vector_stores.files.create_and_poll(file.id, vector_store_id=store, chunking_strategy=sizes)
    texts = [
        hit.content[0].text
        for hit in openai_client.vector_stores.search(store, query="red green", max_num_results=50).data
    ]
    lengths = sorted(len(text.split()) for text in texts)
    assert len(texts) == row.to_dict()["chunk_count"] == 5
    assert lengths == [100] * 5
    for colour in ("red", "green", "blue", "white", "black"):
        assert sum(text.split().count(colour) for text in texts) >= 60
    # Without overlap the same text makes three chunks, and the old ones no longer serve.
    sizes["static"]["chunk_overlap_tokens"] = 0
    openai_client.vector_stores.files.create_and_poll(file.id, vector_store_id=store, chunking_strategy=sizes)
    again = openai_client.vector_stores.search(store, query="red green", max_num_results=50).data
    assert sorted(len(hit.content[0].text.split()) for hit in again) == [100] * 3
    assert "".join(sorted(" ".join(hit.content[0].text.split()) for hit in again)).count("blue") == 60


def test_attributes_are_replaced_as_a_whole(openai_client: OpenAI, attached: Attached, store: str) -> None:
    """An update replaces the map, null empties it, and search shows it immediately."""
    file = attached(store, "hello", attributes={"a": 1, "b": 2}).id
    assert openai_client.vector_stores.files.update(file, vector_store_id=store, attributes={"c": "x"}).attributes == {
        "c": "x"
    }
    assert openai_client.vector_stores.files.retrieve(file, vector_store_id=store).attributes == {"c": "x"}
    assert openai_client.vector_stores.search(store, query="hello").data[0].attributes == {"c": "x"}
    assert openai_client.vector_stores.files.update(file, vector_store_id=store, attributes=None).attributes == {}


def test_content_is_what_was_indexed(openai_client: OpenAI, attached: Attached, store: str) -> None:
    """The text of a file in a store can be read back, in OpenAI's form."""
    file = attached(store, "Zeile eins\n数 ist eine Zahl\n", "zwei.txt").id
    answer = openai_client.vector_stores.files.with_raw_response.content(file, vector_store_id=store)
    assert answer.http_response.json() == {
        "object": "vector_store.file_content.page",
        "data": [{"type": "text", "text": ANY}],
        "has_more": False,
        "next_page": None,
    }
    assert [(each.text or "").strip() for each in answer.parse()] == ["Zeile eins\n数 ist eine Zahl"]


@pytest.mark.parametrize(
    ("name", "content", "code", "says"),
    [
        ("empty.txt", b"", "invalid_file", "empty"),
        ("blank.txt", b" \n\t\n", "invalid_file", "empty"),
        ("binary.txt", bytes(range(256)) * 8, "invalid_file", "not text"),
        ("binary.bin", bytes(range(256)) * 8, "unsupported_file", "not text"),
        ("broken.pdf", b"%PDF-1.7\nnothing that a reader could use", "invalid_file", "pdf"),
    ],
)
def test_unreadable_file_fails_with_its_reason(
    openai_client: OpenAI, upload: Upload, store: str, name: str, content: bytes, code: str, says: str
) -> None:
    """A file without text ends as `failed`, with a code and a sentence, is counted so, and is in no search."""
    row = openai_client.vector_stores.files.create_and_poll(upload(content, name).id, vector_store_id=store)
    assert row.status == "failed"
    assert row.last_error is not None
    assert row.last_error.code == code
    assert says in row.last_error.message.lower()
    assert row.last_error.message.endswith(".")
    assert openai_client.vector_stores.retrieve(store).file_counts.to_dict() == {
        "in_progress": 0,
        "completed": 0,
        "failed": 1,
        "cancelled": 0,
        "total": 1,
    }
    assert openai_client.vector_stores.search(store, query="nothing").data == []


def test_attaching_again_is_one_file(openai_client: OpenAI, attached: Attached, store: str) -> None:
    """A second attach ingests again with the new settings: same row, same place, total 1."""
    file = attached(store, "hello", attributes={"n": 1})
    first = openai_client.vector_stores.files.retrieve(file.id, vector_store_id=store)
    again = openai_client.vector_stores.files.create_and_poll(file.id, vector_store_id=store, attributes={"n": 2})
    assert (again.status, again.attributes, again.created_at) == ("completed", {"n": 2}, first.created_at)
    assert openai_client.vector_stores.retrieve(store).file_counts.total == 1
    assert len(openai_client.vector_stores.search(store, query="hello").data) == 1


def test_same_content_may_be_there_twice(openai_client: OpenAI, attached: Attached, store: str) -> None:
    """Two files with the same bytes are both found."""
    files = {attached(store, "the same words", name).id for name in ("a.txt", "b.txt")}
    assert {hit.file_id for hit in openai_client.vector_stores.search(store, query="words").data} == files


def test_detached_file_is_gone(openai_client: OpenAI, attached: Attached, store: str) -> None:
    """After a detach no search finds the file, the total is one less, and a second detach is a 404; the uploaded file
    stays.
    """
    file, other = attached(store, "heron heron"), attached(store, "heron and egret")
    deleted = openai_client.vector_stores.files.delete(file.id, vector_store_id=store)
    assert deleted.to_dict() == {"id": file.id, "object": "vector_store.file.deleted", "deleted": True}
    assert [hit.file_id for hit in openai_client.vector_stores.search(store, query="heron").data] == [other.id]
    assert openai_client.vector_stores.retrieve(store).file_counts.total == 1
    calls: list[Any] = [
        openai_client.vector_stores.files.retrieve,
        openai_client.vector_stores.files.content,
        openai_client.vector_stores.files.delete,
    ]
    for call in calls:
        with pytest.raises(
            openai.NotFoundError, match=f"No file found with id '{file.id}' in vector store '{store}'."
        ) as caught:
            call(file.id, vector_store_id=store)
        assert caught.value.param == "file_id"
    with pytest.raises(openai.NotFoundError):
        openai_client.vector_stores.files.update(file.id, vector_store_id=store, attributes={})
    assert openai_client.files.retrieve(file.id).id == file.id


def test_unknown_file_cannot_be_attached(openai_client: OpenAI, store: str) -> None:
    """Attaching an unknown file is a 404 that names it; the store stays empty."""
    with pytest.raises(openai.NotFoundError, match="No such File object: file-unknown") as caught:
        openai_client.vector_stores.files.create(store, file_id="file-unknown")
    assert caught.value.param == "file_id"
    assert openai_client.vector_stores.retrieve(store).file_counts.total == 0


def test_upload_without_waiting(openai_client: OpenAI, store: str) -> None:
    """`files.upload` uploads and attaches in one call, and does not wait for the end."""
    files = openai_client.vector_stores.files
    row = openai_client.vector_stores.files.upload(vector_store_id=store, file=("a.txt", b"a fox"))
    assert row.status in ("in_progress", "completed")
    assert files.poll(row.id, vector_store_id=store).status == "completed"
