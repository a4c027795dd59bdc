"""A damaged database of views and queues: the server says so in one line, makes it anew from the log, and goes on."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.embedding.stub_server import StubServer
from tests.live.data_folders import verified, wait_until_idle
from tests.live.live_server import DIMENSIONS, serving
from tests.support import warm

ENOUGH_S = 60.0
PAGE = 4096


def damage(path: Path, at: int) -> None:
    """Overwrites a page of a file, in place."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xa5" * PAGE)


@pytest.mark.long
@pytest.mark.parametrize("where", ["head", "first table", "middle"])
def test_made_anew(tmp_path: Path, where: str) -> None:
    """Lists, counts and search are as before, whatever part of the file is damaged. Another command than `serve` names
    the remedy, without a traceback.
    """
    data = tmp_path / "data"
    with StubServer(dimensions=DIMENSIONS) as stub, serving(data, stub.base_url, "--readers", "1") as server:
        client = server.client()
        store = client.vector_stores.create(name="kept")
        for number in range(3):
            text = (f"{number}.txt", io.BytesIO(f"alpha {number}".encode()))
            client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=text, poll_interval_ms=50)
        wait_until_idle(data, ENOUGH_S)
        assert server.stop() == 0
        derived = data / "derived.db"
        damage(derived, {"head": 0, "first table": PAGE, "middle": derived.stat().st_size // PAGE // 2 * PAGE}[where])
        if where != "middle":  # which is met only by what reads it
            said = warm.run("verify", "--data", str(data))
            assert said.returncode == 1
            assert "damaged" in said.stderr
            assert "start the server" in said.stderr
            assert "Traceback" not in said.stderr
        server.start()
        [line] = [line for line in server.lines() if "is damaged" in line.get("message", "")]
        assert line["level"] == "warning"
        assert "made anew from the log" in line["message"]
        client = server.client()
        assert [each.name for each in client.vector_stores.list().data] == ["kept"]
        assert client.vector_stores.retrieve(store.id).file_counts.completed == 3
        assert len(client.vector_stores.files.list(store.id).data) == 3
        assert len(client.vector_stores.search(store.id, query="alpha").data) == 3
        wait_until_idle(data, ENOUGH_S)
        assert server.stop() == 0
        assert server.errors() == []
        verified(data)
        server.start()  # once is enough
        assert len([line for line in server.lines() if "is damaged" in line.get("message", "")]) == 1
