"""Webhooks with OpenAI's client, on a receiver of this machine: what `client.webhooks` makes, and what it verifies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

import openai
import pytest
from openai import OpenAI
from openai.types.webhooks import WebhookEndpointWithSecret

from tests.clients.administered import Administered, new_project
from tests.clients.conftest import EDITION, long_locally
from tests.clients.service import eventually
from tests.support.receiver import Got, Receiver
from vectorlog.domain.outgoing_event import TYPES

WITHIN_S = 60
"""How long an event may take: on AWS, functions start for it."""
ALL: Any = list(TYPES)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def client(administered: Administered) -> OpenAI:
    """A client of a project of its own, with a key of scope `admin`."""
    return administered.client(administered.make(new_project(), "admin").value)


def _create(client: OpenAI, url: str, types: Any = ALL) -> WebhookEndpointWithSecret:
    return client.webhooks.create(name="tests", url=url, event_types=types)


def _unwrapped(client: OpenAI, secret: str, got: Got) -> Any:
    """The event in a request whose signature is right."""
    return cast(Any, client.webhooks.unwrap(got.body, got.headers, secret=secret))


def _events(client: OpenAI, secret: str, receiver: Receiver, number: int) -> list[Any]:
    """The first events that arrive, each once: they may arrive twice."""
    seen: dict[str, Any] = {}

    def read() -> list[Any]:
        for got in list(receiver.got):
            event = _unwrapped(client, secret, got)
            assert got.headers["webhook-id"] == event.id
            seen.setdefault(event.id, event)
        return list(seen.values())

    return eventually(read, lambda found: len(found) >= number, WITHIN_S)


def test_what_happens_to_a_store_is_told(client: OpenAI, receiver: Receiver) -> None:
    """A file that completes, one that fails, a batch, a store and a file that are deleted: each is told once, in the
    order in which it happened, with a signature that OpenAI's client verifies.
    """
    made = _create(client, receiver.url)
    assert made.signing_secret.startswith("whsec_")
    store = client.vector_stores.create(name="told").id
    good = client.files.create(file=("good.txt", b"A lighthouse guides ships."), purpose="assistants").id
    bad = client.files.create(file=("bad.pdf", b"%PDF-1.7 no more"), purpose="assistants").id
    batch = client.vector_stores.file_batches.create_and_poll(store, file_ids=[good, bad])
    assert (batch.file_counts.completed, batch.file_counts.failed) == (1, 1)
    found = _events(client, made.signing_secret, receiver, 3)
    assert {each.type for each in found[:2]} == {"vector_store.file.completed", "vector_store.file.failed"}
    by_type = {each.type: each for each in found}
    completed, failed = by_type["vector_store.file.completed"], by_type["vector_store.file.failed"]
    assert (completed.object, completed.data.id, completed.data.vector_store_id) == ("event", good, store)
    assert (failed.data.id, failed.data.last_error) == (bad, {"code": "invalid_file"})
    ended = found[2]
    assert (ended.type, ended.data.id) == ("vector_store.file_batch.completed", batch.id)
    assert ended.data.file_counts == {"in_progress": 0, "completed": 1, "failed": 1, "cancelled": 0, "total": 2}
    client.vector_stores.delete(store)
    client.files.delete(good)
    found = _events(client, made.signing_secret, receiver, 5)
    assert {each.type: each.data.id for each in found[3:]} == {"vector_store.deleted": store, "file.deleted": good}


def test_life_of_an_endpoint(client: OpenAI) -> None:
    """An endpoint shows its secret once; it is read, listed, changed and deleted like any other thing."""
    made = _create(client, "https://hooks.example.com/a", ["file.deleted", "vector_store.deleted"])
    hint = f"whsec_********{made.signing_secret.rstrip('=')[-4:]}"
    assert (made.object, made.name, made.signing_secret_hint) == ("webhook_endpoint", "tests", hint)
    assert made.event_types == ["vector_store.deleted", "file.deleted"]
    read = client.webhooks.retrieve(made.id)
    assert read.model_dump() == {key: value for key, value in made.model_dump().items() if key != "signing_secret"}
    assert client.webhooks.list().data == [read]
    other = _create(client, "https://hooks.example.com/b")
    assert [each.id for each in client.webhooks.list(limit=1)] == [other.id, made.id]
    changed = client.webhooks.update(made.id, name="renamed")
    assert (changed.name, changed.url, changed.event_types) == ("renamed", made.url, made.event_types)
    assert client.webhooks.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError, match=made.id):
        client.webhooks.retrieve(made.id)
    assert [each.id for each in client.webhooks.list()] == [other.id]
    assert client.webhooks.event_types.list().data == list(TYPES)


def test_rotation(client: OpenAI, receiver: Receiver) -> None:
    """A rotated secret signs at once; the former one too for 24 hours if that is asked for, and else not at all."""
    first = _create(client, receiver.url)
    second = client.webhooks.rotate_secret(first.id, keep_old_secret_active_for_24_hours=True)
    assert second.signing_secret != first.signing_secret
    sample: Any = "vector_store.file.completed"
    assert client.webhooks.test(first.id, event_type=sample).status_code == 200
    for secret in (first.signing_secret, second.signing_secret):
        assert _unwrapped(client, secret, receiver.got[-1]).type == sample
    third = client.webhooks.rotate_secret(first.id)
    client.webhooks.test(first.id, event_type=sample)
    assert _unwrapped(client, third.signing_secret, receiver.got[-1]).type == sample
    with pytest.raises(openai.InvalidWebhookSignatureError):
        _unwrapped(client, second.signing_secret, receiver.got[-1])


def test_repeated(client: OpenAI) -> None:
    """A POST that is repeated under its Idempotency-Key has one effect and the same answer; another body is a 409."""
    made = _create(client, "https://hooks.example.com/a")
    settings = {"name": "again", "url": "https://hooks.example.com/b", "event_types": ["file.deleted"]}
    posts: dict[str, dict[str, Any]] = {
        "/webhook_endpoints": settings,
        f"/webhook_endpoints/{made.id}": {"name": "renamed"},
        f"/webhook_endpoints/{made.id}/rotate_secret": {"keep_old_secret_active_for_24_hours": True},
    }
    for number, (path, body) in enumerate(posts.items()):
        key: Any = {"headers": {"Idempotency-Key": f"{made.id}-{number}"}}
        first, again = (client.post(path, body=body, cast_to=dict, options=key) for _ in range(2))
        assert first == again
        with pytest.raises(openai.ConflictError, match="Idempotency-Key"):
            client.post(path, body={**body, "name": "other"} if "name" in body else {}, cast_to=dict, options=key)
    assert len(client.webhooks.list().data) == 2


@pytest.mark.parametrize("kind", TYPES)
@long_locally
def test_samples(client: OpenAI, receiver: Receiver, kind: Any) -> None:
    """A sample of each type can be sent, and says what the endpoint answered."""
    receiver.status = 418
    made = _create(client, receiver.url)
    answered = client.webhooks.test(made.id, event_type=kind)
    assert (answered.status_code, answered.event_type, answered.webhook_endpoint_id) == (418, kind, made.id)
    event = _unwrapped(client, made.signing_secret, receiver.refused[-1])
    assert (event.type, event.object) == (kind, "event")


@long_locally
def test_an_endpoint_that_is_away_gets_everything_later(client: OpenAI, receiver: Receiver) -> None:
    """What an endpoint refuses is sent again until it takes it, in order, with the same id."""
    made = _create(client, receiver.url, ["vector_store.deleted"])
    receiver.status = 503
    stores = [client.vector_stores.create().id for _ in range(2)]
    for store in stores:
        client.vector_stores.delete(store)
    eventually(lambda: {each.body for each in receiver.refused}, lambda seen: len(seen) == 2, WITHIN_S)
    receiver.status = 200
    found = _events(client, made.signing_secret, receiver, 2)
    assert sorted(each.data.id for each in found) == sorted(stores)


@long_locally
def test_others_get_nothing(administered: Administered, client: OpenAI, receiver: Receiver) -> None:
    """An endpoint gets the events of its own project only, and no other project sees it."""
    made = _create(client, receiver.url)
    project = new_project()
    other = administered.client(administered.make(project, "admin").value)
    other.vector_stores.delete(other.vector_stores.create().id)
    with pytest.raises(openai.NotFoundError):
        other.webhooks.retrieve(made.id)
    assert other.webhooks.list().data == []
    writer = administered.client(administered.make(project, "write").value)
    with pytest.raises(openai.PermissionDeniedError):
        writer.webhooks.list()
    store = client.vector_stores.create().id
    client.vector_stores.delete(store)
    [event] = _events(client, made.signing_secret, receiver, 1)
    assert event.data.id == store


@pytest.mark.parametrize(
    ("url", "fields"),
    [
        ("ftp://example.com/", {}),
        ("https://user:password@example.com/", {}),
        ("https://example.com/#part", {}),
        ("no url", {}),
        ("https://example.com/", {"event_types": []}),
        ("https://example.com/", {"event_types": ["batch.completed"]}),
        ("https://example.com/", {"name": " "}),
        ("https://example.com/", {"secret": "mine"}),
    ],
)
@long_locally
def test_wrong_settings(client: OpenAI, url: str, fields: dict[str, Any]) -> None:
    """Wrong settings are refused by the field's name, and nothing is made."""
    settings: dict[str, Any] = {"name": "tests", "url": url, "event_types": ["file.deleted"], **fields}
    field = next(iter(fields), "url")
    with pytest.raises(openai.BadRequestError) as refused:
        client.post("/webhook_endpoints", body=settings, cast_to=object)
    assert str(refused.value.param).startswith(field)
    assert client.webhooks.list().data == []


