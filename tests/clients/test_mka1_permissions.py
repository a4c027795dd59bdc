"""`meetkai-mka1` and the permissions of a vector store: what each role may do, and what everyone sees of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from meetkai_mka1 import SDK
from meetkai_mka1.errors import SDKDefaultError
from openai import NotFoundError, OpenAI, PermissionDeniedError

from tests.clients.conftest import Attached, Upload
from tests.clients.service import Service
from vectorlog.domain.sharing import MAX_USERS

Grantee = dict[str, Any]


@dataclass(frozen=True)
class Shared:
    """A store with a file, and the names of its owner and of another end user; calls act for the owner."""

    client: SDK
    store: str
    file: str
    owner: str
    other: str

    @property
    def at(self) -> Grantee:
        return {"vector_store_id": self.store, "x_on_behalf_of": self.owner}

    @property
    def at_other(self) -> Grantee:
        return {"vector_store_id": self.store, "x_on_behalf_of": self.other}

    def grant(self, user: str | None, role: str, **caller: Any) -> Any:
        body: Any = {"grantee_type": "user", "user_id": user, "role": role}
        body = body if user else {"grantee_type": "team", "role": role}
        return self.client.llm.vector_stores.create_permission(body=body, **{**self.at, **caller})

    def revoke(self, user: str, **caller: Any) -> Any:
        return self.client.llm.vector_stores.delete_permission(user_id=user, **{**self.at, **caller})

    def held(self, user: str, **caller: Any) -> tuple[str, str | None, str | None, str]:
        found = self.client.llm.vector_stores.get_permission(user_id=user, **{**self.at, **caller})
        return found.grantee_type, found.user_id, found.role, found.source

    def listed(self, **caller: Any) -> list[tuple[str, str | None, str]]:
        found = self.client.llm.vector_stores.list_permissions(**{**self.at, **caller})
        return [(each.grantee_type, each.user_id, each.role) for each in found.data]


@pytest.fixture
def shared(mka1_client: SDK, user: str, store: str, attached: Attached) -> Shared:
    return Shared(mka1_client, store, attached(store, "the owl flies at night").id, user, f"{user}-other")


def refused(call: Callable[[], Any]) -> tuple[int, str]:
    """Returns the status and the message with which a call is refused."""
    with pytest.raises(SDKDefaultError) as caught:
        call()
    return caught.value.status_code, caught.value.body


def test_life_of_a_permission(shared: Shared) -> None:
    """Grant, list, read, change and remove; owner first, then the team, then end users."""
    owner, other = shared.owner, shared.other
    assert shared.listed() == [("user", owner, "owner")]
    assert shared.held(owner) == ("user", owner, "owner", "owner")
    assert shared.held(other) == ("user", other, None, "none")
    made = shared.grant(other, "reader")
    assert (made.object, made.vector_store_id, made.grantee_type, made.user_id, made.role) == (
        "vector_store.permission",
        shared.store,
        "user",
        other,
        "reader",
    )
    assert shared.held(other) == ("user", other, "reader", "grant")
    team = shared.grant(None, "writer")
    assert (team.grantee_type, team.user_id, team.role) == ("team", None, "writer")
    assert shared.held("team") == ("team", None, "writer", "team")
    assert shared.held(other) == ("user", other, "writer", "team")
    assert shared.held("anyone") == ("user", "anyone", "writer", "team")
    shared.grant("ann@example.com", "reader")
    assert shared.grant(other, "writer").role == "writer"
    assert shared.held(other) == ("user", other, "writer", "grant")
    everyone = [
        ("user", owner, "owner"),
        ("team", None, "writer"),
        ("user", "ann@example.com", "reader"),
        ("user", other, "writer"),
    ]
    assert shared.listed() == everyone
    assert shared.listed(x_on_behalf_of=other) == everyone
    gone = shared.revoke("team")
    assert (gone.object, gone.vector_store_id, gone.grantee_type, gone.user_id, gone.deleted) == (
        "vector_store.permission.deleted",
        shared.store,
        "team",
        None,
        True,
    )
    assert (shared.revoke("ann@example.com").grantee_type, shared.held("ann@example.com")[3]) == ("user", "none")
    assert shared.held("team") == ("team", None, None, "none")
    assert refused(lambda: shared.revoke("team"))[0] == 404
    assert refused(lambda: shared.revoke("ann@example.com"))[0] == 404
    assert shared.listed() == [("user", owner, "owner"), ("user", other, "writer")]


def test_reader(shared: Shared, openai_client: OpenAI, mka1_client: SDK) -> None:
    """A reader reads everything of the store, and changes nothing: 403; before and after the grant it is a 404."""
    stores, at, file = mka1_client.llm.vector_stores, shared.at_other, shared.file
    batch = openai_client.vector_stores.file_batches.create(shared.store, file_ids=[file]).id
    openai_client.vector_stores.file_batches.poll(batch, vector_store_id=shared.store)
    reads: list[Callable[[], Any]] = [
        lambda: stores.get(**at),
        lambda: stores.search(query="owl", **at),
        lambda: stores.list_files(**at),
        lambda: stores.get_file(file_id=file, **at),
        lambda: stores.get_file_content(file_id=file, **at),
        lambda: stores.get_file_batch(batch_id=batch, **at),
        lambda: stores.list_files_in_batch(batch_id=batch, **at),
        lambda: stores.list_permissions(**at),
        lambda: stores.get_permission(user_id=shared.other, **at),
    ]
    writes: list[Callable[[], Any]] = [
        lambda: stores.update(name="x", **at),
        lambda: stores.delete(**at),
        lambda: stores.create_file(file_id=file, **at),
        lambda: stores.update_file(file_id=file, attributes={"n": 1}, **at),
        lambda: stores.delete_file(file_id=file, **at),
        lambda: stores.create_file_batch(file_ids=[file], **at),
        lambda: stores.cancel_file_batch(batch_id=batch, **at),
        lambda: shared.grant("someone", "reader", x_on_behalf_of=shared.other),
        lambda: shared.revoke(shared.other, x_on_behalf_of=shared.other),
    ]
    for call in (*reads, *writes):
        assert refused(call)[0] == 404
    assert stores.list(x_on_behalf_of=shared.other).data == []
    shared.grant(shared.other, "reader")
    answers = [call() for call in reads]
    assert (answers[0].id, answers[0].file_counts.completed) == (shared.store, 1)
    assert [hit.file_id for hit in answers[1].data] == [file]
    assert answers[4].content[0].text == "the owl flies at night"
    for call in writes:
        status, body = refused(call)
        assert (status, '"permission_denied"' in body) == (403, True)
    assert [each.id for each in stores.list(x_on_behalf_of=shared.other).data] == [shared.store]
    for user in (shared.owner, shared.other):
        assert stores.get(vector_store_id=shared.store, x_on_behalf_of=user).name == "test"
    shared.revoke(shared.other)
    for call in (*reads, *writes):
        assert refused(call)[0] == 404
    assert stores.list(x_on_behalf_of=shared.other).data == []


def test_writer(shared: Shared, mka1_client: SDK, service: Service, openai_client: OpenAI) -> None:
    """A writer changes the store and attaches files of their own, but neither files that they do not see nor
    permissions; the uploads of others stay out of reach.
    """
    stores, at = mka1_client.llm.vector_stores, shared.at_other
    shared.grant(shared.other, "writer")
    theirs = OpenAI(base_url=f"{service.url}/v1", api_key=service.key, default_headers={"X-On-Behalf-Of": shared.other})
    own = theirs.files.create(file=("bee.txt", b"a bee makes honey"), purpose="assistants").id
    assert theirs.vector_stores.files.create_and_poll(own, vector_store_id=shared.store).status == "completed"
    batch = theirs.vector_stores.file_batches.create_and_poll(shared.store, file_ids=[own])
    assert batch.file_counts.completed == 1
    assert stores.update_file(file_id=shared.file, attributes={"n": 1}, **at).attributes == {"n": 1}
    assert stores.update(name="ours", **at).name == "ours"
    assert {hit.file_id for hit in openai_client.vector_stores.search(shared.store, query="honey").data} == {
        own,
        shared.file,
    }
    hidden = openai_client.files.create(file=("a.txt", b"unshared"), purpose="assistants").id
    for file in (hidden, shared.file):
        assert refused(lambda file=file: stores.create_file(file_id=file, **at))[0] == 404  # type: ignore[misc]
        assert refused(lambda file=file: stores.create_file_batch(file_ids=[file], **at))[0] == 404  # type: ignore[misc]
        for call in (theirs.files.retrieve, theirs.files.content, theirs.files.delete):
            with pytest.raises(NotFoundError):
                call(file)
    with pytest.raises(NotFoundError):
        openai_client.files.content(own)
    for change in (
        lambda: shared.grant("x", "reader", x_on_behalf_of=shared.other),
        lambda: shared.revoke("x", x_on_behalf_of=shared.other),
    ):
        assert refused(change)[0] == 403
    assert stores.delete_file(file_id=own, **at).deleted
    assert stores.delete(**at).deleted
    assert refused(lambda: stores.get(**shared.at))[0] == 404


def test_lists(shared: Shared, openai_client: OpenAI, service: Service) -> None:
    """A list shows what an end user owns, was granted, and the team's, in order of creation, each once; with every
    page size and in both directions the pages make up the list. What goes out of reach is gone at once.
    """
    theirs = OpenAI(base_url=f"{service.url}/v1", api_key=service.key, default_headers={"X-On-Behalf-Of": shared.other})
    made: list[str] = []
    for number in range(9):
        client = theirs if number % 3 == 0 else openai_client
        made.append(client.vector_stores.create(name=str(number)).id)
    try:
        for number, store in enumerate(made):
            owner = shared.other if number % 3 == 0 else shared.owner
            at = {"vector_store_id": store, "x_on_behalf_of": owner}
            if number % 3 == 1:
                shared.grant(shared.other, "reader", **at)
            if number in (0, 1, 2, 8):
                shared.grant(None, "reader", **at)
        expected = [store for number, store in enumerate(made) if number % 3 != 2 or number in (2, 8)]
        for limit in (1, 2, 3, 100):
            ours = [each.id for each in theirs.vector_stores.list(order="asc", limit=limit) if each.id in made]
            assert ours == expected
            back = [each.id for each in theirs.vector_stores.list(order="desc", limit=limit) if each.id in made]
            assert back == expected[::-1]
        before = theirs.vector_stores.list(order="asc", before=expected[4], limit=2)
        assert [each.id for each in before.data] == expected[2:4]
        openai_client.vector_stores.update(made[1], name="renamed")
        named = {each.id: each.name for each in theirs.vector_stores.list(limit=100)}
        assert named[made[1]] == "renamed"
        assert made[5] not in named
        openai_client.vector_stores.delete(made[4])
        shared.revoke(shared.other, vector_store_id=made[7])
        left = [each.id for each in theirs.vector_stores.list(order="asc", limit=1) if each.id in made]
        assert left == [store for store in expected if store not in (made[4], made[7])]
        for cursor in (made[4], made[7]):  # a cursor goes on from its place, though its store is gone from the list
            page = theirs.vector_stores.list(order="asc", after=cursor, limit=100)
            assert [each.id for each in page.data if each.id in made] == [store for store in left if store > ""][
                left.index(next(store for store in left if made.index(store) > made.index(cursor))) :
            ]
        page = openai_client.vector_stores.list(limit=100)
        assert {each.id for each in page.data} >= {made[1], made[2], made[5], made[7], made[8]}
    finally:
        for number in (0, 1, 2, 8):
            owner = shared.other if number % 3 == 0 else shared.owner
            shared.revoke("team", vector_store_id=made[number], x_on_behalf_of=owner)


def test_project(mka1_client: SDK, raw: httpx.Client, user: str) -> None:
    """A key without X-On-Behalf-Of acts for its project: it sees all stores, grants on all, and is the owner of those
    that it creates, under the project's name.
    """
    stores = mka1_client.llm.vector_stores
    theirs = stores.create(x_on_behalf_of=user).id
    assert stores.create_permission(
        vector_store_id=theirs, body={"grantee_type": "user", "user_id": "bob", "role": "reader"}
    ).user_id == ("bob")
    assert [each.role for each in stores.list_permissions(vector_store_id=theirs).data] == ["owner", "reader"]
    assert stores.delete_permission(vector_store_id=theirs, user_id="bob").deleted
    ours = stores.create().id
    [owner] = stores.list_permissions(vector_store_id=ours).data
    assert owner.role == "owner"
    assert owner.user_id
    held = stores.get_permission(vector_store_id=ours, user_id=owner.user_id)
    assert (held.role, held.source) == ("owner", "owner")
    assert refused(lambda: stores.get(vector_store_id=ours, x_on_behalf_of=user))[0] == 404
    stores.create_permission(vector_store_id=ours, body={"grantee_type": "user", "user_id": user, "role": "reader"})
    assert stores.get(vector_store_id=ours, x_on_behalf_of=user).id == ours
    stores.delete(vector_store_id=ours)
    assert raw.get(f"/v1/vector_stores/{ours}/permissions").status_code == 404


def test_owner_stays(shared: Shared) -> None:
    """The owner's role can be neither granted, nor changed, nor removed."""
    for call in (
        lambda: shared.grant(shared.owner, "reader"),
        lambda: shared.revoke(shared.owner),
    ):
        status, body = refused(call)
        assert (status, "owner" in body, '"user_id"' in body) == (400, True, True)
    assert shared.held(shared.owner)[2:] == ("owner", "owner")


