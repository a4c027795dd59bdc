"""Every POST that writes may be repeated under its `Idempotency-Key`, also while the first request is under way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.clients.conftest import Upload
from vectorlog.api.routes import ROUTES

KEY = {"Idempotency-Key": "once"}
TIMES = 6
VOLATILE = frozenset(
    {
        "status",
        "file_counts",
        "usage_bytes",
        "last_active_at",
        "last_error",
        "chunk_count",
        "processed_chunk_count",
        "processed_page_count",
        "warnings",
    }
)
"""Fields of an answer that follow the work, and so may differ in a repeated answer."""


@dataclass
class Setting:
    """What a request needs: a store, and files in it and outside it."""

    raw: httpx.Client
    upload: Upload
    store: str

    def attached(self) -> str:
        file = self.upload("text").id
        assert self.raw.post(f"/v1/vector_stores/{self.store}/files", json={"file_id": file}).is_success
        return file

    def batch(self) -> str:
        body = {"file_ids": [self.upload("text").id]}
        return str(self.raw.post(f"/v1/vector_stores/{self.store}/file_batches", json=body).json()["id"])


@dataclass
class Repeatable:
    """A request, and the same with another body (None: it has no body)."""

    path: str
    body: dict[str, Any]
    other: dict[str, Any] | None


def _form(content: bytes) -> dict[str, Any]:
    return {"files": {"file": ("a.txt", content)}, "data": {"purpose": "assistants"}}


def _json(**body: Any) -> dict[str, Any]:
    return {"json": body}


def _attach(setting: Setting) -> Repeatable:
    file = setting.upload("text").id
    path = f"/vector_stores/{setting.store}/files"
    return Repeatable(path, _json(file_id=file), _json(file_id=file, attributes={"a": 1}))


def _batch(setting: Setting) -> Repeatable:
    one, other = setting.upload("one").id, setting.upload("other").id
    path = f"/vector_stores/{setting.store}/file_batches"
    return Repeatable(path, _json(file_ids=[one, other]), _json(file_ids=[one]))


def _attributes(setting: Setting) -> Repeatable:
    path = f"/vector_stores/{setting.store}/files/{setting.attached()}"
    return Repeatable(path, _json(attributes={"a": 1}), _json(attributes={"a": 2}))


def _unchanged_attributes(setting: Setting) -> Repeatable:
    path = f"/vector_stores/{setting.store}/files/{setting.attached()}"
    return Repeatable(path, _json(attributes={}), _json(attributes={"a": 2}))


def _cancel(setting: Setting) -> Repeatable:
    return Repeatable(f"/vector_stores/{setting.store}/file_batches/{setting.batch()}/cancel", {}, None)


def _upload(setting: Setting, *parts: bytes) -> tuple[str, list[str]]:
    """An upload of one byte, and parts that were added to it."""
    body = {"filename": "a.txt", "purpose": "assistants", "bytes": 1, "mime_type": "text/plain"}
    path = f"/uploads/{setting.raw.post('/v1/uploads', json=body).json()['id']}"
    added = [setting.raw.post(f"/v1{path}/parts", files={"data": ("a", part)}).json()["id"] for part in parts]
    return path, added


def _create_upload(_: Setting) -> Repeatable:
    body = {"filename": "a.txt", "purpose": "assistants", "bytes": 1, "mime_type": "text/plain"}
    return Repeatable("/uploads", _json(**body), _json(**{**body, "bytes": 2}))


def _part(setting: Setting) -> Repeatable:
    path, _ = _upload(setting)
    return Repeatable(f"{path}/parts", {"files": {"data": ("a", b"1")}}, {"files": {"data": ("a", b"2")}})


def _complete_upload(setting: Setting) -> Repeatable:
    path, (one, other) = _upload(setting, b"1", b"2")
    return Repeatable(f"{path}/complete", _json(part_ids=[one]), _json(part_ids=[other]))


def _cancel_upload(setting: Setting) -> Repeatable:
    path, _ = _upload(setting)
    return Repeatable(f"{path}/cancel", {}, None)


def _grant(setting: Setting) -> Repeatable:
    path = f"/vector_stores/{setting.store}/permissions"
    return Repeatable(path, _json(user_id="ann", role="reader"), _json(user_id="ann", role="writer"))


REQUESTS: Mapping[str, tuple[Callable[[Setting], Repeatable], ...]] = {
    "uploadFile": (lambda _: Repeatable("/files", _form(b"one"), _form(b"other")),),
    "createUpload": (_create_upload,),
    "addUploadPart": (_part,),
    "completeUpload": (_complete_upload,),
    "cancelUpload": (_cancel_upload,),
    "createVectorStore": (lambda _: Repeatable("/vector_stores", _json(name="a"), _json(name="b")),),
    "modifyVectorStore": (
        lambda setting: Repeatable(f"/vector_stores/{setting.store}", _json(name="a"), _json(name="b")),
        lambda setting: Repeatable(f"/vector_stores/{setting.store}", _json(name="test"), _json(name="b")),
    ),
    "createVectorStoreFile": (_attach,),
    "updateVectorStoreFileAttributes": (_attributes, _unchanged_attributes),
    "createVectorStoreFileBatch": (_batch,),
    "cancelVectorStoreFileBatch": (_cancel,),
    "createVectorStorePermission": (_grant,),
}
"""How each POST is sent, by its operation; the second request of some changes nothing. A new POST needs a line here."""
ELSEWHERE = {
    *("createAdminApiKey", "updateProjectRateLimit"),
    *("createWebhookEndpoint", "updateWebhookEndpoint", "rotateWebhookSecret"),
}
"""POSTs of administration, which need a server of their own; their tests repeat them."""

CASES = [pytest.param(make, id=f"{name}-{place}") for name in REQUESTS for place, make in enumerate(REQUESTS[name])]


@pytest.fixture
def setting(raw: httpx.Client, upload: Upload, store: str) -> Setting:
    return Setting(raw, upload, store)


def _shown(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return {name: value for name, value in answer.json().items() if name not in VOLATILE}


def test_every_post_is_listed() -> None:
    """No POST that writes is left out here; those that only read take no key."""
    assert {route.operation for route in ROUTES if route.repeatable} == set(REQUESTS) | ELSEWHERE


@pytest.mark.parametrize("make", CASES)
def test_repeated(setting: Setting, make: Callable[[Setting], Repeatable]) -> None:
    """The same key and body give the same answer; another body is a 409."""
    sent = make(setting)
    first = _shown(setting.raw.post(f"/v1{sent.path}", headers=KEY, **sent.body))
    assert _shown(setting.raw.post(f"/v1{sent.path}", headers=KEY, **sent.body)) == first
    assert _shown(setting.raw.post(f"/api/v1/llm{sent.path}", headers=KEY, **sent.body)).get("id") == first.get("id")
    if sent.other is not None:
        refused = setting.raw.post(f"/v1{sent.path}", headers=KEY, **sent.other)
        assert (refused.status_code, refused.headers["x-should-retry"]) == (409, "false")
        assert refused.json()["error"]["code"] == "idempotency_key_reused"


@pytest.mark.parametrize("make", CASES)
def test_at_once(setting: Setting, make: Callable[[Setting], Repeatable]) -> None:
    """Requests that are repeated at the same moment have one effect: the write settles it, and all get its answer."""
    sent = make(setting)
    with ThreadPoolExecutor(TIMES) as threads:
        answers = list(
            threads.map(lambda _: setting.raw.post(f"/v1{sent.path}", headers=KEY, **sent.body), range(TIMES))
        )
    shown = [_shown(answer) for answer in answers]
    assert all(each == shown[0] for each in shown)


@pytest.mark.parametrize("make", [case for case in CASES if not str(case.id).startswith("cancel")])
def test_two_bodies_at_once(setting: Setting, make: Callable[[Setting], Repeatable]) -> None:
    """Of two bodies that are sent under one key at the same moment, one has its effect, and the other is a 409."""
    sent = make(setting)
    assert sent.other is not None
    bodies = [sent.body, sent.other] * 3
    with ThreadPoolExecutor(len(bodies)) as threads:
        answers = list(threads.map(lambda body: setting.raw.post(f"/v1{sent.path}", headers=KEY, **body), bodies))
    winners = [answer.status_code == 200 for answer in answers]
    assert winners in ([True, False] * 3, [False, True] * 3), [answer.text for answer in answers]
    assert all(answer.status_code in (200, 409) for answer in answers)