def test_no_answer(client: OpenAI) -> None:
    """A test that gets no answer says so."""
    with Receiver() as gone:
        url = gone.url
    made = _create(client, url)
    sample: Any = "file.deleted"
    with pytest.raises(openai.BadRequestError, match="the connection was refused"):
        client.webhooks.test(made.id, event_type=sample)


@pytest.mark.skipif(EDITION != "aws", reason="only the AWS edition has an event bus")
def test_the_event_bus(request: pytest.FixtureRequest, client: OpenAI) -> None:
    """On AWS, what happens is also put on the deployment's event bus, though no endpoint wants it."""
    events = request.getfixturevalue("servers").client("events")
    pattern = json.dumps({"source": ["vectorlog"], "detail-type": ["vector_store.deleted"]})
    archives: list[str] = []
    for bus in events.list_event_buses(NamePrefix="vectorlog-")["EventBuses"]:  # other workers have deployments too
        archives.append(f"told-{len(archives)}")
        events.create_archive(ArchiveName=archives[-1], EventSourceArn=bus["Arn"], EventPattern=pattern)
    client.vector_stores.delete(client.vector_stores.create().id)
    eventually(
        lambda: sum(events.describe_archive(ArchiveName=each)["EventCount"] for each in archives), bool, WITHIN_S
    )