BAD: list[tuple[dict[str, Any], str]] = [
    ({"role": "reader"}, "user_id"),
    ({"grantee_type": "user", "role": "reader"}, "user_id"),
    ({"user_id": "bob"}, "role"),
    ({"user_id": "bob", "role": "owner"}, "role"),
    ({"user_id": "bob", "role": None}, "role"),
    ({"user_id": "bob", "role": "reader", "grantee_type": "group"}, "grantee_type"),
    ({"user_id": "bob", "role": "reader", "grantee_type": "team"}, "user_id"),
    ({"user_id": "bob", "role": "reader", "more": 1}, "more"),
    ({"user_id": 5, "role": "reader"}, "user_id"),
    *(
        ({"user_id": name, "role": "reader"}, "user_id")
        for name in ("", "a/b", "a b", "a\tb", " a", ".", "..", "*", "team", "x" * 257, "a\u0000b", "a\u00a0b")
    ),
]


@pytest.mark.parametrize(("body", "field"), BAD, ids=str)
def test_bad_grants(raw: httpx.Client, store: str, body: dict[str, Any], field: str) -> None:
    """A wrong grant is a 400 that names its field, and grants nothing."""
    for prefix in ("/v1", "/api/v1/llm"):
        answer = raw.post(f"{prefix}/vector_stores/{store}/permissions", json=body)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, field)
        assert len(raw.get(f"{prefix}/vector_stores/{store}/permissions").json()["data"]) == 1


