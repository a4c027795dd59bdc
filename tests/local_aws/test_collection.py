"""The gatekeeper refuses what a collection of OpenSearch Serverless refuses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from local_aws.collection import Gatekeeper

NOWHERE = "http://127.0.0.1:9"
"""Requests that pass would be sent there, and fail."""


def answer(method: str, path: str, body: bytes = b"", query: str = "") -> tuple[int, Any]:
    """The status of an answer, and its body."""
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return {"body": body, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    scope = {"method": method, "path": path, "query_string": query.encode()}
    asyncio.run(Gatekeeper(NOWHERE)(scope, receive, send))
    start, content = sent
    return start["status"], json.loads(content["body"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/index/_refresh"),
        ("POST", "/index/_delete_by_query"),
        ("POST", "/index/_update_by_query"),
        ("POST", "/_mtermvectors"),
        ("GET", "/index/_termvectors/1"),
        ("POST", "/_msearch"),
        ("POST", "/_reindex"),
        ("POST", "/_search/scroll"),
        ("GET", "/_cluster/health"),
        ("PUT", "/_cluster/settings"),
        ("POST", "/index/_update/1"),
        ("PUT", "/index/_doc/1"),
        ("POST", "/index/_create/1"),
        ("PUT", "/_plugins/_security/api/roles/x"),
        ("GET", "/"),
    ],
)
def test_operations_that_are_not_listed(method: str, path: str) -> None:
    """AWS's page does not list them for collections of vectors."""
    status, body = answer(method, path, b"{}")
    assert (status, body["status"]) == (404, 404)


@pytest.mark.parametrize("query", ["refresh=true", "refresh=wait_for", "routing=s", "version=3&version_type=external"])
def test_parameters(query: str) -> None:
    """Searches see writes when the service refreshes; nothing is routed, and nothing has a version."""
    assert answer("POST", "/_bulk", b"", query)[0] == 400


@pytest.mark.parametrize(
    "action", [{"index": {"_id": "1"}}, {"create": {"_id": "1"}}, {"index": {"routing": "s"}}, {"update": {"_id": "1"}}]
)
def test_items_of_a_bulk_request(action: Any) -> None:
    """Ids of one's own and updates are refused item by item."""
    status, body = answer("POST", "/_bulk", f"{json.dumps(action)}\n{{}}\n".encode())
    assert (status, body["errors"]) == (200, True)
    [item] = body["items"]
    assert next(iter(item.values()))["status"] == 400


def test_scripts() -> None:
    """Collections of vectors run no scripts."""
    query = {"query": {"script_score": {"query": {"match_all": {}}, "script": {"source": "1"}}}}
    assert answer("POST", "/index/_search", json.dumps(query).encode())[0] == 400


@pytest.mark.parametrize(
    "body",
    [
        {"settings": {"index": {"number_of_shards": 2}}},
        {"settings": {"index": {"similarity": {"terms": {"type": "BM25"}}}}},
        {"mappings": {"properties": {"v": {"type": "knn_vector", "method": {"name": "hnsw", "engine": "lucene"}}}}},
        {"mappings": {"properties": {"v": {"type": "knn_vector", "method": {"name": "ivf", "engine": "faiss"}}}}},
    ],
)
def test_indexes(body: Any) -> None:
    """The service chooses shards, undocumented settings are not relied on, and vectors are HNSW by Faiss."""
    assert answer("PUT", "/index", json.dumps(body).encode())[0] == 400
