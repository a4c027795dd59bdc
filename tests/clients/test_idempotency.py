"""`Idempotency-Key`: a repeated request has one effect and the same answer."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests.clients.conftest import Upload

PREFIXES = ["/v1", "/api/v1/llm"]
KEY = {"Idempotency-Key": "once"}


def ok(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(answer: httpx.Response) -> None:
    """The key was used with another body."""
    assert answer.status_code == 409
    assert answer.headers["x-should-retry"] == "false"
    error = answer.json()["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "idempotency_key_reused")


@pytest.mark.parametrize("prefix", PREFIXES)
class TestRepeated:
    """The same key with the same body, then with another one."""

    def test_upload(self, raw: httpx.Client, prefix: str) -> None:
        """One file. Its form may be split into parts differently; only its fields and bytes count."""

        def send(content: bytes, purpose: str = "assistants") -> httpx.Response:
            form: Any = {"files": {"file": ("a.txt", content)}, "data": {"purpose": purpose}}
            return raw.post(f"{prefix}/files", headers=KEY, **form)

        first = ok(send(b"hello"))
        assert ok(send(b"hello")) == first
        refused(send(b"other"))
        refused(send(b"hello", "user_data"))
        assert [file["id"] for file in ok(raw.get(f"{prefix}/files"))["data"]] == [first["id"]]
        assert raw.get(f"{prefix}/files/{first['id']}/content").content == b"hello"

    def test_store(self, raw: httpx.Client, upload: Upload, prefix: str) -> None:
        """One store, whose files are attached once."""
        body = {"name": "once", "file_ids": [upload("hello").id]}
        first = ok(raw.post(f"{prefix}/vector_stores", json=body, headers=KEY))
        again = ok(raw.post(f"{prefix}/vector_stores", json=body, headers=KEY))
        assert (again["id"], again["created_at"], again["file_counts"]["total"]) == (
            first["id"],
            first["created_at"],
            1,
        )
        refused(raw.post(f"{prefix}/vector_stores", json={**body, "name": "twice"}, headers=KEY))
        assert [store["id"] for store in ok(raw.get(f"{prefix}/vector_stores"))["data"]] == [first["id"]]

    def test_attach(self, raw: httpx.Client, openai_client: OpenAI, upload: Upload, store: str, prefix: str) -> None:
        """One attach: a repeat after the file is completed does not ingest again."""
        path, body = f"{prefix}/vector_stores/{store}/files", {"file_id": upload("hello").id}
        ok(raw.post(path, json=body, headers=KEY))
        done = openai_client.vector_stores.files.poll(body["file_id"], vector_store_id=store)
        again = ok(raw.post(path, json=body, headers=KEY))
        assert (again["id"], again["status"], again["created_at"]) == (done.id, "completed", done.created_at)
        refused(raw.post(path, json={**body, "attributes": {"a": 1}}, headers=KEY))
        assert ok(raw.get(f"{path}/{done.id}"))["attributes"] == {}

    def test_batch(self, raw: httpx.Client, openai_client: OpenAI, upload: Upload, store: str, prefix: str) -> None:
        """One batch."""
        path, files = f"{prefix}/vector_stores/{store}/file_batches", [upload("a").id, upload("b").id]
        first = ok(raw.post(path, json={"file_ids": files}, headers=KEY))
        again = ok(raw.post(path, json={"file_ids": files}, headers=KEY))
        assert (again["id"], again["file_counts"]["total"]) == (first["id"], 2)
        refused(raw.post(path, json={"file_ids": files[:1]}, headers=KEY))
        openai_client.vector_stores.file_batches.poll(first["id"], vector_store_id=store)
        assert ok(raw.get(f"{prefix}/vector_stores/{store}"))["file_counts"]["total"] == 2

    def test_update(self, raw: httpx.Client, store: str, prefix: str) -> None:
        """One change: a repeat after a later change does not undo that one."""
        path = f"{prefix}/vector_stores/{store}"
        ok(raw.post(path, json={"name": "first"}, headers=KEY))
        ok(raw.post(path, json={"name": "second"}))
        ok(raw.post(path, json={"name": "first"}, headers=KEY))
        assert ok(raw.get(path))["name"] == "second"
        refused(raw.post(path, json={"name": "third"}, headers=KEY))

    def test_attributes(
        self, raw: httpx.Client, openai_client: OpenAI, upload: Upload, store: str, prefix: str
    ) -> None:
        """One change of attributes: a repeat after a later change does not undo that one."""
        file = upload("hello").id
        openai_client.vector_stores.files.create_and_poll(file, vector_store_id=store)
        path = f"{prefix}/vector_stores/{store}/files/{file}"
        ok(raw.post(path, json={"attributes": {"n": 1}}, headers=KEY))
        ok(raw.post(path, json={"attributes": {"n": 2}}))
        ok(raw.post(path, json={"attributes": {"n": 1}}, headers=KEY))
        assert ok(raw.get(path))["attributes"] == {"n": 2}
        refused(raw.post(path, json={"attributes": {"n": 3}}, headers=KEY))


def test_key_belongs_to_path_and_end_user(raw: httpx.Client, user: str, store: str) -> None:
    """The same key on another path, or of another end user, is a different key; both prefixes are one API."""
    made = ok(raw.post("/v1/vector_stores", json={"name": "a"}, headers=KEY))
    assert ok(raw.post("/api/v1/llm/vector_stores", json={"name": "a"}, headers=KEY))["id"] == made["id"]
    assert ok(raw.post(f"/v1/vector_stores/{store}", json={"name": "b"}, headers=KEY))["name"] == "b"
    theirs = ok(raw.post("/v1/vector_stores", json={"name": "c"}, headers={**KEY, "X-On-Behalf-Of": f"{user}-other"}))
    assert theirs["id"] != made["id"]


@pytest.mark.parametrize("key", ["", "x" * 257])
def test_key_that_is_none_is_refused(raw: httpx.Client, key: str) -> None:
    """An empty or endless key is a 400 that names the header, and nothing is created."""
    answer = raw.post("/v1/vector_stores", json={}, headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "idempotency-key"
    assert ok(raw.get("/v1/vector_stores"))["data"] == []
