"""Large files and large batches."""

from __future__ import annotations

import pytest
from openai import OpenAI

from tests.embedding.stub_server import StubServer
from tests.live.live_server import LiveServer
from tests.live.uploads import ended, settled, upload, upload_many

MB = 1_000_000


@pytest.mark.long
def test_a_text_of_5_mb(server: LiveServer, client: OpenAI, stub: StubServer) -> None:
    """A long text is indexed to its last line, beside a short one that does not wait for it, and does not stay in
    memory.
    """
    line = "The harbour of the long text is described in great detail on line {:06d}.\n"
    text = "".join(line.format(number) for number in range(5 * MB // len(line.format(0))))
    last = text.splitlines()[-1]
    store = client.vector_stores.create().id
    before = server.resident_mb()
    long, short = upload(client, text), upload(client, "A short text about a lighthouse.")
    client.vector_stores.files.create(store, file_id=long, attributes={"length": "long"})
    client.vector_stores.files.create(store, file_id=short)
    assert settled(client, store, 60) == {long: "completed", short: "completed"}
    found = client.vector_stores.search(
        store, query=last.split()[-1], max_num_results=3, extra_body={"ranking_options": {"ranker": "auto"}}
    )
    assert any(last in part.text for hit in found for part in hit.content)
    assert "".join(part.text or "" for part in client.vector_stores.files.content(long, vector_store_id=store)) == text
    assert server.resident_mb() - before < 200


@pytest.mark.long
def test_a_batch_of_500_files(client: OpenAI, stub: StubServer) -> None:
    """More files than one step attaches: each is listed exactly once at any time, and completes."""
    store = client.vector_stores.create().id
    files = upload_many(client, [f"file number {number}" for number in range(500)])
    batch = client.vector_stores.file_batches.create(store, file_ids=files).id
    listed = [file.id for file in client.vector_stores.file_batches.list_files(batch, vector_store_id=store, limit=100)]
    assert sorted(listed) == sorted(files)
    in_store = [file.id for file in client.vector_stores.files.list(store, limit=100, order="asc")]
    assert in_store == files
    assert ended(client, store, batch, 40).file_counts.completed == 500
    assert [
        file.id for file in client.vector_stores.files.list(store, limit=100, order="asc", filter="completed")
    ] == files
