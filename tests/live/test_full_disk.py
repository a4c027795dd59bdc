"""A disk that fills up: uploads are told so, everything that frees space or only reads works, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from tests.embedding.stub_server import StubServer
from tests.live.data_folders import verify
from tests.live.live_server import serving, until

DISK_MB = 40
PIECE = 1_000_000
"""Bytes of an uploaded file: large, so that the disk fills soon."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a file system may not be mounted here")
    (folder / "data").mkdir()
    (tmp_path / "data").symlink_to(folder / "data")  # so that the server's log lies elsewhere
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(url: str) -> list[str]:
    """Uploads until the server refuses, and returns the files."""
    files: list[str] = []
    for _ in range(DISK_MB):
        answer = httpx.post(f"{url}/v1/files", files={"file": ("a.bin", os.urandom(PIECE))}, data={"purpose": "batch"})
        if answer.status_code != 200:
            break
        files.append(answer.json()["id"])
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (507, "insufficient_storage", "server_error")
    assert "disk is full" in error["message"]
    return files


@pytest.mark.long
def test_a_full_disk_can_be_emptied(small_disk: Path, own_stub: StubServer) -> None:
    """Twice: uploads and attaches are a 507, searches, deletes and cancels work, and `readyz` says why it is not ready.
    When space is free again, so is the server, waiting files are ingested, and nothing differs from the log.
    """
    data = small_disk.parent / "data"
    with serving(data, own_stub.base_url) as server:
        client = server.client()
        store = client.vector_stores.create().id
        found = client.vector_stores.files.upload_and_poll(vector_store_id=store, file=("a.txt", b"alpha"))
        for _ in range(2):
            other = client.files.create(file=("b.txt", b"beta"), purpose="assistants").id
            files = fill(server.url)
            for path, body in (
                ("/v1/vector_stores", {}),
                (f"/v1/vector_stores/{store}/files", {"file_id": other}),
                (f"/api/v1/llm/vector_stores/{store}/file_batches", {"file_ids": [other]}),
            ):
                answer = httpx.post(server.url + path, json=body)
                assert (answer.status_code, answer.headers["x-should-retry"]) == (507, "false")
            readiness = httpx.get(f"{server.url}/readyz")
            assert (readiness.status_code, "disk is full" in readiness.text) == (503, True)
            assert httpx.get(f"{server.url}/healthz").status_code == 200
            assert client.vector_stores.search(store, query="alpha").data[0].file_id == found.id
            assert client.files.content(other).read() == b"beta"
            for file in files:
                client.files.delete(file)
            until(lambda: httpx.get(f"{server.url}/readyz").status_code == 200, "room")
            row = client.vector_stores.files.create_and_poll(other, vector_store_id=store)
            assert row.status == "completed"
        assert list((data / "spool").iterdir()) == []
        server.stop()
        assert server.errors() == []
    verify(data)


@pytest.mark.long
def test_files_wait_while_there_is_no_room(small_disk: Path, own_stub: StubServer) -> None:
    """A file that another program's data leaves no room for waits, can be cancelled, and is ingested later."""
    data, ballast = small_disk.parent / "data", small_disk / "ballast"
    with serving(data, own_stub.base_url) as server:
        client = server.client()
        store = client.vector_stores.create().id
        files = [client.files.create(file=(f"{n}.txt", b"text %d" % n), purpose="assistants").id for n in range(2)]
        own_stub.delay = 0.5
        batches = [client.vector_stores.file_batches.create(store, file_ids=[file]).id for file in files]
        free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        ballast.write_bytes(bytes(free - 2_000_000))
        until(lambda: httpx.get(f"{server.url}/readyz").status_code == 503, "no room")
        client.vector_stores.file_batches.cancel(batches[1], vector_store_id=store)
        ballast.unlink()
        until(lambda: client.vector_stores.retrieve(store).file_counts.in_progress == 0, "an end of all files")
        counts = client.vector_stores.retrieve(store).file_counts
        assert counts.completed + counts.cancelled == counts.total == 2
        server.stop()
        assert server.errors() == []


@pytest.mark.long
def test_a_disk_without_any_space(small_disk: Path, own_stub: StubServer) -> None:
    """Without a reserve the disk fills to its last byte: what cannot be written is a 507 and leaves nothing behind, and
    a search needs no space.
    """
    data, ballast = small_disk.parent / "data", small_disk / "ballast"
    with serving(data, own_stub.base_url, "--reserve-mb", "0") as server:
        client = server.client()
        store = client.vector_stores.create().id
        found = client.vector_stores.files.upload_and_poll(vector_store_id=store, file=("a.txt", b"alpha"))
        fill_up = ["dd", "if=/dev/zero", f"of={ballast}", "bs=64k"]
        assert subprocess.run(fill_up, capture_output=True, check=False).returncode != 0
        with pytest.raises(openai.APIStatusError) as refused:
            client.files.create(file=("b.txt", os.urandom(PIECE)), purpose="assistants")
        assert refused.value.status_code == 507
        assert client.vector_stores.search(store, query="alpha").data[0].file_id == found.id
        for _ in range(60):  # until the log's file must grow
            status = httpx.post(f"{server.url}/v1/vector_stores/{store}", json={"name": "n" * 500}).status_code
            assert status in (200, 507)
        ballast.unlink()
        until(lambda: httpx.get(f"{server.url}/readyz").status_code == 200, "room")
        assert client.vector_stores.files.upload_and_poll(vector_store_id=store, file=("c.txt", b"c")).status
        client.files.delete(found.id)
        assert [list((data / folder).iterdir()) for folder in ("spool", "staging")] == [[], []]
        server.stop()
    verify(data)


@pytest.mark.long
def test_other_programs_do_not_stop_deletes(small_disk: Path, own_stub: StubServer) -> None:
    """When another program has used the last byte, downloads, deletes, detaches and cancels still work, at once."""
    data, other = small_disk.parent / "data", small_disk / "other"
    with serving(data, own_stub.base_url) as server:
        client = server.client()
        store = client.vector_stores.create().id
        files = [
            client.files.create(file=(f"{n}.txt", b"text %d " % n * 2_000), purpose="assistants").id for n in range(40)
        ]
        found, *_ = files
        client.vector_stores.files.create_and_poll(found, vector_store_id=store)
        batch = client.vector_stores.file_batches.create_and_poll(store, file_ids=files[1:3]).id
        fill_up = ["dd", "if=/dev/zero", f"of={other}", "bs=4k"]
        assert subprocess.run(fill_up, capture_output=True, check=False).returncode != 0
        assert client.vector_stores.search(store, query="text").data
        assert client.files.content(files[5]).read() == b"text 5 " * 2_000
        for file in files[1:]:
            assert client.files.delete(file).deleted
        client.vector_stores.file_batches.cancel(batch, vector_store_id=store)
        assert client.vector_stores.files.delete(found, vector_store_id=store).deleted
        assert client.vector_stores.delete(store).deleted
        with pytest.raises(openai.APIStatusError) as refused:
            client.vector_stores.create()
        assert refused.value.status_code == 507
        other.unlink()
        until(lambda: httpx.get(f"{server.url}/readyz").status_code == 200, "room")
        assert client.vector_stores.create().id
        server.stop()
        assert [line for line in server.lines() if line.get("status") == 500] == []