def test_defaults_and_openai_prefix(raw: httpx.Client, store: str, openai_client: OpenAI) -> None:
    """`grantee_type` is `user` unless given; `/v1` serves the four operations too, and a repeated Idempotency-Key
    grants once and is answered with what is held now.
    """
    path, key = f"/v1/vector_stores/{store}/permissions", {"Idempotency-Key": "k1"}
    body = {"user_id": "bob", "role": "reader"}
    made = raw.post(path, json=body, headers=key)
    assert made.json() == {
        "object": "vector_store.permission",
        "vector_store_id": store,
        "grantee_type": "user",
        "user_id": "bob",
        "role": "reader",
    }
    assert raw.post(path, json={**body, "role": "writer"}, headers=key).status_code == 409
    assert raw.post(path, json={**body, "role": "writer"}).json()["role"] == "writer"
    assert raw.post(path, json=body, headers=key).json()["role"] == "writer"
    assert raw.get(f"{path}/bob").json() == {**made.json(), "role": "writer", "source": "grant"}
    assert raw.delete(f"{path}/bob").json()["deleted"] is True
    assert raw.post(path, json=body, headers=key).status_code == 404
    assert raw.get(f"{path}/bob").json()["source"] == "none"
    reader = openai_client.with_options(default_headers={"X-On-Behalf-Of": "carl"})
    assert raw.post(path, json={"user_id": "carl", "role": "reader"}).status_code == 200
    with pytest.raises(PermissionDeniedError, match="role 'writer'"):
        reader.vector_stores.delete(store)


