"""Starting, stopping and kills: nothing that was answered is lost, and unfinished work continues."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from openai import APIConnectionError, APIError, OpenAI

from tests.embedding.stub_server import StubServer
from tests.live.live_server import LiveServer, serving, until
from tests.live.uploads import ended, settled, upload, upload_many


class Client(threading.Thread):
    """Uploads, attaches and creates stores without a pause, and records what succeeded."""

    def __init__(self, connect: Callable[[], OpenAI], store: str) -> None:
        super().__init__(daemon=True)
        self._client = connect()
        self._store = store
        self.uploaded: dict[str, bytes] = {}
        self.attached: list[str] = []
        self.stores: dict[str, str] = {}
        self.deleted: list[str] = []
        self.enough = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.enough.is_set():
            number += 1
            try:
                self._step(number)
            except APIConnectionError:
                self.enough.wait(0.05)  # the server is down

    def _step(self, number: int) -> None:
        body = f"written between two crashes, number {number}".encode()
        file = upload(self._client, body)
        self.uploaded[file] = body
        self._client.vector_stores.files.create(self._store, file_id=file, attributes={"number": number})
        self.attached.append(file)
        if number % 5 == 0:
            name = f"store {number}"
            self.stores[self._client.vector_stores.create(name=name).id] = name
        if number % 7 == 0:
            gone = self.attached.pop()
            del self.uploaded[gone]  # whether it is deleted is unknown until that is answered
            self._client.files.delete(gone)
            self.deleted.append(gone)


class TestKilled:
    @pytest.mark.long
    def test_five_times_in_the_middle_of_batches(self, tmp_path: Path, own_stub: StubServer) -> None:
        """SIGKILL five times: every upload, store and batch that was answered exists, every file ends once, counts add
        up.
        """
        own_stub.delay = 0.05
        with serving(tmp_path / "data", own_stub.base_url) as server:
            client = server.client()
            store = client.vector_stores.create(name="survivor").id
            texts = [f"survivor number {number} {'lorem ipsum ' * (number % 9)}" for number in range(300)]
            files = upload_many(client, texts)
            batches = [
                client.vector_stores.file_batches.create(store, file_ids=part).id for part in (files[:180], files[180:])
            ]
            busy = Client(server.client, store)
            busy.start()
            for _ in range(5):
                _progress(client, store, files=12)
                assert client.vector_stores.retrieve(store).file_counts.in_progress > 50, (
                    "the kill came too late to show anything"
                )
                server.kill()
                server.start()
            busy.enough.set()
            busy.join(30)
            assert not busy.is_alive()
            own_stub.delay = 0

            for batch, size in zip(batches, (180, 120), strict=True):
                final = ended(client, store, batch, 40)
                assert final.status == "completed"
                assert final.file_counts.to_dict() == {
                    "in_progress": 0,
                    "completed": size,
                    "failed": 0,
                    "cancelled": 0,
                    "total": size,
                }
            statuses = settled(client, store)
            assert set(statuses.values()) == {"completed"}
            assert set(statuses) >= {*files, *busy.attached}
            assert not set(statuses) & set(busy.deleted)
            assert client.vector_stores.retrieve(store).file_counts.completed == len(statuses)

            assert busy.uploaded
            for file, body in [
                *busy.uploaded.items(),
                *zip(files[::10], (text.encode() for text in texts[::10]), strict=True),
            ]:
                assert client.files.content(file).read() == body
            for made, name in busy.stores.items():
                assert client.vector_stores.retrieve(made).name == name
            listed = [each.id for each in client.files.list(limit=1000)]
            assert len(listed) == len(set(listed))
            assert set(listed) >= {*files, *busy.uploaded}

            for number in range(0, 300, 25):
                hits = client.vector_stores.search(store, query=texts[number], max_num_results=50)
                found = [hit.file_id for hit in hits]
                assert len(found) == len(set(found))
                assert files[number] in found
            assert server.stop() == 0
            assert server.errors() == []


def _progress(client: OpenAI, store: str, files: int) -> None:
    """Waits until this many more files are completed."""
    before = client.vector_stores.retrieve(store).file_counts.completed
    until(lambda: client.vector_stores.retrieve(store).file_counts.completed >= before + files, "progress")


class TestStopped:
    @pytest.mark.long
    @pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
    def test_in_the_middle_of_a_batch(self, number: signal.Signals, tmp_path: Path, own_stub: StubServer) -> None:
        """SIGTERM and Ctrl-C end the server soon and with success; the batch is finished after the next start."""
        own_stub.delay = 0.2
        with serving(tmp_path / "data", own_stub.base_url) as server:
            client = server.client()
            store = client.vector_stores.create().id
            files = upload_many(client, [f"text {number}" for number in range(80)])
            batch = client.vector_stores.file_batches.create(store, file_ids=files).id
            began = time.monotonic()
            assert server.stop(number) == 0
            assert time.monotonic() - began < 15
            server.start()
            assert client.vector_stores.file_batches.retrieve(batch, vector_store_id=store).file_counts.total == 80
            own_stub.delay = 0
            assert ended(client, store, batch).file_counts.completed == 80
            assert server.errors() == []

    @pytest.mark.long
    def test_while_the_provider_makes_it_wait(self, tmp_path: Path, own_stub: StubServer) -> None:
        """A provider that asks for a long pause does not delay the server's end."""
        with serving(tmp_path / "data", own_stub.base_url) as server:
            client = server.client()
            store = client.vector_stores.create().id
            until(lambda: own_stub.requests, "the server to be ready")
            own_stub.fail(429, times=1000, headers={"retry-after": "15"})
            file = upload(client, "patience")
            client.vector_stores.files.create(store, file_id=file)
            until(lambda: "patience" in str(own_stub.requests), "the first refusal")
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < 10
            own_stub.obey()
            server.start()
            assert settled(client, store) == {file: "completed"}

    def test_an_upload_under_way_is_not_half_kept(self, tmp_path: Path, own_stub: StubServer) -> None:
        """A server that is killed during an upload keeps nothing of it; spooled bytes are removed at the next start."""
        with serving(tmp_path / "data", own_stub.base_url) as server:
            spool = server.data / "spool"

            def kill() -> None:
                until(lambda: any(spool.glob("*")), "a spooled file")
                server.kill()

            with pytest.raises(APIError):
                server.client().files.create(file=("a.txt", _Interrupted(b"x" * (3 << 20), kill)), purpose="assistants")
            server.start()
            until(lambda: not any(spool.iterdir()), "the spool to be emptied")
            assert server.client().files.list().data == []


