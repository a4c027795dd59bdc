"""The history of things, things as they were, and their erasure, by plain HTTP: no client has these operations."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from openai import NotFoundError, OpenAI

from tests.clients.conftest import Attached, Upload

PREFIXES = ("/v1", "/api/v1/llm")


def events(raw: httpx.Client, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = raw.get(f"/v1{path}/events", params={"order": "asc", **query})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def changes(raw: httpx.Client, path: str) -> list[str]:
    return [change["type"] for event in events(raw, path) for change in event["changes"]]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_history_of_a_store(openai_client: OpenAI, raw: httpx.Client, store: str, user: str, prefix: str) -> None:
    """A store's history says when, who, by which request and what; it is paged in both orders."""
    answer = openai_client.vector_stores.with_raw_response.update(store, name="Renamed", metadata={"a": "b"})
    page = raw.get(f"{prefix}/vector_stores/{store}/events", params={"limit": 1}).json()
    assert page["object"] == "list"
    assert page["has_more"] is True
    [newest] = page["data"]
    assert newest["request_id"] == answer.headers["x-request-id"]
    assert (newest["object"], newest["actor"], newest["imported"]) == ("event", user, False)
    assert abs(newest["created_at"] - time.time()) < 60
    [change] = newest["changes"]
    assert (change["type"], change["name"], change["metadata"]) == ("VectorStoreModified", "Renamed", {"a": "b"})
    older = raw.get(f"{prefix}/vector_stores/{store}/events", params={"after": page["last_id"]}).json()
    assert older["data"][-1]["changes"][0]["type"] == "VectorStoreCreated"
    assert [each["id"] for each in events(raw, f"/vector_stores/{store}", after=older["first_id"])] == [newest["id"]]


