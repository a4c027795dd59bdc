"""Requests that nobody thought of: random ones over the route table, and every route with the ids of others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import OpenAI

from tests.api.input.test_any_input import OBJECTS
from tests.clients.conftest import EDITION, URL
from tests.clients.service import HeldStub, running
from tests.clients.test_keys import created
from vectorlog.api.dialect import DIALECTS
from vectorlog.api.routes import ROUTES, Route

MODEL = "openai:text-embedding-3-small"
PREFIXES = [dialect.prefix for dialect in DIALECTS]
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12).map(str.strip)


@dataclass(frozen=True)
class Things:
    """What a caller made: ids by the name of their path parameter."""

    ids: dict[str, str]


@pytest.fixture(scope="module")
def things(service: Any) -> Things:
    """A store with a file and its batch, of the project itself."""
    client = OpenAI(base_url=f"{service.url}/v1", api_key=service.key)
    return Things(made(client, "random"))


@pytest.fixture(scope="module")
def sender(service: Any) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {service.key}"}
    with httpx.Client(base_url=service.url, headers=headers, timeout=60) as sender:
        yield sender


def made(client: OpenAI, token: str) -> dict[str, str]:
    """Makes one of each thing, all of which contain the token."""
    file = client.files.create(file=(f"{token}.txt", token.encode()), purpose="assistants")
    store = client.vector_stores.create(name=token, metadata={"of": token})
    batch = client.vector_stores.file_batches.create_and_poll(
        store.id, files=[{"file_id": file.id, "attributes": {"of": token}}]
    )
    assert batch.file_counts.completed == 1
    upload = client.uploads.create(filename=f"{token}.txt", purpose="assistants", bytes=9, mime_type="text/plain")
    return {"vector_store_id": store.id, "file_id": file.id, "batch_id": batch.id, "upload_id": upload.id}


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """A request to a route: its parameters, query, headers and body are right, nearly right, or anything."""
    route = draw(st.sampled_from(ROUTES))
    path = route.path
    for name in re.findall(r"<(\w+)>", route.path):
        given_id = draw(st.one_of(st.just(f"<{name}>"), TEXT.filter(bool).map(lambda text: quote(text, safe=""))))
        path = path.replace(f"<{name}>", given_id)
    query = st.dictionaries(
        st.sampled_from(["limit", "order", "after", "before", "filter", "purpose", "x"]), TEXT, max_size=2
    )
    headers = st.dictionaries(
        st.sampled_from(["x-on-behalf-of", "idempotency-key", "range", "if-range", "content-type", "openai-beta"]),
        HEADER,
        max_size=2,
    )
    body: st.SearchStrategy[dict[str, Any]] = st.one_of(
        st.just({}),
        OBJECTS.map(lambda value: {"content": json.dumps(value).encode()}),
        st.binary(max_size=30).map(lambda content: {"content": content}),
        st.dictionaries(
            st.sampled_from(["file", "purpose", "x"]), st.tuples(TEXT, st.binary(max_size=20)), max_size=3
        ).map(lambda files: {"files": files}),
    )
    return {
        "method": draw(
            st.one_of(st.just(route.method), st.sampled_from(["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD"]))
        ),
        "url": draw(st.sampled_from(PREFIXES)) + path,
        "params": draw(query),
        "headers": draw(headers),
        **draw(body),
    }


@pytest.mark.parametrize("examples", [50, pytest.param(500, marks=pytest.mark.long)])
def test_any_request_is_answered(sender: httpx.Client, things: Things, examples: int) -> None:
    """Whatever is asked of whatever route, the answer has an id, is no 5xx, and an error has the envelope."""

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(request=requests())
    def run(request: dict[str, Any]) -> None:
        _is_answered(sender, things, request)

    run()


def _is_answered(sender: httpx.Client, things: Things, request: dict[str, Any]) -> None:
    url = request["url"]
    if request["method"] != "DELETE":  # what a later example needs must stay
        for name, value in things.ids.items():
            url = url.replace(f"<{name}>", value)
    url = url.replace("<", "%3C").replace(">", "%3E")
    answer = sender.request(**{**request, "url": url})
    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400 and request["method"] != "HEAD":
        error = answer.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert error["message"]
        assert error["type"] == "invalid_request_error"


@dataclass(frozen=True)
class Someone:
    """An end user of a project, and what they made: all of it contains their token."""

    project: str
    user: str
    client: OpenAI
    token: str
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.client.api_key}", "X-On-Behalf-Of": self.user}


@pytest.mark.skipif(bool(URL) or EDITION != "local", reason="needs the data folder of its server")
@pytest.mark.parametrize("users", [("ann", "bob"), pytest.param(("ann", "bob", "cleo"), marks=pytest.mark.long)])
def test_nobody_reads_a_byte_of_others(users: tuple[str, ...], tmp_path: Path, stub: HeldStub) -> None:
    """Two projects with some users each: with the ids of others, in every place of every route and in both dialects,
    nobody gets, changes or deletes anything, and no answer contains a word of theirs.
    """
    data = tmp_path / "data"
    with running(data, stub) as url:
        people = []
        for project in ("north", "south"):
            key = created(data, project, "--scope", "admin")
            for user in users:
                client = OpenAI(base_url=f"{url}/v1", api_key=key, default_headers={"X-On-Behalf-Of": user})
                token = f"{project}{user}secret"
                people.append(Someone(project, user, client, token, made(client, token)))
        with httpx.Client(base_url=url, timeout=60) as sender:
            for number, me in enumerate(people):
                others = [each for each in people if each is not me]
                answers = []
                for place, other in enumerate(others):
                    prefix = PREFIXES[(number + place) % len(PREFIXES)]
                    answers += list(_told_about(other, sender, me, prefix))
                answers += list(_own_lists(sender, me))
                assert not [text for text in answers for other in others if other.token in text]
        for someone in people:
            _is_untouched(someone)


def _told_about(other: Someone, sender: httpx.Client, me: Someone, prefix: str) -> Iterator[str]:
    """The answers to every request that names one or all of the ids of another."""

    def ask(method: str, path: str, **content: Any) -> str:
        answer = sender.request(method, prefix + path, headers=me.headers, **content)
        assert answer.status_code in (400, 404), f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.text

    for route in ROUTES:
        own = _path(route, me.ids)
        for theirs in (other.ids, *({**me.ids, name: other.ids[name]} for name in other.ids)):
            path = _path(route, theirs)
            if path != own:
                body = BODIES.get(route.operation, {}) | _names(route, me.ids["file_id"])
                form = {"files": {"data": ("a", b"a")}} if route.file_field else {"json": body}
                yield ask(route.method, path, **form)
    theirs_alone = other.ids["file_id"]
    for route in ROUTES:
        if route.operation in ("createVectorStoreFile", "createVectorStoreFileBatch", "createVectorStore"):
            path = route.path.replace("<vector_store_id>", me.ids["vector_store_id"])
            yield ask("POST", path, json=_names(route, theirs_alone))
    for stores in ([other.ids["vector_store_id"]], [me.ids["vector_store_id"], other.ids["vector_store_id"]]):
        yield ask("POST", "/vector_stores/search", json={"query": "secret", "vector_store_ids": stores})
    for cursor in ("after", "before"):
        yield ask("GET", "/vector_stores", params={cursor: other.ids["vector_store_id"]})
    yield ask("GET", "/files", params={"after": theirs_alone})


def _path(route: Route, ids: dict[str, str]) -> str:
    """The path of a route with these ids. What is nobody's is the same for everyone."""
    shared = {"model": MODEL, "user_id": "someone"}
    return re.sub(r"<(\w+)>", lambda match: (shared | ids).get(match[1], match[1]), route.path)


