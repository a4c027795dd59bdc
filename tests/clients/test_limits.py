"""Limits of projects: each limit, its headers, and that a second project does not feel it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.clients.administered import Administered, new_project
from tests.clients.service import eventually


@pytest.fixture
def project() -> str:
    return new_project()


@pytest.fixture
def client(administered: Administered, project: str) -> OpenAI:
    return administered.client(administered.make(project, "write").value)


@pytest.fixture
def other(administered: Administered) -> OpenAI:
    """A client of another project."""
    return administered.client(administered.make(new_project(), "write").value)


def refused(call: Callable[[], Any], limit: str, *, retry: bool) -> openai.RateLimitError:
    """Makes a call that a limit refuses; returns the error."""
    with pytest.raises(openai.RateLimitError, match=limit) as caught:
        call()
    headers = caught.value.response.headers
    assert headers["x-should-retry"] == str(retry).lower()
    assert int(headers["retry-after"]) > 0
    assert caught.value.code == ("rate_limit_exceeded" if retry else "insufficient_quota")
    return caught.value


def test_limits_are_shown_and_changed(administered: Administered, project: str) -> None:
    """The limits of a project are one object in OpenAI's form. A change names some of them; null takes the deployment's
    again.
    """
    rates = administered.client().admin.organization.projects.rate_limits
    [before] = rates.list_rate_limits(project).data
    assert (before.id, before.object, before.model) == ("rl-project", "project.rate_limit", "*")
    after = administered.limit(project, max_requests_per_1_second=7, max_files=3)
    assert after == {
        **before.model_dump(),
        "max_requests_per_1_second": 7,
        "max_requests_per_1_minute": 420,
        "max_files": 3,
    }
    assert rates.list_rate_limits(project).data[0].model_dump() == after
    changed = rates.update_rate_limit("rl-project", project_id=project, max_requests_per_1_minute=120)
    assert (changed.model_extra or {})["max_requests_per_1_second"] == 2
    reset = administered.limit(project, max_requests_per_1_second=None, max_files=None)
    assert reset == before.model_dump()


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"max_files": -1}, "max_files"),
        ({"max_files": "7"}, "max_files"),
        ({"max_requests_per_1_minute": 61}, "max_requests_per_1_minute"),
        ({"max_requests_per_1_minute": 60, "max_requests_per_1_second": 1}, "max_requests_per_1_second"),
        ({"max_tokens_per_1_minute": 5}, "max_tokens_per_1_minute"),
    ],
)
def test_bad_limits(administered: Administered, project: str, fields: dict[str, Any], param: str) -> None:
    """What is wrong with a change is named, and nothing is changed."""
    with administered.raw() as raw:
        answer = raw.post(f"/v1/organization/projects/{project}/rate_limits/rl-project", json=fields)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
        assert raw.post(f"/v1/organization/projects/{project}/rate_limits/rl-none", json={}).status_code == 404
        assert raw.get("/v1/organization/projects/a%2Fb/rate_limits").status_code in (400, 404)


def test_an_administrator_of_the_project_only_tightens(administered: Administered, project: str) -> None:
    """A project's own administrator may set tighter limits than the deployment's, and no looser ones."""
    administered.limit(project, max_vector_stores=5)
    rates = administered.client(administered.make(project, "admin").value).admin.organization.projects.rate_limits
    tighter = rates.update_rate_limit("rl-project", project_id=project, extra_body={"max_vector_stores": 2})
    assert (tighter.model_extra or {})["max_vector_stores"] == 2
    for looser in (0, 6):
        with pytest.raises(openai.PermissionDeniedError, match="5 at most"):
            rates.update_rate_limit("rl-project", project_id=project, extra_body={"max_vector_stores": looser})
    with pytest.raises(openai.PermissionDeniedError):
        rates.list_rate_limits(new_project())
    assert administered.limit(project, max_vector_stores=1)["max_vector_stores"] == 1


def test_stores(administered: Administered, project: str, client: OpenAI, other: OpenAI) -> None:
    """A project has at most so many stores; deleting one makes room."""
    administered.limit(project, max_vector_stores=2)
    stores = [client.vector_stores.create().id for _ in range(2)]
    error = refused(client.vector_stores.create, "stores", retry=False)
    assert error.response.headers["x-ratelimit-limit-stores"] == "2"
    assert error.response.headers["x-ratelimit-remaining-stores"] == "0"
    assert len(list(client.vector_stores.list())) == 2
    other.vector_stores.create()
    client.vector_stores.delete(stores[0])
    assert client.vector_stores.create().id


def test_files_and_bytes(administered: Administered, project: str, client: OpenAI, other: OpenAI) -> None:
    """A project has at most so many files and bytes; deleting makes room, and a refused upload leaves nothing."""
    administered.limit(project, max_files=2, max_stored_bytes=10)

    def upload(size: int, by: OpenAI = client) -> str:
        return by.files.create(file=("a.txt", b"a" * size), purpose="assistants").id

    first = upload(6)
    error = refused(lambda: upload(5), "stored_bytes", retry=False)
    assert error.response.headers["x-ratelimit-remaining-stored-bytes"] == "4"
    upload(4)
    refused(lambda: upload(0), " files", retry=False)
    assert len(list(client.files.list())) == 2
    upload(100, other)
    client.files.delete(first)
    upload(6)
    assert sum(each.bytes for each in client.files.list()) == 10


def test_uploads_in_parts(administered: Administered, project: str, client: OpenAI, other: OpenAI) -> None:
    """An upload in parts counts like a file: it is refused at its creation, and at complete what was full since."""
    administered.limit(project, max_stored_bytes=10)

    def begin(size: int, by: OpenAI = client) -> str:
        return by.uploads.create(filename="a.txt", purpose="assistants", bytes=size, mime_type="text/plain").id

    refused(lambda: begin(11), "stored_bytes", retry=False)
    one, late = begin(6), begin(6)
    parts = {each: client.uploads.parts.create(each, data=b"a" * 6).id for each in (one, late)}
    file = client.uploads.complete(one, part_ids=[parts[one]]).file
    refused(lambda: client.uploads.parts.create(late, data=b"b"), "stored_bytes", retry=False)
    refused(lambda: client.uploads.complete(late, part_ids=[parts[late]]), "stored_bytes", retry=False)
    begin(100, other)
    assert file is not None
    client.files.delete(file.id)
    assert client.uploads.complete(late, part_ids=[parts[late]]).status == "completed"


def test_rate_limits_are_paged(administered: Administered, project: str) -> None:
    """The list of a project's limits has one object, and takes OpenAI's cursors."""
    rates = administered.client().admin.organization.projects.rate_limits
    page = rates.list_rate_limits(project, limit=1)
    assert ([each.id for each in page], page.has_more, page.last_id) == (["rl-project"], False, "rl-project")
    assert list(rates.list_rate_limits(project, after="rl-project")) == []
    assert list(rates.list_rate_limits(project, before="rl-project")) == []
    for cursor in ("after", "before"):
        with pytest.raises(openai.BadRequestError) as unknown:
            rates.list_rate_limits(project, extra_query={cursor: "rl-none"})
        assert unknown.value.param == cursor


def test_files_a_minute(administered: Administered, project: str, client: OpenAI, other: OpenAI) -> None:
    """A project attaches at most so many files a minute, by whichever request; a batch that can never fit says so."""
    administered.limit(project, max_files_per_1_minute=3)
    files = [client.files.create(file=(f"{n}.txt", b"text"), purpose="assistants").id for n in range(4)]
    store = client.vector_stores.create().id
    error = refused(
        lambda: client.vector_stores.file_batches.create(store, file_ids=files), "files_per_minute", retry=False
    )
    assert "smaller batches" in error.message

    def in_one_minute() -> bool:
        """Whether the minute did not end in between."""
        batch = client.vector_stores.file_batches.with_raw_response.create(store, file_ids=files[:2])
        left = batch.headers["x-ratelimit-remaining-files-per-minute"]
        assert batch.headers["x-ratelimit-limit-files-per-minute"] == "3"
        assert batch.headers["x-ratelimit-reset-files-per-minute"].endswith("s")
        return left == "1"

    eventually(in_one_minute, bool)
    error = refused(
        lambda: client.vector_stores.file_batches.create(store, file_ids=files[:2]), "files_per_minute", retry=True
    )
    assert error.response.headers["x-ratelimit-remaining-files-per-minute"] == "1"
    assert int(error.response.headers["retry-after"]) <= 60
    client.vector_stores.files.create(store, file_id=files[2])
    refused(lambda: client.vector_stores.create(file_ids=files[:1]), "files_per_minute", retry=True)
    others = other.files.create(file=("a.txt", b"text"), purpose="assistants").id
    other.vector_stores.create(file_ids=[others])


def test_repeated(administered: Administered, project: str) -> None:
    """A change that is repeated under its Idempotency-Key is made once, and another body is refused."""
    rates, headers = administered.client().admin.organization.projects.rate_limits, {"Idempotency-Key": project}

    def change(limit: int) -> int:
        made = rates.update_rate_limit(
            "rl-project", project_id=project, extra_body={"max_files": limit}, extra_headers=headers
        )
        return int((made.model_extra or {})["max_files"])

    assert change(3) == 3
    administered.limit(project, max_files=5)
    assert change(3) == 5
    with pytest.raises(openai.ConflictError) as refused:
        change(4)
    assert refused.value.code == "idempotency_key_reused"


def test_requests_a_second(administered: Administered, project: str, client: OpenAI, other: OpenAI) -> None:
    """A project sends at most so many requests a second; what is above that is told when to come back, while another
    project is served. The headers say what is left.
    """
    administered.limit(project, max_requests_per_1_second=2)

    def limited() -> openai.RateLimitError | None:
        try:
            client.vector_stores.list()
        except openai.RateLimitError as error:
            return error
        return None

    error = eventually(limited, lambda error: error is not None)
    assert error is not None
    headers = error.response.headers
    assert "requests_per_second" in error.message
    assert (headers["x-ratelimit-limit-requests"], headers["x-ratelimit-remaining-requests"]) == ("2", "0")
    assert headers["x-ratelimit-reset-requests"].endswith("s")
    assert headers["retry-after"] == "1"
    assert 0 < int(headers["retry-after-ms"]) <= 1000
    for _ in range(5):
        assert other.vector_stores.list().data == []
    patient = client.with_options(max_retries=5)
    for _ in range(4):
        patient.vector_stores.list()
