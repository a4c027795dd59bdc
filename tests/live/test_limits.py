"""Limits of the server's process (`ulimit`): it works within them, or says at the start which one is too low."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.embedding.stub_server import StubServer
from tests.live.live_server import LiveServer
from tests.live.uploads import settled, upload

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="macOS does not heed every limit")


OTHERS = ("-v 1500000", "-f 4194304")


def within(limit: str) -> list[str]:
    """A command that runs another one within a limit, such as "-n 64"."""
    return ["sh", "-c", f'ulimit {limit} && exec "$@"', "sh"]


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        ("-n 64", "64 files may be open at a time, and the server needs 528: raise the limit with `ulimit -n`."),
        ("-f 400", "the databases need 1,073,741,824: raise the limit with `ulimit -f unlimited`."),
    ],
)
@pytest.mark.long
def test_too_low(limit: str, says: str, tmp_path: Path) -> None:
    """A limit with which requests would fail later is refused at the start, with the remedy."""
    server = LiveServer(tmp_path / "data", "")
    server.before = within(limit)
    with pytest.raises(AssertionError) as refused:
        server.start()
    assert server.process.wait(20) == 1
    assert says in str(refused.value)
    assert "Traceback" not in str(refused.value)


@pytest.mark.long
@pytest.mark.parametrize("limit", ["-n 560", *(pytest.param(other, marks=pytest.mark.long) for other in OTHERS)])
def test_low(limit: str, tmp_path: Path, own_stub: StubServer) -> None:
    """Within few files, little memory or a limited size of files, files are ingested and found, and none is blamed."""
    server = LiveServer(tmp_path / "data", own_stub.base_url)
    server.before = within(limit)
    try:
        server.start()
        client = server.client()
        store = client.vector_stores.create().id
        texts = ("words " * 20, "more words " * 2_000, "many words " * 60_000)
        files = [upload(client, text) for text in texts]
        client.vector_stores.file_batches.create(store, file_ids=files)
        assert settled(client, store, 60) == dict.fromkeys(files, "completed")
        assert client.vector_stores.search(store, query="many").data
        assert server.stop() == 0
        assert server.errors() == []
    finally:
        if server.running:
            server.kill()