class _Interrupted(io.BytesIO):
    """A file that calls `meanwhile` after two thirds of it were read."""

    def __init__(self, content: bytes, meanwhile: Callable[[], None]) -> None:
        super().__init__(content)
        self._late = 2 * len(content) // 3
        self._meanwhile = [meanwhile]

    def read(self, size: int | None = -1) -> bytes:
        if self._meanwhile and self.tell() > self._late:
            self._meanwhile.pop()()
        return super().read(size)


class TestFolder:
    @pytest.mark.long
    def test_a_second_server_is_refused(self, server: LiveServer) -> None:
        """The folder of a running server is refused, with that server's process id; that server continues."""
        command = [sys.executable, "-m", "vectorlog.cli.main", "serve", "--port", "0", "--data", str(server.data)]
        second = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        assert second.returncode != 0
        assert f"process id {server.process.pid}" in second.stderr
        assert "Traceback" not in second.stderr
        assert server.client().vector_stores.create().id

    @pytest.mark.long
    def test_a_stale_lock_is_no_obstacle(self, tmp_path: Path, own_stub: StubServer) -> None:
        """After a kill the folder can be opened again immediately, although its lock file names the dead process."""
        with serving(tmp_path / "data", own_stub.base_url) as server:
            made = server.client().vector_stores.create(name="kept").id
            dead = server.process.pid
            server.kill()
            assert (server.data / "lock").read_text() == str(dead)
            server.start()
            assert server.client().vector_stores.retrieve(made).name == "kept"
            assert (server.data / "lock").read_text() == str(server.process.pid)

    @pytest.mark.long
    def test_readers_end_with_the_server(self, tmp_path: Path, own_stub: StubServer) -> None:
        """A killed server leaves no reader process behind."""
        with serving(tmp_path / "data", own_stub.base_url) as server:
            client = server.client()
            store = client.vector_stores.create().id
            client.vector_stores.files.create_and_poll(
                upload(client, "a text"), vector_store_id=store, poll_interval_ms=20
            )
            readers = _children(server.process.pid)
            assert readers
            server.kill()
            until(lambda: not any(_alive(reader) for reader in readers), "the readers to end")


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for children in tasks for child in children.read_text().split()]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
