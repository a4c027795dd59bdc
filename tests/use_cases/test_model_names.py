"""Users see a model's name, and never the revision of its vectors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.operations.transfer.moves import brought, written
from tests.support.bench import PROJECT, Bench, StubEmbedder
from tests.support.stubs import DIMENSIONS
from vectorlog.api.app import App
from vectorlog.api.request import Request
from vectorlog.domain.api_key import Credential
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.operations.transfer.contents import CONTENTS, ModelInUse
from vectorlog.runtime.local.server import send_blob

NAME = "local:words"


def offer(revision: int) -> Offer:
    return Offer("local", "words", DIMENSIONS, False, StubEmbedder, revision=revision)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A deployment that has a store of each of the model's two revisions."""
    (tmp_path / "bench").mkdir()
    bench = Bench(tmp_path / "bench")
    for revision in (1, 2):
        bench.deployment = replace(bench.deployment, models=Models([offer(revision)]))
        store = bench.store()
        bench.attach(store, bench.upload("pump"))
    bench.pump.settle()
    yield bench
    bench.close()


@pytest.mark.parametrize("prefix", ["/v1", "/api/v1/llm"])
def test_in_answers(bench: Bench, prefix: str) -> None:
    """No answer has a revision: not that of a store, of a list, of a store's history, nor that of the models."""
    app = App(bench.deployment, lambda _: Credential(PROJECT.caller.project, "admin"), send_blob)

    def ask(path: str) -> str:
        answer = app.handle(Request("GET", f"{prefix}{path}", {}, {}, b"", "req_1"))
        assert answer.status == 200, answer.content
        return answer.content.decode()

    stores = [each["id"] for each in json.loads(ask("/vector_stores"))["data"]]
    paths = [f"/vector_stores/{store}{rest}" for store in stores for rest in ("", "/files", "/events")]
    for path in ("/vector_stores", "/models", "/embeddings/models", *paths):
        if prefix == "/v1" and path == "/embeddings/models":
            continue
        assert "words#" not in ask(path), path
    created = [json.loads(ask(f"/vector_stores/{store}/events"))["data"][-1]["changes"][0] for store in stores]
    assert [(each["type"], each["model"]) for each in created] == [("VectorStoreCreated", NAME)] * 2


def test_in_an_export(bench: Bench, tmp_path: Path) -> None:
    """What an export says of the models that it needs names each once, and an import that lacks it does too."""
    said = written(bench, tmp_path / "export")
    assert said.models == (ModelInUse(NAME, DIMENSIONS, 2),)
    assert "#" not in (tmp_path / "export" / CONTENTS).read_text()
    (tmp_path / "target").mkdir()
    target = Bench(tmp_path / "target")
    target.deployment = replace(target.deployment, models=Models([offer(1)]))
    assert set(brought(tmp_path / "export", target).unoffered) == {NAME}
    target.close()


def test_in_refusals(bench: Bench) -> None:
    """A store of a revision that this deployment does not have says so with the model's name."""
    bench.deployment = replace(bench.deployment, models=Models([offer(1)]))
    app = App(bench.deployment, lambda _: Credential(PROJECT.caller.project, "admin"), send_blob)
    newest = json.loads(app.handle(Request("GET", "/v1/vector_stores", {}, {}, b"", "req_1")).content)["data"][0]["id"]
    body = json.dumps({"query": "pump"}).encode()
    refused = app.handle(Request("POST", f"/v1/vector_stores/{newest}/search", {}, {}, body, "req_1"))
    error = json.loads(refused.content)["error"]
    assert (refused.status, error["code"]) == (400, "model_not_configured")
    assert f"with {NAME}. Update this deployment" in error["message"]
