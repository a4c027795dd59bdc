"""Usage reports with the real clients: OpenAI's, and MKA1's two."""

from __future__ import annotations

import time
from typing import Any, cast

import httpx
import pytest
from meetkai_mka1 import SDK
from openai import OpenAI

from tests.clients.conftest import Attached, Upload
from tests.clients.service import Service

DAY_S = 86_400


def midnight(days: int = 0) -> int:
    return (int(time.time()) // DAY_S + days) * DAY_S


@pytest.fixture
def admin(service: Service, user: str) -> OpenAI:
    headers = {"X-On-Behalf-Of": user}
    return OpenAI(base_url=f"{service.url}/v1", api_key=service.key, admin_api_key=service.key, default_headers=headers)


def stored(client: OpenAI, **more: Any) -> int:
    """The bytes that the end user's stores hold now."""
    page = client.admin.organization.usage.vector_stores(start_time=midnight(), **more)
    return sum(size_of(result) for result in page.data[-1].results)


def size_of(result: Any) -> int:
    """The bytes of a result of either client; the types of both allow for results of other reports."""
    size = result["usage_bytes"] if isinstance(result, dict) else result.usage_bytes
    assert isinstance(size, int)
    return size


class TestOrganization:
    def test_bytes_of_stores(self, admin: OpenAI, openai_client: OpenAI, attached: Attached) -> None:
        """The report says what all stores hold now; what leaves a store, or a store that is deleted, is not in it."""
        assert stored(admin) == 0
        one, other = openai_client.vector_stores.create(), openai_client.vector_stores.create()
        file = attached(one.id, "a text of one store")
        attached(other.id, "another text")
        held = [openai_client.vector_stores.retrieve(store.id).usage_bytes for store in (one, other)]
        assert all(held)
        assert stored(admin) == sum(held)
        openai_client.vector_stores.files.delete(file.id, vector_store_id=one.id)
        assert stored(admin) == held[1]
        openai_client.vector_stores.delete(other.id)
        assert stored(admin) == 0

    def test_buckets(self, admin: OpenAI) -> None:
        """A bucket is a day (UTC), and a page has as many as asked for; paging visits each once, up to today."""
        start = midnight(-9)
        first = admin.admin.organization.usage.vector_stores(start_time=start + 5, limit=4)
        assert [bucket.start_time for bucket in first.data] == [start + day * DAY_S for day in range(4)]
        assert all(bucket.end_time - bucket.start_time == DAY_S for bucket in first.data)
        assert first.has_more
        days, page = [], first
        while True:
            days += [bucket.start_time for bucket in page.data]
            if not page.next_page:
                break
            page = admin.admin.organization.usage.vector_stores(start_time=start + 5, limit=4, page=page.next_page)
        assert not page.has_more
        assert days == [start + day * DAY_S for day in range(10)]

    def test_project(self, admin: OpenAI, openai_client: OpenAI, attached: Attached) -> None:
        """Results name the project if they are grouped by it; other projects have none."""
        attached(openai_client.vector_stores.create().id, "some text")
        usage = admin.admin.organization.usage
        [grouped] = usage.vector_stores(start_time=midnight(), group_by=["project_id"]).data[0].results
        [total] = usage.vector_stores(start_time=midnight()).data[0].results
        assert cast(Any, total).project_id is None
        project = cast(Any, grouped).project_id
        assert project
        assert stored(admin, project_ids=[project]) > 0
        assert stored(admin, project_ids=["another"]) == 0


class TestMka1:
    def test_files_that_were_uploaded(
        self, mka1_client: SDK, openai_client: OpenAI, upload: Upload, user: str, me: dict[str, Any]
    ) -> None:
        """The report on files counts what was uploaded on a day, and deletes do not change it."""
        file = upload(b"twelve bytes")
        upload(b"more")
        openai_client.files.delete(file.id)
        report = mka1_client.llm.usage.files(start_time=midnight(), group_by=["user_id", "org_id"], **me)
        [result] = report.data[0].results
        assert result is not None
        assert (result["usage_bytes"], result["user_id"]) == (16, user)
        assert result["org_id"]
        assert not report.has_more
        assert report.next_page is None

    def test_stores(self, mka1_client: SDK, openai_client: OpenAI, attached: Attached, user: str) -> None:
        """The report on stores says what they hold; the project's can be narrowed to end users."""
        store = openai_client.vector_stores.create()
        attached(store.id, "a text")
        held = openai_client.vector_stores.retrieve(store.id).usage_bytes
        usage = mka1_client.llm.usage
        [result] = usage.vector_stores(start_time=midnight(), external_user_ids=[user]).data[0].results
        assert size_of(result) == held
        assert usage.vector_stores(start_time=midnight(), user_ids=["someone"]).data[0].results == []
        assert usage.vector_stores(start_time=midnight(), org_ids=["another"]).data[0].results == []


@pytest.mark.parametrize("path", ["/organization/usage/vector_stores", "/usage/vector_stores", "/usage/files"])
@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("", "start_time"),
        ("start_time=x", "start_time"),
        ("start_time=-1", "start_time"),
        ("start_time=99999999999999", "start_time"),
        ("start_time=10&end_time=10", "end_time"),
        ("start_time=0&bucket_width=1h", "bucket_width"),
        ("start_time=0&limit=32", "limit"),
        ("start_time=0&page=page_2026-13-01", "page"),
        ("start_time=0&page=x", "page"),
        ("start_time=0&group_by=color", "group_by[0]"),
        ("start_time=0&start_time=1", "start_time"),
        ("start_time=0&since=1", "since"),
        ("start_time=0&api_key_ids=key_1", "api_key_ids"),
    ],
)
def test_bad_queries(raw: httpx.Client, path: str, query: str, param: str) -> None:
    """A parameter that is wrong is refused by its name."""
    answer = raw.get(f"/v1{path}?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
