"""A store that is deleted while it is being worked on leaves nothing behind."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from openai import NotFoundError

from tests.embedding.stub_server import StubServer
from tests.live.live_server import DIMENSIONS, LiveServer, serving, until
from tests.live.uploads import settled, upload, upload_many
from vectorlog.domain.vectors import Space
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.views import past_keys
from vectorlog.work.messages import PurgeStore, Scrub, decode

MEMORY = 64 << 20
"""Memory of the index when the test opens it, in bytes."""


@pytest.mark.long
def test_in_the_middle_of_a_batch(tmp_path: Path, own_stub: StubServer) -> None:
    """A deleted store is a 404 immediately; once work has ended, nothing of it is left in index, artefacts, views or
    queues.
    """
    with serving(tmp_path / "data", own_stub.base_url) as server:
        client = server.client()
        kept = client.vector_stores.create(name="kept").id
        settled_file = upload(client, "the other store stays")
        client.vector_stores.files.create(kept, file_id=settled_file)
        own_stub.delay = 0.1
        store = client.vector_stores.create(name="doomed").id
        files = upload_many(client, [f"doomed {number}" for number in range(130)])
        batch = client.vector_stores.file_batches.create(store, file_ids=files).id
        until(
            lambda: client.vector_stores.file_batches.retrieve(batch, vector_store_id=store).file_counts.completed,
            "a first file",
        )
        client.vector_stores.delete(store)
        for ask in (
            lambda: client.vector_stores.retrieve(store),
            lambda: client.vector_stores.search(store, query="doomed"),
            lambda: client.vector_stores.files.list(store),
            lambda: client.vector_stores.file_batches.retrieve(batch, vector_store_id=store),
        ):
            with pytest.raises(NotFoundError):
                ask()
        assert store not in {each.id for each in client.vector_stores.list()}
        until(lambda: _leftovers(server, store) == [], "the purge")
        until(lambda: settled(client, kept) == {settled_file: "completed"}, "the other store")
        assert server.stop() == 0
        assert server.errors() == []
    assert _leftovers(server, store) == []
    index = LocalIndex(server.data / "index", MEMORY)
    try:
        assert index.count(Space("openai:stub", DIMENSIONS), store) == {}
        assert index.count(Space("openai:stub", DIMENSIONS), kept) != {}
    finally:
        index.close()


def _leftovers(server: LiveServer, store: str) -> list[str]:
    """What is left of a store in artefacts, views and queues, except for its closed row, the record of the files and
    batches that it had, tomorrow's purge, and the scrubbing of the disk.
    """
    walked = (f"{folder}/{name}" for folder, _, names in os.walk(server.data / "blobs") for name in names)
    found = [path for path in walked if store in path]
    derived = sqlite3.connect(f"file:{server.data / 'derived.db'}?mode=ro", uri=True)
    try:
        rows = derived.execute(
            "SELECT pk || ' ' || sk FROM views WHERE (pk LIKE ? OR sk LIKE ?) AND NOT gone AND pk != ?",
            [*[f"%{store}%"] * 2, past_keys.past(store)],
        )
        found += [row for (row,) in rows]
        waiting = derived.execute("SELECT body FROM messages WHERE body LIKE ?", [f"%{store}%"])
        found += [body for (body,) in waiting if not isinstance(decode(body), PurgeStore | Scrub)]
    finally:
        derived.close()
    return found
