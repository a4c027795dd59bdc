"""`vectorlog rebuild vectors` beside a running deployment that real clients use."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from local_aws import deployment as local_edition
from tests.clients.conftest import EDITION, URL, long_locally
from tests.clients.service import eventually, running, vectorlog
from tests.embedding.stub_server import StubServer

pytestmark = pytest.mark.skipif(bool(URL), reason="needs a server of its own")

OLD, NEW = "openai:text-embedding-3-small", "openai:text-embedding-ada-002"
BY_MEANING: Any = {"hybrid_search": {"embedding_weight": 1, "text_weight": 0}}


class TwoModels(StubServer):
    """An endpoint whose models have nothing in common: vectors of one say nothing about those of another."""

    def answer(self, key: str, request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        texts = [request["input"]] if isinstance(request["input"], str) else request["input"]
        mark = request["model"].replace("-", "")
        words = [" ".join(f"{word.strip('.')}{mark}" for word in text.split()) for text in texts]
        refused = super().answer(key, {**request, "input": texts})
        return super().answer(key, {**request, "input": words}) if refused[0] == 200 else refused


@dataclass
class Operated:
    """A deployment with a client, and the commands of its operator."""

    client: OpenAI
    stub: TwoModels
    options: tuple[str, ...]
    variables: dict[str, str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs `vectorlog rebuild` on the deployment."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("VECTORLOG_")}
        return subprocess.run(
            [*vectorlog(), "rebuild", *arguments, *self.options],
            env=environment | self.variables,
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )

    def store(self, count: int) -> tuple[str, list[str]]:
        """A store with files, whose texts are `alpha n`."""
        store = self.client.vector_stores.create(name="moves").id
        return store, [self.attach(store, f"alpha{number} beta.") for number in range(count)]

    def attach(self, store: str, text: str) -> str:
        file = self.client.files.create(file=("note.txt", text.encode()), purpose="assistants").id
        done = self.client.vector_stores.files.create_and_poll(file, vector_store_id=store, poll_interval_ms=50)
        assert done.status == "completed", done.last_error
        return file

    def found(self, store: str, query: str) -> dict[str, float]:
        """Files found by meaning alone, with scores."""
        hits = self.client.vector_stores.search(store, query=query, ranking_options=BY_MEANING, max_num_results=50)
        return {hit.file_id: hit.score for hit in hits.data}

    def model(self, store: str) -> str:
        return str(self.client.vector_stores.retrieve(store).model_dump()["embedding_model"])


@pytest.fixture(scope="module")
def operated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    data = tmp_path_factory.mktemp("moves") / "data"
    with TwoModels(dimensions=1536) as stub:
        if EDITION == "aws":
            variables = {"VECTORLOG_MODELS": f"{OLD},{NEW}", "VECTORLOG_EMBEDDING_BASE_URL": stub.base_url}
            servers = request.getfixturevalue("servers")
            with local_edition.running(servers, variables=variables) as deployment:
                client = OpenAI(base_url=f"{deployment.url}/v1", api_key=deployment.key)
                stage = ("--stage", deployment.resources.stage)
                yield Operated(client, stub, stage, dict(servers.environment))
            return
        with running(data, stub) as url:
            client = OpenAI(base_url=f"{url}/v1", api_key="any")
            variables = {"VECTORLOG_EMBEDDING": "openai", "VECTORLOG_EMBEDDING_BASE_URL": stub.base_url}
            yield Operated(client, stub, ("--data", str(data)), variables)


@long_locally
def test_while_clients_go_on(operated: Operated) -> None:
    """A store moves to another model while clients search it and attach files to it. Every search finds what it should
    by the vectors of one model, before and after the switch, and files that came meanwhile are found after it.
    """
    store, files = operated.store(6)
    texts = {file: f"alpha{number} beta." for number, file in enumerate(files)}
    wrong, done = list[str](), threading.Event()

    def search() -> None:
        while not done.is_set():
            for file, text in list(texts.items()):
                found = operated.found(store, text)
                missing = texts.keys() - found.keys() if len(found) < len(texts) else set()
                if missing or found.get(file, 0) < 0.98:
                    wrong.append(f"{text}: {found}")

    thread = threading.Thread(target=search)
    thread.start()
    try:
        moved = operated.run("vectors", "--store", store, "--model", NEW, "--yes", "--no-wait")
        assert moved.returncode == 0, moved.stdout + moved.stderr
        assert "6 files, 6 chunks" in moved.stdout
        texts[operated.attach(store, "gamma delta.")] = "gamma delta."
        again = operated.run("vectors", "--store", store, "--model", NEW, "--yes")
        assert again.returncode == 0, again.stdout + again.stderr
        assert f"serves from {NEW}" in again.stdout or "Already" in again.stdout
    finally:
        done.set()
        thread.join()
    assert wrong == []
    assert operated.model(store) == NEW
    counts = operated.client.vector_stores.retrieve(store).file_counts
    assert (counts.completed, counts.total) == (7, 7)
    asked = len(operated.stub.requests)
    for file, text in texts.items():
        assert operated.found(store, text)[file] >= 0.98
    assert {request["model"] for request in operated.stub.requests[asked:]} == {NEW.partition(":")[2]}
    assert "There is nothing to embed." in operated.run("vectors", "--store", store, "--model", NEW).stdout


@long_locally
def test_a_file_that_the_new_model_refuses(operated: Operated) -> None:
    """It is named with the reason, and the store keeps its old vectors, with which all is found. Without the file, the
    repeated command ends the move; instead of it, the move can be cancelled.
    """
    store, files = operated.store(3)
    operated.stub.refuse("alpha1 beta.", 400, "too sad a text")
    told = operated.run("vectors", "--store", store, "--model", NEW, "--yes")
    assert told.returncode == 1
    assert files[1] in told.stderr
    assert "too sad a text" in told.stderr
    operated.stub.obey()
    assert operated.model(store) == OLD
    for number, file in enumerate(files):
        assert operated.found(store, f"alpha{number} beta.")[file] >= 0.98
    late = operated.attach(store, "gamma delta.")
    operated.client.vector_stores.files.delete(files[1], vector_store_id=store)
    repeated = operated.run("vectors", "--store", store, "--model", NEW, "--yes")
    assert repeated.returncode == 0, repeated.stdout + repeated.stderr
    assert operated.model(store) == NEW
    assert set(operated.found(store, "gamma delta.")) == {files[0], files[2], late}
    soon = operated.run("vectors", "--store", store, "--model", OLD, "--yes")
    assert soon.returncode == 1
    assert "repeat this in ten minutes" in soon.stderr


@long_locally
def test_cancel(operated: Operated) -> None:
    """A move that is under way can be cancelled; the store keeps its model, and new files are found."""
    store, files = operated.store(2)
    operated.stub.refuse("alpha1 beta.", 400, "too sad a text")
    assert operated.run("vectors", "--store", store, "--model", NEW, "--yes").returncode == 1
    assert "1 move" in operated.run("vectors", "--store", store, "--cancel").stdout
    operated.stub.obey()
    late = operated.attach(store, "gamma delta.")
    assert operated.model(store) == OLD
    assert set(operated.found(store, "gamma delta.")) == {*files, late}


def test_chunks(operated: Operated) -> None:
    """`rebuild chunks` finds the deployment, and nothing to do in a store of this version."""
    store, _ = operated.store(1)
    done = operated.run("chunks")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"0 files are read again; [1-9]\d* need not be", done.stdout), done.stdout
    assert eventually(lambda: len(operated.found(store, "alpha0")), lambda count: count == 1)


@long_locally
def test_what_cannot_be(operated: Operated) -> None:
    """A store or a model that is not there, or no selection, is an error that says so."""
    assert "There is no store vs_none" in operated.run("vectors", "--store", "vs_none").stderr
    assert "is not offered here" in operated.run("vectors", "--all", "--model", "openai:none").stderr
    assert "give one of --store, --project and --all" in operated.run("vectors").stderr
    assert "Only `rebuild vectors` takes" in operated.run("chunks", "--all").stderr


@pytest.mark.skipif(EDITION == "aws", reason="the command takes the models of the stack")
@long_locally
def test_a_model_that_the_server_does_not_offer(tmp_path: Path) -> None:
    """The command was given a model that the server was not: nothing is embedded, and the command says what to do."""
    offered = ("--embedding-model", OLD.partition(":")[2])
    with TwoModels(dimensions=1536) as stub, running(tmp_path / "data", stub, *offered) as url:
        variables = {"VECTORLOG_EMBEDDING": "openai", "VECTORLOG_EMBEDDING_BASE_URL": stub.base_url}
        client = OpenAI(base_url=f"{url}/v1", api_key="any")
        operated = Operated(client, stub, ("--data", str(tmp_path / "data")), variables)
        store, _ = operated.store(1)
        embedded = [request for request in stub.requests if "alpha0" in str(request["input"])]
        told = operated.run("vectors", "--store", store, "--model", NEW, "--yes")
        assert told.returncode == 1
        assert "workers do not offer both" in told.stderr
        assert operated.run("vectors", "--store", store, "--cancel").returncode == 0
        assert [request for request in stub.requests if "alpha0" in str(request["input"])] == embedded
