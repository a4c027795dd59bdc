"""A server that is killed while a store moves to another model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from openai import OpenAI

from tests.embedding.stub_server import StubServer
from tests.live.live_server import DIMENSIONS, serving, until
from tests.live.uploads import upload
from vectorlog.cli import rebuild
from vectorlog.defaults import LOCAL_MODEL

NEW = f"local:{LOCAL_MODEL}"
BY_MEANING: Any = {"hybrid_search": {"embedding_weight": 1, "text_weight": 0}}
FILES = 24
KILLS = 3


def model(client: OpenAI, store: str) -> str:
    return str(client.vector_stores.retrieve(store).model_dump()["embedding_model"])


@pytest.mark.long
def test_in_the_middle(tmp_path: Path, own_stub: StubServer) -> None:
    """Whenever it is killed, the next server goes on with the move by itself. Every search in between finds every file,
    by the vectors of one model, and a file that came meanwhile is found in the end.
    """
    with serving(tmp_path / "data", own_stub.base_url) as server:
        client = server.client()
        store = client.vector_stores.create(name="moves").id
        texts = [
            f"The {name} keeps number {number}." for number, name in enumerate(["harbour", "orchard"] * (FILES // 2))
        ]
        files = [upload(client, text.encode()) for text in texts]
        client.vector_stores.file_batches.create_and_poll(store, file_ids=files, poll_interval_ms=50)
        given = ["--data", str(tmp_path / "data"), "--embedding", "openai", "--embedding-base-url", own_stub.base_url]
        given += ["--embedding-model", "stub", "--embedding-dimensions", str(DIMENSIONS)]
        begun = CliRunner().invoke(
            rebuild.command, ["vectors", "--store", store, "--model", NEW, "--yes", "--no-wait", *given]
        )
        assert begun.exit_code == 0, begun.output
        late = upload(client, b"The quarry is closed.")
        client.vector_stores.files.create(store, file_id=late)

        def found(query: str) -> dict[str, float]:
            hits = client.vector_stores.search(store, query=query, ranking_options=BY_MEANING, max_num_results=50)
            return {hit.file_id: hit.score for hit in hits.data}

        for kill in range(KILLS):
            for number in (kill, kill + 7, kill + 14):
                hits = found(texts[number])
                assert set(files) <= set(hits)
                assert hits[files[number]] == max(hits.values())
            server.kill()
            server.start()
            client = server.client()
        until(lambda: model(client, store) == NEW, "the store has moved", 120)
        until(lambda: late in found("quarry"), "the late file is found", 60)
        for number, text in enumerate(texts):
            hits = found(text)
            assert set(files) <= set(hits)
            assert hits[files[number]] > 0.95
        assert client.vector_stores.retrieve(store).file_counts.completed == FILES + 1
