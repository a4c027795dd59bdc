"""A local folder moved to the AWS edition and back, by the commands, with real functions on the real local servers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from openai import OpenAI

from local_aws import deployment as local_edition
from local_aws.servers import Servers
from tests.clients.service import running, vectorlog
from tests.embedding.stub_server import StubServer

pytestmark = pytest.mark.aws

MODEL = "openai:text-embedding-3-small"
TEXTS = ("Alpha is the first letter.", "Beta is the second letter.", "Rivers run to the sea.")


def command(*arguments: str, **variables: str) -> str:
    """Runs `vectorlog`; returns its output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VECTORLOG_")} | variables
    done = subprocess.run([*vectorlog(), *arguments], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fill(client: OpenAI) -> str:
    """A store with files, one of them in a batch, one deleted."""
    store = client.vector_stores.create(name="moved").id
    for text in TEXTS:
        file = client.files.create(file=("note.txt", text.encode()), purpose="assistants")
        client.vector_stores.files.create_and_poll(file.id, vector_store_id=store, attributes={"text": text[:5]})
    gone = client.files.create(file=("gone.txt", b"Gone soon."), purpose="assistants")
    client.vector_stores.file_batches.create_and_poll(store, file_ids=[gone.id])
    client.files.delete(gone.id)
    client.vector_stores.search(store, query="letter")
    return store


MOVED = {"last_active_at", "last_used_at"}
"""Uses the store by a search, a minute after the one before."""


def answers(client: OpenAI, store: str) -> Mapping[str, object]:
    files = client.vector_stores.files.list(store, order="asc").data
    hits = client.vector_stores.search(store, query="letter", max_num_results=10).data
    return {
        "stores": [each.model_dump(exclude=MOVED) for each in client.vector_stores.list()],
        "files": [file.model_dump() for file in files],
        "contents": [
            client.vector_stores.files.content(file.id, vector_store_id=store).model_dump()["data"] for file in files
        ],
        "bytes": [client.files.content(file.id).content for file in files],
        "found": {hit.content[0].text: pytest.approx(hit.score, abs=1e-3) for hit in hits},
    }


def test_there_and_back(servers: Servers, tmp_path: Path) -> None:
    """The same clients get the same answers from a folder, from AWS after an import, and from a folder again; only
    queries are embedded on the way, and verify finds no difference anywhere.
    """
    with StubServer(dimensions=1536) as stub:
        with running(tmp_path / "one", stub) as url:
            client = OpenAI(base_url=f"{url}/v1", api_key="any")
            store = fill(client)
            expected = answers(client, store)
        command("export", "--data", str(tmp_path / "one"), str(tmp_path / "one.tar"))
        variables = {"VECTORLOG_MODELS": MODEL, "VECTORLOG_EMBEDDING_BASE_URL": stub.base_url}
        asked = len(stub.requests)
        with local_edition.running(servers, variables=variables) as deployment:
            given = {**deployment.variables}
            assert "3 files were indexed" in command("import", "--edition", "aws", str(tmp_path / "one.tar"), **given)
            assert "0 files were indexed" in command("import", "--edition", "aws", str(tmp_path / "one.tar"), **given)
            assert answers(OpenAI(base_url=f"{deployment.url}/v1", api_key=deployment.key), store) == expected
            assert " 0 differences" in command("verify", "--edition", "aws", **given)
            command("export", "--edition", "aws", str(tmp_path / "aws"), **given)
        assert len(stub.requests) == asked + 1, "more was embedded than the question"
        local = {"VECTORLOG_EMBEDDING": "openai", "VECTORLOG_EMBEDDING_BASE_URL": stub.base_url}
        command("import", "--data", str(tmp_path / "two"), str(tmp_path / "aws"), **local)
        assert " 0 differences" in command("verify", "--data", str(tmp_path / "two"))
        assert len(stub.requests) == asked + 1, "an import embeds nothing"
        with running(tmp_path / "two", stub) as url:
            assert answers(OpenAI(base_url=f"{url}/v1", api_key=deployment.key), store) == expected
        assert " 0 differences, 0 pending" in command("verify", "--data", str(tmp_path / "two"))