BODIES: dict[str, dict[str, Any]] = {
    "searchVectorStore": {"query": "secret"},
    "modifyVectorStore": {"name": "thief"},
    "createVectorStorePermission": {"user_id": "thief", "role": "writer"},
    "createUpload": {"filename": "a", "purpose": "assistants", "bytes": 1, "mime_type": "text/plain"},
    "completeUpload": {"part_ids": ["part_unknown"]},
    "updateVectorStoreFileAttributes": {"attributes": {"of": "thief"}},
}


def _names(route: Route, file: str) -> dict[str, Any]:
    """The part of a route's body that names files."""
    if route.operation == "createVectorStoreFile":
        return {"file_id": file}
    return {"file_ids": [file]} if route.operation in ("createVectorStoreFileBatch", "createVectorStore") else {}


def _own_lists(sender: httpx.Client, me: Someone) -> Iterator[str]:
    """Everything that one may read."""
    for prefix in PREFIXES:
        for route in ROUTES:
            path = _path(route, me.ids | {"project_id": me.project})
            if route.operation in ("getAdminApiKey", "getWebhookEndpoint", "listQueues"):  # nobody has or sees one
                continue
            if route.method == "GET" or route.operation == "searchVectorStore":
                body = BODIES.get(route.operation)
                query = {"start_time": "1700000000"} if route.operation.endswith("Usage") else None
                answer = sender.request(route.method, prefix + path, headers=me.headers, json=body, params=query)
                assert answer.status_code == 200, f"{route.operation}: {answer.text}"
                yield answer.text


def _is_untouched(someone: Someone) -> None:
    client, ids = someone.client, someone.ids
    store, file = ids["vector_store_id"], ids["file_id"]
    assert client.vector_stores.retrieve(store).name == someone.token
    assert client.files.content(file).read() == someone.token.encode()
    row = client.vector_stores.files.retrieve(file, vector_store_id=store)
    assert (row.status, row.attributes) == ("completed", {"of": someone.token})
    assert client.uploads.cancel(ids["upload_id"]).status == "cancelled", "it was pending until now"
    assert [each.file_id for each in client.vector_stores.search(store, query="secret")] == [file]
