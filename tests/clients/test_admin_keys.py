"""Keys through the API, with OpenAI's client: create, list, get, delete, and what each scope may do."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from meetkai_mka1 import SDK
from meetkai_mka1.errors import SDKDefaultError
from openai import OpenAI

from tests.clients.administered import Administered, new_project
from tests.clients.conftest import EDITION, long_locally
from tests.clients.service import eventually
from vectorlog.api.routes import ROUTES
from vectorlog.domain.api_key import SCOPES

REVOKED_WITHIN_S = 60 if EDITION == "aws" else 0
"""How long a deleted key may still be accepted, in seconds: locally not even once."""


@long_locally
def test_life_of_a_key(administered: Administered) -> None:
    """A key is shown with its secret once; then it is listed and read without it, until it is deleted."""
    keys, project = administered.client().admin.organization.admin_api_keys, new_project()
    made = keys.create(name="ci", expires_in_seconds=3600, extra_body={"project_id": project, "scope": "write"})
    assert made.value.startswith("vlk_")
    assert (made.object, made.name, made.expires_at) == ("organization.admin_api_key", "ci", made.created_at + 3600)
    assert made.redacted_value == f"vlk_********{made.value[-4:]}"
    assert made.last_used_at is None
    extra = made.model_extra or {}
    assert (extra["project_id"], extra["scope"], extra["all_projects"]) == (project, "write", False)
    assert (made.owner.id, made.owner.role) == (project, "write")
    read = keys.retrieve(made.id)
    assert read.model_dump() == {name: value for name, value in made.model_dump().items() if name != "value"}
    [listed] = keys.list(extra_query={"project_id": project})
    assert listed == read
    client = administered.client(made.value)
    store = client.vector_stores.create(name="by its key").id
    assert client.vector_stores.retrieve(store).id == store
    eventually(lambda: keys.retrieve(made.id).last_used_at, lambda at: at is not None)
    gone = keys.delete(made.id)
    assert (gone.id, gone.deleted, gone.object) == (made.id, True, "organization.admin_api_key.deleted")
    with pytest.raises(openai.NotFoundError, match=made.id):
        keys.retrieve(made.id)
    with pytest.raises(openai.NotFoundError, match=made.id):
        keys.delete(made.id)
    assert keys.list(extra_query={"project_id": project}).data == []
    eventually(lambda: _refused(client), bool, REVOKED_WITHIN_S)


def _refused(client: OpenAI) -> str:
    """Returns why a client's key is refused; "" if it is accepted."""
    try:
        client.vector_stores.list()
    except openai.AuthenticationError as error:
        return error.message
    return ""


def test_pages(administered: Administered) -> None:
    """OpenAI's client pages through a list of keys in both orders."""
    project, keys = new_project(), administered.client().admin.organization.admin_api_keys
    made = [administered.make(project, "read").id for _ in range(5)]
    query = {"project_id": project}
    assert [each.id for each in keys.list(limit=2, extra_query=query)] == made
    assert [each.id for each in keys.list(limit=2, order="desc", extra_query=query)] == made[::-1]
    first = keys.list(limit=2, extra_query=query)
    assert (len(first.data), first.has_more) == (2, True)
    assert {each.id for each in keys.list(limit=100)} >= set(made)


def test_scopes(administered: Administered) -> None:
    """A key of scope `read` reads, one of `write` also writes, and one of `admin` also administers its project."""
    project = new_project()
    read, write, admin = (administered.client(administered.make(project, scope).value) for scope in SCOPES)
    store = write.vector_stores.create(name="shared").id
    for client in (read, write, admin):
        assert client.vector_stores.retrieve(store).id == store
        assert [each.id for each in client.vector_stores.list()] == [store]
        assert client.vector_stores.search(store, query="anything").data == []
    for call in (
        lambda: read.vector_stores.create(),
        lambda: read.vector_stores.update(store, name="mine"),
        lambda: read.vector_stores.delete(store),
        lambda: read.files.create(file=b"text", purpose="assistants"),
        lambda: read.admin.organization.admin_api_keys.list(),
        lambda: write.admin.organization.admin_api_keys.list(),
        lambda: write.admin.organization.admin_api_keys.create(name="more"),
        lambda: write.admin.organization.projects.rate_limits.list_rate_limits(project),
    ):
        with pytest.raises(openai.PermissionDeniedError, match="insufficient permissions") as refused:
            call()
        assert (refused.value.code, refused.value.type) == ("permission_denied", "invalid_request_error")
    assert write.vector_stores.retrieve(store).name == "shared"
    assert len(admin.admin.organization.admin_api_keys.list().data) == 3
    assert admin.vector_stores.update(store, name="by an administrator").name == "by an administrator"


