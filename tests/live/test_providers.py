"""An embedding provider that throttles, breaks, is unreachable or refuses: files wait for it, and fail only if waiting
cannot help.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from openai import InternalServerError, OpenAI

from tests.embedding.stub_server import StubServer
from tests.live.live_server import DIMENSIONS, LiveServer, serving, until
from tests.live.uploads import ended, upload_many


@contextmanager
def answering(server: LiveServer, stub: StubServer) -> Iterator[OpenAI]:
    """The server's client, once the server has checked that its provider answers."""
    until(lambda: stub.requests, "the server's first question")
    yield server.client()
    assert server.errors() == []


class TestThrottled:
    @pytest.mark.parametrize(
        ("status", "headers"),
        [(429, {"retry-after-ms": "50"}), (429, {"retry-after": "1"}), (503, {}), (500, {})],
        ids=["429, 50 ms", "429, 1 s", "503", "500"],
    )
    @pytest.mark.long
    def test_for_a_while(self, status: int, headers: dict[str, str], client: OpenAI, stub: StubServer) -> None:
        """No file fails; all complete once the provider answers again."""
        store = client.vector_stores.create().id
        files = upload_many(client, [f"throttled {number}" for number in range(30)])
        stub.fail(status, times=3, headers=headers)
        batch = client.vector_stores.file_batches.create(store, file_ids=files).id
        assert ended(client, store, batch).file_counts.completed == 30

    @pytest.mark.long
    def test_longer_than_it_is_waited_for(self, tmp_path: Path, own_stub: StubServer) -> None:
        """Files that the provider keeps refusing stay in progress, and hold up nobody else."""
        with serving(tmp_path / "data", own_stub.base_url) as server, answering(server, own_stub) as client:
            store = client.vector_stores.create().id
            files = upload_many(client, [f"patient {number}" for number in range(20)])
            # 21 s is longer than one attempt waits.
            own_stub.fail(429, "Rate limit reached", times=8, headers={"retry-after": "21"})
            batch = client.vector_stores.file_batches.create(store, file_ids=files).id
            until(lambda: "file postponed: " in server.log.read_text(), "files to be put off")
            counts = client.vector_stores.file_batches.retrieve(batch, vector_store_id=store).file_counts
            assert (counts.in_progress, counts.failed) == (20, 0)
            assert "Rate limit reached" in server.log.read_text()
            own_stub.obey()
            later = upload_many(client, [f"after the storm {number}" for number in range(3)])
            assert (
                ended(client, store, client.vector_stores.file_batches.create(store, file_ids=later).id).status
                == "completed"
            )


class TestAway:
    @pytest.mark.long
    def test_connection_refused_for_a_while(self, tmp_path: Path) -> None:
        """A provider that is down when the server starts, and comes up later, gets every file that waited; a search
        says why it fails.
        """
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with serving(tmp_path / "data", f"http://127.0.0.1:{port}/v1") as server:
            client = server.client()
            store = client.vector_stores.create().id
            files = upload_many(client, [f"waiting {number}" for number in range(20)])
            batch = client.vector_stores.file_batches.create(store, file_ids=files).id
            with pytest.raises(InternalServerError, match="could not be embedded") as failed:
                client.vector_stores.search(store, query="waiting")
            assert failed.value.status_code == 503
            assert failed.value.response.headers["retry-after"]
            assert (
                client.vector_stores.file_batches.retrieve(batch, vector_store_id=store).file_counts.in_progress == 20
            )
            with StubServer(port=port, dimensions=DIMENSIONS):
                assert ended(client, store, batch, 30).file_counts.completed == 20
                assert len(client.vector_stores.search(store, query="waiting", max_num_results=50).data) == 20
            assert server.errors() == []


class TestRefused:
    @pytest.mark.long
    def test_a_wrong_key(self, tmp_path: Path, own_stub: StubServer) -> None:
        """Under a key that the provider refuses files wait, a search says so, and the log says it once. When the key is
        replaced in its file, they complete without a restart.
        """
        key = tmp_path / "key"
        key.write_text("sk-old")
        own_stub.key = "sk-new"
        with serving(tmp_path / "data", own_stub.base_url, "--embedding-api-key-file", str(key)) as server:
            client = server.client()
            store = client.vector_stores.create().id
            files = upload_many(client, [f"patient {number}" for number in range(20)])
            batch = client.vector_stores.file_batches.create(store, file_ids=files).id
            until(lambda: "provider_refused" in server.log.read_text(), "the refusal to be logged")
            with pytest.raises(InternalServerError, match=r"could not be embedded.*Check the key") as failed:
                client.vector_stores.search(store, query="waiting")
            assert failed.value.status_code == 503
            counts = client.vector_stores.file_batches.retrieve(batch, vector_store_id=store).file_counts
            assert (counts.in_progress, counts.failed) == (20, 0)
            key.write_text("sk-new\n")
            assert ended(client, store, batch, 60).file_counts.completed == 20
            refusals = [line for line in server.lines() if line.get("event") == "provider_refused"]
            assert len(refusals) == 1
            assert refusals[0]["level"] == "error"
            assert not [line for line in server.lines() if line.get("event") == "file_postponed"]

    def test_one_text_of_many(self, client: OpenAI, stub: StubServer) -> None:
        """A refusal of a whole request fails only those files that are refused on their own too."""
        store = client.vector_stores.create().id
        files = upload_many(client, [f"mixed {number}" for number in range(6)])
        stub.refuse("mixed 3", 400, "This text is not allowed.")
        batch = client.vector_stores.file_batches.create(store, file_ids=files).id
        final = ended(client, store, batch)
        stub.obey()
        assert (final.file_counts.completed, final.file_counts.failed) == (5, 1)
        error = client.vector_stores.files.retrieve(files[3], vector_store_id=store).last_error
        assert error is not None
        assert "This text is not allowed" in error.message
