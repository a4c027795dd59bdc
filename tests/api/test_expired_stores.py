"""Stores that expire, on the adapters of both editions: what is refused from which moment on, and what is left."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import moto_aws
from tests.support.bench import Bench
from tests.support.moto_deployment import MotoDeployment
from vectorlog.api.app import App
from vectorlog.api.auth import OPEN
from vectorlog.api.request import Request
from vectorlog.api.response import Response
from vectorlog.api.routes import ROUTES, Route
from vectorlog.defaults import DAY_MS
from vectorlog.deployment import Deployment
from vectorlog.event_log.codec import VECTOR_STORE
from vectorlog.runtime.aws import once
from vectorlog.runtime.local.server import send_blob

NO_FILE = f"file-{'1' * 22}"
NO_BATCH = f"vsfb_{'1' * 32}"
BODIES: Mapping[str, Any] = {
    "searchVectorStore": {"query": "a"},
    "createVectorStoreFile": {"file_id": NO_FILE},
    "updateVectorStoreFileAttributes": {"attributes": {}},
    "createVectorStoreFileBatch": {"file_ids": [NO_FILE]},
    "createVectorStorePermission": {"user_id": "zoe", "role": "reader"},
    "modifyVectorStore": {"expires_after": None},
}
"""Bodies by operation; the others need none."""
ALLOWED = {"deleteVectorStore", "getVectorStore", "listVectorStoreEvents", "listVectorStoreFileEvents"}
OF_A_STORE = [route for route in ROUTES if "<vector_store_id>" in route.path]


@dataclass
class Edition:
    deployment: Deployment
    move: Callable[[int], None]

    def ask(self, method: str, path: str, body: Any = None) -> Response:
        app = App(self.deployment, lambda _: OPEN, send_blob)
        content = b"" if body is None else json.dumps(body).encode()
        return app.handle(Request(method, path, {"content-type": "application/json"}, {}, content, "req_1"))

    def create(self, prefix: str = "/v1") -> Any:
        body = {"expires_after": {"anchor": "last_active_at", "days": 1}}
        return json.loads(self.ask("POST", f"{prefix}/vector_stores", body).content)


@pytest.fixture(params=["local", "aws"])
def edition(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Edition]:
    if request.param == "local":
        bench = Bench(tmp_path)
        yield Edition(bench.deployment, lambda at: setattr(bench.clock, "now", at))
        bench.close()
        return
    with moto_aws.aws(), pytest.MonkeyPatch.context() as patch:
        moto = MotoDeployment(patch)
        yield Edition(moto.deployment, lambda at: setattr(moto, "now", at))
    once.forget()


def path_of(route: Route, prefix: str, store: str) -> str:
    path = route.path.replace("<vector_store_id>", store).replace("<file_id>", NO_FILE)
    return f"{prefix}{path.replace('<batch_id>', NO_BATCH).replace('<user_id>', 'zoe')}"


@pytest.mark.parametrize(("prefix", "status"), [("/v1", 400), ("/api/v1/llm", 410)])
def test_every_route(edition: Edition, prefix: str, status: int) -> None:
    """Every operation on the store is refused in the dialect's way, but for its deletion and its history; `/v1` can get
    it. The list shows it, and another store can be created.
    """
    store = edition.create(prefix)
    edition.move(store["expires_at"] * 1000)
    for route in (route for route in OF_A_STORE if route.operation not in ALLOWED):
        answer = edition.ask(route.method, path_of(route, prefix, store["id"]), BODIES.get(route.operation))
        error = json.loads(answer.content)["error"]
        assert (answer.status, error["code"], error["param"]) == (status, "vector_store_expired", None), route
        assert error["message"] == f"Vector store '{store['id']}' has expired"
    assert edition.ask("GET", f"{prefix}/vector_stores/{store['id']}/events").status == 200
    shown = edition.ask("GET", f"{prefix}/vector_stores/{store['id']}")
    assert shown.status == (200 if prefix == "/v1" else 410)
    [listed] = json.loads(edition.ask("GET", f"{prefix}/vector_stores").content)["data"]
    assert listed["status"] == "expired"
    assert edition.create(prefix)["status"] == "completed"
    assert edition.ask("DELETE", f"{prefix}/vector_stores/{store['id']}").status == 200


def test_the_very_second(edition: Edition) -> None:
    """A store is expired from the second that it shows as `expires_at`, whether a sweep has run or not."""
    store = edition.create()
    path = f"/v1/vector_stores/{store['id']}"
    assert store["expires_at"] == store["last_active_at"] + DAY_MS // 1000
    edition.move(store["expires_at"] * 1000 - 1)
    assert json.loads(edition.ask("GET", path).content)["status"] == "completed"
    edition.move(store["expires_at"] * 1000)
    assert json.loads(edition.ask("GET", path).content)["status"] == "expired"
    assert edition.deployment.streams.load(VECTOR_STORE, store["id"]).state.ended is None


def test_use_postpones_it(edition: Edition) -> None:
    """A change of a store in its last moment gives it its time anew; a GET does not."""
    store = edition.create()
    path, last = f"/v1/vector_stores/{store['id']}", store["expires_at"] * 1000 - 1
    edition.move(last)
    edition.ask("GET", path)
    edition.ask("GET", f"{path}/files")
    assert json.loads(edition.ask("POST", path, {"name": "kept"}).content)["expires_at"] == last // 1000 + 86_400
    edition.move(last + DAY_MS - 1000)
    assert json.loads(edition.ask("GET", path).content)["status"] == "completed"
    edition.move(last + DAY_MS)
    assert json.loads(edition.ask("GET", path).content)["status"] == "expired"