def test_scopes_in_the_other_dialect(administered: Administered) -> None:
    """MKA1's client meets the same scopes."""
    project = new_project()
    read = SDK(bearer_auth=administered.make(project, "read").value, server_url=administered.url)
    assert read.llm.vector_stores.list().data == []
    with pytest.raises(SDKDefaultError, match="permission_denied") as refused:
        read.llm.vector_stores.create(name="mine")
    assert refused.value.status_code == 403


@long_locally
def test_every_route_refuses_a_key_without_its_scope(administered: Administered) -> None:
    """Over the whole table of routes, on both prefixes, a key without the scope is refused with a 403, even for things
    that do not exist, and one with the scope is not.
    """
    project = new_project()
    keys = {scope: administered.make(project, scope).value for scope in SCOPES}
    for scope, key in keys.items():
        with administered.raw(key) as raw:
            for prefix in ("/v1", "/api/v1/llm"):
                for route in ROUTES:
                    path = prefix + route.path.replace("<", "").replace(">", "")
                    body: dict[str, Any] = {"files": {route.file_field: b"text"}} if route.file_field else {"json": {}}
                    answer = raw.request(route.method, path, **(body if route.method == "POST" else {}))
                    may = SCOPES.index(scope) >= SCOPES.index(route.scope)
                    # Another project's, or what only keys for all projects see.
                    administers = may and (route.operation == "listQueues" or (route.admin and "project_id" in path))
                    assert (answer.status_code == 403) is (not may or administers), (scope, route, answer.text)
                    assert answer.status_code < 500


def test_an_administrator_of_one_project(administered: Administered) -> None:
    """A key of scope `admin` administers its own project: it sees, makes and deletes no key of another one, and makes
    no key for all projects.
    """
    ours, theirs = new_project(), new_project()
    other = administered.make(theirs, "write")
    client = administered.client(administered.make(ours, "admin").value)
    keys = client.admin.organization.admin_api_keys
    made = keys.create(name="for the ci", extra_body={"scope": "read"})
    assert (made.model_extra or {})["project_id"] == ours
    assert (made.model_extra or {})["created_by"] == next(
        each.id for each in keys.list() if each.name == "admin of a test"
    )
    assert len(keys.list().data) == 2
    for call in (
        lambda: keys.create(name="x", extra_body={"project_id": theirs}),
        lambda: keys.create(name="x", extra_body={"all_projects": True}),
        lambda: keys.list(extra_query={"project_id": theirs}),
    ):
        with pytest.raises(openai.PermissionDeniedError, match="only"):
            call()
    for lookup in (keys.retrieve, keys.delete):
        with pytest.raises(openai.NotFoundError, match=other.id):
            lookup(other.id)
    with pytest.raises(openai.BadRequestError) as unknown:
        keys.list(after=other.id)
    assert unknown.value.param == "after"
    keys.delete(made.id)
    assert administered.client(other.value).vector_stores.list().data == []


def test_expired(administered: Administered) -> None:
    """A key opens nothing from the moment at which it expires, and the error says why."""
    made = administered.make(new_project(), "read", expires_in_seconds=1)
    client = administered.client(made.value)
    reason = eventually(lambda: _refused(client), bool)
    assert "has expired" in reason
    assert made.value not in reason


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": "a" * 257}, "name"),
        ({"name": 7}, "name"),
        ({}, "name"),
        ({"name": "a", "scope": "owner"}, "scope"),
        ({"name": "a", "project_id": "a/b"}, "project_id"),
        ({"name": "a", "project_id": ""}, "project_id"),
        ({"name": "a", "expires_in_seconds": 0}, "expires_in_seconds"),
        ({"name": "a", "expires_in_seconds": "1"}, "expires_in_seconds"),
        ({"name": "a", "scope": "write", "all_projects": True}, "all_projects"),
        ({"name": "a", "owner": "me"}, "owner"),
    ],
)
def test_bad_keys(administered: Administered, fields: dict[str, Any], param: str) -> None:
    """What is wrong with a key is named, and no key is made."""
    with administered.raw() as raw:
        answer = raw.post("/v1/organization/admin_api_keys", json=fields)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def test_repeated(administered: Administered) -> None:
    """A create that is repeated under its Idempotency-Key makes one key and shows the same secret; another body is
    refused.
    """
    project, keys = new_project(), administered.client().admin.organization.admin_api_keys
    headers = {"Idempotency-Key": new_project()}
    extra = {"project_id": project, "scope": "write"}
    first, again = (keys.create(name="once", extra_body=extra, extra_headers=headers) for _ in range(2))
    assert (first.id, first.value) == (again.id, again.value)
    assert [each.id for each in keys.list(extra_query={"project_id": project})] == [first.id]
    with pytest.raises(openai.ConflictError) as refused:
        keys.create(name="twice", extra_body=extra, extra_headers=headers)
    assert refused.value.code == "idempotency_key_reused"
    other = administered.make(project, "admin").value
    same = administered.client(other).admin.organization.admin_api_keys.create(
        name="once", extra_body=extra, extra_headers=headers
    )
    assert same.value not in (first.value, other)