@pytest.mark.parametrize("name", ["a+b", "ö", "a@b.c", "a:b", "a&b=c", "a,b", "~x"])
def test_names_in_paths(shared: Shared, name: str) -> None:
    """Any id that can be granted can be read and removed by its path."""
    shared.grant(name, "reader")
    assert shared.held(name) == ("user", name, "reader", "grant")
    assert shared.revoke(name).user_id == name
    assert shared.held(name)[3] == "none"


@pytest.mark.parametrize("name", ["a%b", "a%2fb", "a?b", "#1", "a+b", "日本", "\U0001f989"])
def test_names_that_the_client_does_not_encode(raw: httpx.Client, store: str, name: str) -> None:
    """In a path, an id is percent-encoded; then it may have any character that can be granted."""
    path = f"/api/v1/llm/vector_stores/{store}/permissions"
    assert raw.post(path, json={"user_id": name, "role": "reader"}).json()["user_id"] == name
    one = f"{path}/{quote(name, safe='')}"
    assert (raw.get(one).json()["user_id"], raw.get(one).json()["source"]) == (name, "grant")
    assert raw.delete(one).json()["user_id"] == name


def test_limit(raw: httpx.Client, store: str) -> None:
    """A store is shared with a limited number of end users; one more is a 400 that names the limit."""
    path = f"/v1/vector_stores/{store}/permissions"
    for number in range(MAX_USERS):
        assert raw.post(path, json={"user_id": f"u{number}", "role": "reader"}).status_code == 200
    refused = raw.post(path, json={"user_id": "more", "role": "reader"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "user_id")
    assert str(MAX_USERS) in refused.json()["error"]["message"]
    assert raw.post(path, json={"user_id": "u0", "role": "writer"}).json()["role"] == "writer"
    assert raw.post(path, json={"grantee_type": "team", "role": "reader"}).status_code == 200
    assert raw.delete(f"{path}/u1").status_code == 200
    assert raw.post(path, json={"user_id": "more", "role": "reader"}).status_code == 200
    assert len(raw.get(path).json()["data"]) == 2 + MAX_USERS
    assert raw.delete(f"{path}/team").status_code == 200  # other tests on this server list what the team has


def test_upload_is_deleted_everywhere(shared: Shared, upload: Upload, service: Service, openai_client: OpenAI) -> None:
    """Whoever uploaded a file can delete it, and it leaves a store that they may no longer see."""
    theirs = OpenAI(base_url=f"{service.url}/v1", api_key=service.key, default_headers={"X-On-Behalf-Of": shared.other})
    shared.grant(shared.other, "writer")
    file = theirs.files.create(file=("bee.txt", b"a bee makes honey"), purpose="assistants").id
    theirs.vector_stores.files.create_and_poll(file, vector_store_id=shared.store)
    shared.revoke(shared.other)
    assert openai_client.vector_stores.files.retrieve(file, vector_store_id=shared.store).id == file
    theirs.files.delete(file)
    with pytest.raises(NotFoundError):
        openai_client.vector_stores.files.retrieve(file, vector_store_id=shared.store)
