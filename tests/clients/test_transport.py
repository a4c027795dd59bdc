"""What clients rely on beside the operations themselves: request ids, Azure's form of requests, encodings."""

from __future__ import annotations

import gzip
import json

import httpx
import openai
import pytest
from openai import OpenAI

from tests.clients.conftest import EDITION
from tests.clients.service import Service

PREFIXES = ["/v1", "/api/v1/llm"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/healthz"),
        ("GET", "/docs"),
        ("GET", "/openapi.json"),
        ("GET", "/v1/files"),
        ("HEAD", "/v1/files"),
        ("PUT", "/v1/files"),
        ("OPTIONS", "/v1/files"),
        ("GET", "/nowhere"),
        ("GET", "/v1/vector_stores/wrong"),
        ("POST", "/v1/vector_stores"),
        ("POST", "/v1/chat/completions"),
        ("GET", "/"),
    ],
)
def test_every_answer_has_a_request_id(raw: httpx.Client, method: str, path: str) -> None:
    """A user can quote the id of any request, whatever became of it."""
    assert raw.request(method, path).headers["x-request-id"].startswith("req_")


def test_request_id_in_openai(openai_client: OpenAI) -> None:
    """`openai` shows the id on every object."""
    store = openai_client.vector_stores.create()
    assert (store._request_id or "").startswith("req_")


def test_azure(service: Service, user: str) -> None:
    """The client for Azure sends `api-key` and `api-version`; it works like the other."""
    with openai.AzureOpenAI(
        base_url=f"{service.url}/v1",
        api_key=service.key,
        api_version="2026-05-01-preview",
        default_headers={"X-On-Behalf-Of": user},
    ) as client:
        store = client.vector_stores.create(name="azure")
        file = client.files.create(file=("a.txt", b"a fox"), purpose="assistants")
        row = client.vector_stores.files.create_and_poll(file.id, vector_store_id=store.id)
        assert row.status == "completed"
        assert [each.id for each in client.vector_stores.list()] == [store.id]
        assert [each.filename for each in client.vector_stores.search(store.id, query="fox")] == ["a.txt"]
        client.files.delete(file.id)
        client.vector_stores.delete(store.id)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_api_version_is_ignored(raw: httpx.Client, prefix: str) -> None:
    """`api-version` is ignored by lists and by operations that take no parameter; a misspelt one is not."""
    created = raw.post(f"{prefix}/vector_stores?api-version=1", json={})
    assert created.status_code == 200
    assert raw.get(f"{prefix}/vector_stores?api-version=1&limit=1").json()["data"] == [created.json()]
    assert raw.get(f"{prefix}/vector_stores?api_version=1").status_code == 400


@pytest.mark.skipif(EDITION != "aws", reason="the local server of these tests needs no key")
def test_wrong_api_key(service: Service) -> None:
    """`api-key` is checked like a bearer token."""
    assert httpx.get(f"{service.url}/v1/files", headers={"api-key": service.key}).status_code == 200
    assert httpx.get(f"{service.url}/v1/files", headers={"api-key": "sk-wrong"}).status_code == 401


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip"])
def test_compressed_request(raw: httpx.Client, prefix: str, coding: str) -> None:
    """A compressed request is a 415 that says which header is meant."""
    body = gzip.compress(json.dumps({"name": "x"}).encode())
    headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
    answer = raw.post(f"{prefix}/vector_stores", content=body, headers=headers)
    assert answer.status_code == 415
    error = answer.json()["error"]
    assert error["code"] == "unsupported_content_encoding"
    assert f"Content-Encoding: '{coding}'" in error["message"]
    headers["Content-Encoding"] = "identity"
    assert raw.post(f"{prefix}/vector_stores", content=b"{}", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/openapi.json", "/v1/openapi.json", "/api/v1/llm/openapi.json"])
def test_specification_needs_no_key(service: Service, path: str) -> None:
    """The specification is public, because it holds no data."""
    answer = httpx.get(service.url + path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json()["openapi"].startswith("3.1")


def test_docs_need_nothing_else(service: Service) -> None:
    """The page works under a policy that forbids scripts and other servers."""
    answer = httpx.get(f"{service.url}/docs")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<code>/v1/vector_stores/{vector_store_id}/search</code>" in answer.text
