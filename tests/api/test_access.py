"""What each operation lets each kind of caller do. An operation of the route table that is not in `ACCESS` fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.simulation.local import LocalWorld
from tests.support.callers import PREFIXES, Callers, Got
from vectorlog.api.routes import ROUTES, Route
from vectorlog.domain.tenancy import Caller

Needs = Literal["read", "write", "share", "file", "nothing"]
"""What a caller needs: a right on the store in the path, the ownership of the file in the path, or only a key."""

OWNER, PROJECT = Caller("acme", "ann"), Caller("acme")
WRITER, READER = Caller("acme", "will"), Caller("acme", "rita")
TEAM = Caller("acme", "tess")
"""Holds no role but the team's."""
STRANGERS = (
    Caller("acme", "bob"),
    Caller("acme", "fred"),  # held a role once
    Caller("acme", "acme"),
    Caller("other"),
    Caller("other", "ann"),
    Caller("other", "will"),
)
SECRET = "zanzibar"
"""Is in everything that the owner made, and in no answer to a stranger."""


@dataclass(frozen=True, slots=True)
class Access:
    """What an operation needs, and what to send to it: a body with the ids of a file of the caller and of the store."""

    needs: Needs
    body: Callable[[str, str], dict[str, Any]] | None = None
    upload: bool = False


ACCESS: dict[str, Access] = {
    "uploadFile": Access("nothing", upload=True),
    "listFiles": Access("nothing"),
    "getFile": Access("file"),
    "deleteFile": Access("file"),
    "getFileContent": Access("file"),
    "createVectorStore": Access("nothing", lambda *_: {}),
    "listVectorStores": Access("nothing"),
    "getVectorStore": Access("read"),
    "modifyVectorStore": Access("write", lambda *_: {"name": "changed"}),
    "deleteVectorStore": Access("write"),
    "searchVectorStore": Access("read", lambda *_: {"query": "owl"}),
    "searchVectorStores": Access("read", lambda _, store: {"query": "owl", "vector_store_ids": [store]}),
    "listVectorStoreFileChunks": Access("read"),
    "createVectorStoreFile": Access("write", lambda file, _: {"file_id": file}),
    "listVectorStoreFiles": Access("read"),
    "getVectorStoreFile": Access("read"),
    "updateVectorStoreFileAttributes": Access("write", lambda *_: {"attributes": {"n": 1}}),
    "deleteVectorStoreFile": Access("write"),
    "getVectorStoreFileContent": Access("read"),
    "createVectorStoreFileBatch": Access("write", lambda file, _: {"file_ids": [file]}),
    "getVectorStoreFileBatch": Access("read"),
    "cancelVectorStoreFileBatch": Access("write"),
    "listVectorStoreFilesInBatch": Access("read"),
    "listFileEvents": Access("file"),
    "listVectorStoreEvents": Access("read"),
    "listVectorStoreFileEvents": Access("read"),
    "listVectorStorePermissions": Access("read"),
    "createVectorStorePermission": Access("share", lambda *_: {"user_id": "zoe", "role": "reader"}),
    "getVectorStorePermission": Access("read"),
    "deleteVectorStorePermission": Access("share"),
}
KEYS, LIMITS = "clients/test_admin_keys.py", "clients/test_limits.py"
CALLER = "clients/test_caller_and_queues.py"
USAGE, MODELS = "use_cases/test_usage.py", "clients/test_models.py"
WEBHOOKS = "clients/test_webhooks.py"
UPLOADS = "use_cases/test_uploads.py"
ELSEWHERE: dict[str, str] = {
    "createUpload": UPLOADS,
    "addUploadPart": UPLOADS,
    "completeUpload": UPLOADS,
    "cancelUpload": UPLOADS,
    "createAdminApiKey": KEYS,
    "listAdminApiKeys": KEYS,
    "getAdminApiKey": KEYS,
    "deleteAdminApiKey": KEYS,
    "getOrganizationUsage": USAGE,
    "getVectorStoresUsage": USAGE,
    "getFilesUsage": USAGE,
    "listModels": MODELS,
    "getModel": MODELS,
    "deleteModel": MODELS,
    "createEmbeddings": MODELS,
    "listEmbeddingModels": MODELS,
    "listProjectRateLimits": LIMITS,
    "updateProjectRateLimit": LIMITS,
    **dict.fromkeys((route.operation for route in ROUTES if "ebhook" in route.operation), WEBHOOKS),
    "listQueues": CALLER,
    "getCaller": CALLER,
}
"""Operations that concern neither stores nor files of an end user, and the tests of who may do them."""
STORE_ROUTES = [route for route in ROUTES if route.operation not in ELSEWHERE]
EXPECTED: dict[Needs, dict[Caller, int]] = {
    "read": {READER: 200, WRITER: 200, PROJECT: 200, OWNER: 200},
    "write": {READER: 403, WRITER: 200, PROJECT: 200, OWNER: 200},
    "share": {READER: 403, WRITER: 403, PROJECT: 200, OWNER: 200},
    "file": {READER: 404, WRITER: 404, PROJECT: 200, OWNER: 200},
    "nothing": {READER: 200, WRITER: 200, PROJECT: 200, OWNER: 200},
}


