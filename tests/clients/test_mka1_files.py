"""`meetkai-mka1` and uploaded files; the client refuses any answer that is not as MKA1 specifies."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from meetkai_mka1 import SDK
from meetkai_mka1.errors import GetFileContentNotFoundError, SDKDefaultError

from tests.clients.conftest import Upload

DOWNLOADS = [
    ("plain.txt", b"hello", "text/plain; charset=utf-8"),
    ("page.html", b"<p>hello</p>", "text/html; charset=utf-8"),
    ("table.csv", b"a,b\n1,2\n", "text/csv; charset=utf-8"),
    ("notes.md", b"# hello", "text/markdown; charset=utf-8"),
    ("code.py", b"print()", "text/x-python; charset=utf-8"),
    ("data.json", b"{}", "application/json"),
    ("paper.pdf", b"%PDF-1.4\n\x00\xff", "application/pdf"),
    ("picture.png", bytes(range(256)), "image/png"),
    ("code.rs", b"fn main() {}", "text/plain; charset=utf-8"),
    ("archive.zip", b"PK\x03\x04\x00\xff", "text/plain"),
    ("unknown.bin", bytes(range(256)), "text/plain"),
]


def test_upload_get_list_delete(mka1_client: SDK, me: dict[str, Any]) -> None:
    """The life of a file; its name is kept in any script, and a list can be filtered by hash."""
    files = mka1_client.llm.files
    uploaded = files.upload(file={"file_name": "Größe 数.txt", "content": "hällo".encode()}, purpose="user_data", **me)
    assert (uploaded.filename, uploaded.bytes_, uploaded.purpose, uploaded.status) == (
        "Größe 数.txt",
        6,
        "user_data",
        "processed",
    )
    assert files.get(file_id=uploaded.id, **me) == uploaded
    other = files.upload(file={"file_name": "b.txt", "content": b"other"}, purpose="assistants", **me)
    assert [each.id for each in files.list(**me).data] == [other.id, uploaded.id]
    assert [each.id for each in files.list(order="asc", limit=1, **me).data] == [uploaded.id]
    assert [each.id for each in files.list(purpose="user_data", **me).data] == [uploaded.id]
    assert [each.id for each in files.list(sha256=hashlib.sha256(b"other").hexdigest(), **me).data] == [other.id]
    deleted = files.delete(file_id=uploaded.id, **me)
    assert (deleted.id, deleted.deleted) == (uploaded.id, True)
    assert [each.id for each in files.list(**me).data] == [other.id]


def test_empty_list(mka1_client: SDK, me: dict[str, Any]) -> None:
    """A user without files gets a list without ids."""
    page = mka1_client.llm.files.list(**me)
    assert (page.data, page.first_id, page.last_id, page.has_more) == ([], "", "", False)


@pytest.mark.parametrize(("name", "content", "content_type"), DOWNLOADS)
def test_download(
    mka1_client: SDK, me: dict[str, Any], upload: Upload, name: str, content: bytes, content_type: str
) -> None:
    """Every download has a type that the client accepts, and the same bytes."""
    answer = mka1_client.llm.files.content(file_id=upload(content, name).id, **me)
    assert answer.read() == content
    assert answer.headers["content-type"] == content_type


def test_download_of_a_missing_file(mka1_client: SDK, me: dict[str, Any]) -> None:
    """The client can read the error of a download, whose code must not be a word."""
    with pytest.raises(GetFileContentNotFoundError, match="No such File object: file-unknown"):
        mka1_client.llm.files.content(file_id="file-unknown", **me)


def test_missing_file(mka1_client: SDK, me: dict[str, Any]) -> None:
    """Other errors carry the whole envelope."""
    for call in (mka1_client.llm.files.get, mka1_client.llm.files.delete):
        with pytest.raises(SDKDefaultError) as caught:
            call(file_id="file-unknown", **me)
        assert caught.value.status_code == 404
        assert json.loads(caught.value.body) == {
            "error": {
                "message": "No such File object: file-unknown",
                "type": "invalid_request_error",
                "param": "id",
                "code": None,
            }
        }


def test_end_users_are_apart(mka1_client: SDK, me: dict[str, Any], upload: Upload, user: str) -> None:
    """A file of one end user does not exist for another; the key without an end user sees it."""
    file = upload("mine").id
    other: dict[str, Any] = {"x_on_behalf_of": f"{user}-other"}
    for call in (mka1_client.llm.files.get, mka1_client.llm.files.content, mka1_client.llm.files.delete):
        with pytest.raises((SDKDefaultError, GetFileContentNotFoundError)) as caught:
            call(file_id=file, **other)
        assert caught.value.status_code == 404
    assert mka1_client.llm.files.list(**other).data == []
    assert mka1_client.llm.files.get(file_id=file).id == file
    assert mka1_client.llm.files.get(file_id=file, **me).id == file
