"""A wrong request is refused by name, in one envelope, on both prefixes, and changes nothing."""

from __future__ import annotations

import http.client
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from openai import DefaultHttpxClient, OpenAI

from tests.clients.bad_requests import BODIES, FORMS, PATHS, QUERIES, Bad
from tests.clients.conftest import EDITION
from tests.clients.service import Service

PREFIXES = ["/v1", "/api/v1/llm"]


@dataclass(frozen=True)
class World:
    """The things of one end user: a store, a file in it, and the batch that attached it."""

    api: httpx.Client
    store: str
    file: str
    batch: str
    kept: list[Any] = field(default_factory=list)
    """What was seen before the first request; no test of this module changes it."""

    def filled(self, value: Any) -> Any:
        """A value with names replaced by ids."""
        if isinstance(value, str):
            return value.replace("STORE", self.store).replace("FILE", self.file).replace("BATCH", self.batch)
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        return (
            {self.filled(key): self.filled(each) for key, each in value.items()} if isinstance(value, dict) else value
        )

    def seen(self) -> list[Any]:
        """Everything that the end user can see."""
        store = f"/v1/vector_stores/{self.store}"
        paths = [
            "/v1/files",
            "/v1/vector_stores",
            f"{store}/files",
            f"{store}/file_batches/{self.batch}",
            f"{store}/files/{self.file}/content",
        ]
        return [self.api.get(path).json() for path in paths]


@pytest.fixture(scope="module")
def world(service: Service, openai_pool: DefaultHttpxClient) -> Iterator[World]:
    user = {"X-On-Behalf-Of": f"user-{uuid.uuid4().hex}"}
    client = OpenAI(base_url=f"{service.url}/v1", api_key=service.key, http_client=openai_pool, default_headers=user)
    file = client.files.create(file=("a.txt", b"hello"), purpose="assistants").id
    store = client.vector_stores.create(name="kept").id
    batch = client.vector_stores.file_batches.create_and_poll(store, file_ids=[file], attributes={"a": 1}).id
    with httpx.Client(
        base_url=service.url, headers={"Authorization": f"Bearer {service.key}", **user}, timeout=60
    ) as api:
        world = World(api, store, file, batch)
        world.kept.extend(world.seen())
        yield world


EVERY = [(bad, prefix) for bad in (*BODIES, *QUERIES, *PATHS, *FORMS) for prefix in PREFIXES]
TRIED = EVERY if EDITION == "local" else EVERY[::3]
"""Both editions refuse in the same modules, before any port is asked; on AWS every third shows that the answers come
through API Gateway and Lambda.
"""


@pytest.mark.parametrize(("bad", "prefix"), TRIED, ids=str)
def test_refused(world: World, bad: Bad, prefix: str) -> None:
    """The error has the status, field, code and sentence of docs/contract.md, section 8, and a request id; nothing has
    changed.
    """
    method, _, path = world.filled(bad.request).partition(" ")
    sent = {name: world.filled(value) if name == "json" else value for name, value in bad.sent.items()}
    answer = world.api.request(method, prefix + path, **sent)
    assert answer.status_code == bad.status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"].startswith("req_")
    assert list(answer.json()) == ["error"]
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", bad.param, bad.code)
    assert world.filled(bad.says).replace("PREFIX", prefix) in error["message"]
    if bad.status == 405:
        assert method not in answer.headers["allow"].split(", ")
    assert world.seen() == world.kept


@pytest.mark.parametrize(("path", "allowed"), [("/files", "GET, HEAD, POST"), ("/vector_stores/STORE/search", "POST")])
def test_405_says_what_is_allowed(world: World, path: str, allowed: str) -> None:
    """`Allow` names the methods of the path."""
    assert world.api.put("/v1" + world.filled(path)).headers["allow"] == allowed


@pytest.mark.parametrize(("prefix", "code"), [("/v1", "invalid_value"), ("/api/v1/llm", None)])
def test_codes_of_downloads(world: World, prefix: str, code: str | None) -> None:
    """MKA1's client accepts only numbers as the code of a download's error, so there is none."""
    error = world.api.get(f"{prefix}/files/{world.store}/content").json()["error"]
    assert (error["param"], error["code"]) == ("file_id", code)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_large_body(world: World, prefix: str) -> None:
    """A JSON body that is too large is a 413 that says the limit and what to do instead."""
    answer = world.api.post(f"{prefix}/vector_stores", content=json.dumps({"name": "x" * 7_000_000}))
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"]) == (413, "invalid_request_error", "request_too_large")
    assert "Upload content as a file" in error["message"]
    assert world.seen() == world.kept


def test_large_upload(world: World, service: Service) -> None:
    """An upload above the limit is refused by its announced length, before its bytes are sent."""
    address = urlsplit(service.url)
    kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    connection = kinds[address.scheme](address.netloc, timeout=60)
    connection.putrequest("POST", "/v1/files")
    headers = {
        "Authorization": f"Bearer {service.key}",
        "Content-Type": "multipart/form-data; boundary=x",
        "Content-Length": str(10**12),
    }
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    error = json.loads(answer.read())["error"]
    connection.close()
    assert (answer.status, error["code"]) == (413, "request_too_large")
    assert world.seen() == world.kept


def test_tolerated(world: World) -> None:
    """Harmless additions of clients are accepted: OpenAI's headers, an empty body, a null, an empty parameter."""
    headers = {
        "OpenAI-Beta": "assistants=v2",
        "OpenAI-Organization": "o",
        "OpenAI-Project": "p",
        "Accept": "application/binary",
    }
    assert world.api.get("/v1/vector_stores?after=&limit=1", headers=headers).status_code == 200
    assert (
        world.api.post(f"/v1/vector_stores/{world.store}/file_batches/{world.batch}/cancel", content=b"").status_code
        == 200
    )
    nothing = {"filters": None, "ranking_options": None, "max_num_results": None, "rewrite_query": False}
    assert (
        world.api.post(
            f"/v1/vector_stores/{world.store}/search", json={"query": "x", **nothing}, headers=headers
        ).status_code
        == 200
    )


def test_end_users_are_named(world: World) -> None:
    """An end user with an empty or endless name is a 400 that names the header."""
    for name in ("", "x" * 257):
        answer = world.api.get("/v1/files", headers={"X-On-Behalf-Of": name})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "x-on-behalf-of")
