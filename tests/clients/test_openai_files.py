"""`openai` and uploaded files."""

from __future__ import annotations

import hashlib
import random
import re
from typing import Any
from unittest.mock import ANY

import openai
import pytest
from openai import OpenAI

from tests.clients.conftest import Upload

CONTENTS = [
    ("plain.txt", b"hello", "text/plain; charset=utf-8"),
    ("page.html", b"<p>hello</p>", "text/html; charset=utf-8"),
    ("table.csv", b"a,b\n1,2\n", "text/csv; charset=utf-8"),
    ("data.json", b'{"a": 1}', "application/json"),
    ("paper.pdf", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n\x00\xff", "application/pdf"),
    ("picture.png", bytes(range(256)) * 3, "image/png"),
    ("no extension", "grüße".encode(), "text/plain; charset=utf-8"),
    ("code.rs", b"fn main() {}", "text/plain; charset=utf-8"),
    ("empty.txt", b"", "text/plain; charset=utf-8"),
    ("archive.zip", b"PK\x03\x04\x00\xff", "application/zip"),
    ("unknown.bin", bytes(range(256)), "application/octet-stream"),
]


def test_upload_shows_the_file_field_by_field(openai_client: OpenAI) -> None:
    """An uploaded file has every field of OpenAI's object, and its sha256; it is processed immediately."""
    answer = openai_client.files.with_raw_response.create(file=("Größe 数.txt", "hällo".encode()), purpose="user_data")
    shown = answer.http_response.json()
    assert shown == {
        "id": ANY,
        "object": "file",
        "bytes": 6,
        "created_at": ANY,
        "expires_at": None,
        "filename": "Größe 数.txt",
        "purpose": "user_data",
        "status": "processed",
        "status_details": None,
        "sha256": hashlib.sha256("hällo".encode()).hexdigest(),
    }
    assert re.fullmatch(r"file-[0-9A-Za-z]{22}", shown["id"])
    assert isinstance(shown["created_at"], int)
    assert answer.headers["content-type"] == "application/json"
    assert re.fullmatch(r"req_[0-9a-f]{32}", answer.headers["x-request-id"])
    file = openai_client.files.retrieve(shown["id"])
    assert file.to_dict() == shown
    assert file._request_id


@pytest.mark.parametrize("purpose", ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"])
def test_every_purpose_is_kept(upload: Upload, purpose: str) -> None:
    """Each of OpenAI's purposes is accepted; only `batch` makes a file expire, after 30 days."""
    file = upload("hello", purpose=purpose)
    assert file.purpose == purpose
    assert file.expires_at == (file.created_at + 30 * 86_400 if purpose == "batch" else None)


def test_expiry_is_as_asked(upload: Upload) -> None:
    """`expires_after` sets when a file expires, to the second."""
    file = upload("hello", expires_after={"anchor": "created_at", "seconds": 3600})
    assert file.expires_at == file.created_at + 3600


@pytest.mark.parametrize(("name", "content", "content_type"), CONTENTS)
def test_download_is_what_was_uploaded(
    openai_client: OpenAI, upload: Upload, name: str, content: bytes, content_type: str
) -> None:
    """A download has the same bytes, and the real type of the file."""
    downloaded = openai_client.files.content(upload(content, name).id)
    assert downloaded.content == content
    assert downloaded.response.headers["content-type"] == content_type


def test_large_binary_is_the_same_byte_for_byte(openai_client: OpenAI, upload: Upload) -> None:
    """Three megabytes of binary data come back unchanged, even when streamed."""
    content = random.Random(7).randbytes(3_000_000)
    file = upload(content, "large.bin")
    assert file.bytes == len(content)
    with openai_client.files.with_streaming_response.content(file.id) as streamed:
        assert b"".join(streamed.iter_bytes()) == content


def test_raw_bytes_get_a_name(openai_client: OpenAI) -> None:
    """Bytes without a filename are accepted; the client calls them `upload`."""
    file = openai_client.files.create(file=b"hello", purpose="assistants")
    assert file.filename == "upload"
    assert openai_client.files.content(file.id).text == "hello"


def test_wait_for_processing_returns_at_once(openai_client: OpenAI, upload: Upload) -> None:
    """The client's helper has nothing to wait for."""
    file = openai_client.files.wait_for_processing(upload("hello").id, max_wait_seconds=1)
    assert file.status == "processed"


def test_deleted_file_is_gone(openai_client: OpenAI, upload: Upload) -> None:
    """A deleted file is in no list and cannot be read, and a second deletion says so."""
    file, other = upload("hello"), upload("other")
    assert openai_client.files.delete(file.id).to_dict() == {"id": file.id, "object": "file", "deleted": True}
    assert [each.id for each in openai_client.files.list()] == [other.id]
    calls: list[Any] = [openai_client.files.retrieve, openai_client.files.content, openai_client.files.delete]
    for call in calls:
        with pytest.raises(openai.NotFoundError) as caught:
            call(file.id)
        assert (caught.value.param, caught.value.code) == ("id", None)
        assert f"No such File object: {file.id}" in caught.value.message


def test_deleted_file_leaves_every_store(openai_client: OpenAI, upload: Upload) -> None:
    """Deleting a file detaches it everywhere: no search finds it, no store counts it."""
    file = upload("the heron stands in the reeds")
    stores = [openai_client.vector_stores.create().id for _ in range(2)]
    for store in stores:
        openai_client.vector_stores.files.create_and_poll(file.id, vector_store_id=store)
        assert openai_client.vector_stores.search(store, query="heron").data
    openai_client.files.delete(file.id)
    for store in stores:
        assert openai_client.vector_stores.search(store, query="heron").data == []
        assert openai_client.vector_stores.files.list(store).data == []
        assert openai_client.vector_stores.retrieve(store).file_counts.total == 0
        with pytest.raises(openai.NotFoundError):
            openai_client.vector_stores.files.retrieve(file.id, vector_store_id=store)


def test_list_filters_by_purpose(openai_client: OpenAI, upload: Upload) -> None:
    """`purpose` filters the list, across pages too."""
    mine = [upload("x", purpose=purpose).id for purpose in ("user_data", "vision", "user_data", "vision", "user_data")][
        ::2
    ]
    listed = openai_client.files.list(purpose="user_data", limit=1, order="asc")
    assert [file.id for file in listed] == mine
    assert openai_client.files.list(purpose="evals").data == []


def test_content_as_text(openai_client: OpenAI, upload: Upload) -> None:
    """The older method for a file's content returns its text."""
    with pytest.warns(DeprecationWarning, match="content"):
        assert openai_client.files.retrieve_content(upload("a fox").id) == "a fox"