def test_history_of_files(openai_client: OpenAI, raw: httpx.Client, store: str, attached: Attached) -> None:
    """A file has a history of its own, and one in each store; both outlast it."""
    file = attached(store, "alpha").id
    openai_client.files.delete(file)
    assert changes(raw, f"/files/{file}") == ["FileUploaded", "FileDeleted"]
    seen = changes(raw, f"/vector_stores/{store}/files/{file}")
    assert seen == ["FileAttached", "FileChunked", "FileIngested", "FileDetached"]
    openai_client.vector_stores.delete(store)
    assert changes(raw, f"/vector_stores/{store}")[-1] == "VectorStoreDeleted"
    assert changes(raw, f"/vector_stores/{store}/files/{file}") == seen


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "order=up", "after=-1", "after=x", "before=1"])
def test_wrong_page(raw: httpx.Client, store: str, query: str) -> None:
    """A wrong parameter is named."""
    answer = raw.get(f"/v1/vector_stores/{store}/events?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == query.partition("=")[0]


def test_others_see_nothing(raw: httpx.Client, store: str, upload: Upload) -> None:
    """To another end user, what exists is as unknown as what does not: history, past and erasure."""
    file, stranger = upload("alpha").id, {"X-On-Behalf-Of": "stranger"}
    unknown = f"vs_{'0' * 32}"
    for method, path in (
        ("GET", "/vector_stores/{}/events"),
        ("GET", f"/vector_stores/{{}}/files/{file}/events"),
        ("GET", "/vector_stores/{}?at=1"),
        ("GET", "/vector_stores/{}/files?at=1"),
        ("DELETE", "/vector_stores/{}?erase=true"),
        ("DELETE", f"/vector_stores/{{}}/files/{file}?erase=true"),
    ):
        answers = [raw.request(method, f"/v1{path.format(each)}", headers=stranger) for each in (store, unknown)]
        assert [answer.status_code for answer in answers] == [404, 404], path
        assert answers[0].text.replace(store, unknown) == answers[1].text
    for method, path in (("GET", f"/files/{file}/events"), ("DELETE", f"/files/{file}?erase=true")):
        assert raw.request(method, f"/v1{path}", headers=stranger).status_code == 404
    assert raw.get(f"/v1/files/{file}").status_code == 200


class TestAsOf:
    def test_store_and_files(self, openai_client: OpenAI, raw: httpx.Client, store: str, attached: Attached) -> None:
        """A store, its counts, its list and its files are shown as they were, also once they are gone."""
        file = attached(store, "alpha", attributes={"year": 1843}).id
        before = next_second()
        openai_client.vector_stores.update(store, name="Renamed")
        openai_client.vector_stores.files.update(file, vector_store_id=store, attributes={"year": 1844})
        other = attached(store, "beta").id
        between = next_second()
        openai_client.vector_stores.files.delete(file, vector_store_id=store)
        for deleted in (False, True):
            if deleted:
                openai_client.vector_stores.delete(store)
            then = raw.get(f"/v1/vector_stores/{store}?at={before}").json()
            assert (then["name"], then["file_counts"]["completed"], then["file_counts"]["total"]) == ("test", 1, 1)
            assert then["usage_bytes"] == 5
            assert raw.get(f"/v1/vector_stores/{store}?at={between}").json()["file_counts"]["total"] == 2
            listed = raw.get(f"/v1/vector_stores/{store}/files?at={between}&order=asc&limit=1").json()
            assert ([each["id"] for each in listed["data"]], listed["has_more"]) == ([file], True)
            rest = raw.get(f"/v1/vector_stores/{store}/files?at={between}&order=asc&after={file}").json()
            assert [each["id"] for each in rest["data"]] == [other]
            seen = [raw.get(f"/v1/vector_stores/{store}/files/{file}?at={at}").json() for at in (before, between)]
            assert [each["attributes"] for each in seen] == [{"year": 1843}, {"year": 1844}]
            assert raw.get(f"/v1/vector_stores/{store}/files/{other}?at={before}").status_code == 404

    def test_outside(self, raw: httpx.Client, store: str) -> None:
        """Before its creation a store is unknown; the future is refused, and so is a time that is none."""
        assert raw.get(f"/v1/vector_stores/{store}?at=1").status_code == 404
        for path in (f"/vector_stores/{store}", f"/vector_stores/{store}/files"):
            for at in (int(time.time()) + 3600, "x", -1, 10**15):
                answer = raw.get(f"/v1{path}?at={at}")
                assert answer.status_code == 400, answer.text
                assert answer.json()["error"]["param"] == "at"


class TestErase:
    @pytest.mark.parametrize("prefix", PREFIXES)
    def test_file(self, openai_client: OpenAI, raw: httpx.Client, store: str, attached: Attached, prefix: str) -> None:
        """An erased file is deleted at once; soon its history says only that it was erased."""
        file = attached(store, "quokkas are small", attributes={"of": "wolpertinger"}).id
        answer = raw.delete(f"{prefix}/files/{file}?erase=true")
        assert answer.json() == {"id": file, "object": "file", "deleted": True}
        assert list(openai_client.vector_stores.files.list(store)) == []
        with pytest.raises(NotFoundError):
            openai_client.files.retrieve(file)
        erased = wait_for(lambda: only(raw, f"/files/{file}"))
        assert erased["request_id"] == answer.headers["x-request-id"]
        assert "quokkas" not in str(erased)
        assert wait_for(lambda: only(raw, f"/vector_stores/{store}/files/{file}"))
        assert raw.delete(f"{prefix}/files/{file}?erase=true").status_code == 404

    def test_file_in_a_store(self, openai_client: OpenAI, raw: httpx.Client, store: str, attached: Attached) -> None:
        """Its history in the store is erased, and the upload stays and may be attached again."""
        file = attached(store, "alpha", attributes={"of": "wolpertinger"}).id
        answer = raw.delete(f"/v1/vector_stores/{store}/files/{file}?erase=true")
        assert answer.json() == {"id": file, "object": "vector_store.file.deleted", "deleted": True}
        assert wait_for(lambda: only(raw, f"/vector_stores/{store}/files/{file}"))
        again = openai_client.vector_stores.files.create_and_poll(file, vector_store_id=store)
        assert (again.status, again.attributes) == ("completed", {})

    def test_deleted_store(self, openai_client: OpenAI, raw: httpx.Client, store: str, attached: Attached) -> None:
        """What was deleted before can still be erased."""
        file = attached(store, "alpha").id
        openai_client.vector_stores.delete(store)
        answer = raw.delete(f"/v1/vector_stores/{store}?erase=true")
        assert answer.json() == {"id": store, "object": "vector_store.deleted", "deleted": True}
        assert wait_for(lambda: only(raw, f"/vector_stores/{store}"))
        assert wait_for(lambda: only(raw, f"/vector_stores/{store}/files/{file}"))
        assert openai_client.files.retrieve(file).id == file

    @pytest.mark.parametrize("value", ["yes!", "2"])
    def test_wrong_value(self, raw: httpx.Client, store: str, value: str) -> None:
        """Any other value is refused, and nothing is deleted."""
        answer = raw.delete(f"/v1/vector_stores/{store}", params={"erase": value})
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == "erase"
        assert raw.get(f"/v1/vector_stores/{store}").status_code == 200


def only(raw: httpx.Client, path: str) -> dict[str, Any] | None:
    """Returns a history's only event if it is an erasure."""
    found = events(raw, path)
    erased = len(found) == 1 and found[0]["changes"][-1]["type"].endswith("Erased")
    return found[0] if erased else None


def next_second() -> int:
    """Returns this second once it is over, so that what follows happens in a later one."""
    now = int(time.time())
    wait_for(lambda: int(time.time()) > now)
    return now


def wait_for(condition: Any) -> Any:
    """Returns what a condition returns once that is true; fails after a minute."""
    deadline = time.monotonic() + 60
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found
