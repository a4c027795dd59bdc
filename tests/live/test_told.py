"""A failure of a running server: from the id that the client has to the line in the log, and to `vectorlog show`."""

from __future__ import annotations

import json
import subprocess

from tests.embedding.stub_server import StubServer
from tests.live.live_server import LiveServer, until
from tests.live.uploads import settled
from tests.support import warm


def show(server: LiveServer, id: str) -> subprocess.CompletedProcess[str]:
    """`vectorlog show`, beside the server."""
    return warm.run("show", id, "--data", str(server.data), "--json")


def test_failed(server: LiveServer, stub: StubServer) -> None:
    """A client's request id finds the line of the thread that failed its file; the file's id alone explains it."""
    client = server.client()
    store = client.vector_stores.create().id
    file = client.files.create(file=("broken.pdf", b"%PDF-1.4 private words"), purpose="assistants").id
    attached = client.vector_stores.files.with_raw_response.create(store, file_id=file)
    request = attached.headers["x-request-id"]
    assert settled(client, store) == {file: "failed"}
    failed = client.vector_stores.files.retrieve(file, vector_store_id=store)
    assert failed.last_error is not None
    line = until(lambda: next((each for each in server.lines() if each.get("file") == file), None), "its line")
    assert (
        line.items()
        >= {
            "event": "file_failed",
            "level": "warning",
            "store": store,
            "generation": 1,
            "code": failed.last_error.code,
            "reason": failed.last_error.message,
            "request_id": request,
        }.items()
    )
    assert "private words" not in server.log.read_text()
    for id in (file, f"{store}/{file}", request):
        shown = show(server, id)
        assert shown.returncode == 0, shown.stderr
        assert failed.last_error.message in " ".join(json.loads(shown.stdout)["explanation"])
    unknown = show(server, "file-none")
    assert (unknown.returncode, unknown.stderr) == (1, "Error: The log has no 'file-none'.\n")