class Made:
    """A store of `OWNER` with a file of the caller's own in it, shared with one reader and one writer."""

    def __init__(self, world: LocalWorld, *, team: str | None = None) -> None:
        self._world = world
        self.callers = Callers(world.app, world.folder)
        self._upload = self._send(OWNER, "POST", "/files", upload=(f"{SECRET}.txt", f"an owl of {SECRET}"))["id"]
        body = {"name": SECRET, "metadata": {"of": SECRET}}
        self.store: str = self._send(OWNER, "POST", "/vector_stores", body)["id"]
        at = f"/vector_stores/{self.store}"
        listed = {"file_ids": [self._upload], "attributes": {"of": SECRET}}
        self._batch: str = self._send(OWNER, "POST", f"{at}/file_batches", listed)["id"]
        self._settle()
        for user, role in (("will", "writer"), ("rita", "reader"), ("fred", "writer")):
            self._send(OWNER, "POST", f"{at}/permissions", {"user_id": user, "role": role})
        self._send(OWNER, "DELETE", f"{at}/permissions/fred")
        if team:
            self._send(OWNER, "POST", f"{at}/permissions", {"grantee_type": "team", "role": team})

    def call(self, caller: Caller, route: Route, prefix: str) -> Got:
        """Sends what `ACCESS` says to an operation; what it attaches is a file of the caller's own."""
        self._world.clock.advance(1)
        access = ACCESS[route.operation]
        ids = {"vector_store_id": self.store, "file_id": self._upload, "batch_id": self._batch, "user_id": "rita"}
        path = route.path
        for name, value in ids.items():
            path = path.replace(f"<{name}>", value)
        body = None
        if access.body is not None:
            own = self._send(caller, "POST", "/files", upload=("own.txt", "an owl"))["id"]
            body = access.body(own, self.store)
        upload = ("mine.txt", "mine") if access.upload else None
        return self.callers.send(caller, route.method, path, body, upload=upload, prefix=prefix)

    def _send(self, caller: Caller, method: str, path: str, body: Any = None, **more: Any) -> Any:
        self._world.clock.advance(1)
        got = self.callers.send(caller, method, path, body, **more)
        assert got.status == 200, got.content
        return got.body

    def _settle(self) -> None:
        while self._world.project(50, self._world.random) or self._world.ingest(9, self._world.random):
            pass


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LocalWorld]:
    made = LocalWorld(tmp_path, 1, real_index=False, inline_files=100, inline_tags=True)
    yield made
    made.close()


def test_every_operation_is_tested() -> None:
    """Every operation of the route table says here what it needs."""
    assert {route.operation for route in ROUTES} == set(ACCESS) | set(ELSEWHERE)
    assert not set(ACCESS) & set(ELSEWHERE)
    tests = Path(__file__).parents[1]
    assert all((tests / path).is_file() for path in ELSEWHERE.values())


@pytest.mark.parametrize("route", STORE_ROUTES, ids=lambda route: route.operation)
def test_access(world: LocalWorld, route: Route) -> None:
    """A stranger is told that nothing is there; a reader reads, and is told that more is not allowed; a writer changes
    the store and not its permissions; the owner and the project do all. A file is its owner's and the project's.
    """
    needs = ACCESS[route.operation].needs
    made = Made(world)
    for number, stranger in enumerate(STRANGERS):
        got = made.call(stranger, route, PREFIXES[number % 2])
        assert got.status == (200 if needs == "nothing" else 404), (stranger, got.content)
        assert SECRET.encode() not in got.content, stranger
    for number, (caller, status) in enumerate(EXPECTED[needs].items()):
        got = made.call(caller, route, PREFIXES[number % 2])
        assert got.status == status, (caller, got.content)
        if status == 403:
            code = got.body["error"]["code"]
            assert code == "permission_denied", caller
        if status == 200 and needs != "nothing":
            made = Made(world)


@pytest.mark.parametrize(("team", "role"), [("reader", READER), ("writer", WRITER)])
@pytest.mark.parametrize("route", STORE_ROUTES, ids=lambda route: route.operation)
def test_team(world: LocalWorld, route: Route, team: str, role: Caller) -> None:
    """A role that the team has is everyone's in the project, and nobody's in another one."""
    needs = ACCESS[route.operation].needs
    made = Made(world, team=team)
    for caller in (Caller("other"), Caller("other", "ann")):
        assert made.call(caller, route, "/v1").status == (200 if needs == "nothing" else 404)
    for caller in (TEAM, Caller("acme", "fred"), Caller("acme", "acme")):
        assert made.call(caller, route, "/v1").status == EXPECTED[needs][role]
        made = Made(world, team=team)
