"""From an answer of the real server back to the syncs of what it acknowledges, by the server's system calls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.embedding.stub_server import StubServer
from tests.live.live_server import LiveServer, until
from tests.live.uploads import upload
from tests.support import system_calls
from tests.support.system_calls import RENAMES, SENDS, SYNCS, WRITES, SystemCall, written_and_synced
from vectorlog.defaults import SMALL_FILE_BYTES

CONTENT = "zebras cross the savannah"


@pytest.fixture
def traced(tmp_path: Path, own_stub: StubServer) -> LiveServer:
    """A server that is not started yet; its calls are written to `trace`."""
    if not system_calls.can_trace():
        pytest.skip("needs strace, and the right to trace a child")
    server = LiveServer(tmp_path / "data", own_stub.base_url)
    server.before = system_calls.tracing(tmp_path / "trace")
    return server


@pytest.mark.long
def test_synced_before_the_answer(traced: LiveServer, tmp_path: Path) -> None:
    """An upload's bytes and name are synced before its commit is written, and that before the upload is answered; an
    attach's commit before the attach is; and what search finds, in artefact and index, before the commit that says
    `completed`.
    """
    traced.start()
    client = traced.client()
    file = upload(client, CONTENT, "zebras.txt")
    large = upload(client, f"{CONTENT}, " * (SMALL_FILE_BYTES // len(CONTENT)), "herd.txt")
    store = client.vector_stores.create(name="durable").id
    client.vector_stores.files.create(store, file_id=file, attributes={"striped": True})
    until(lambda: client.vector_stores.files.retrieve(file, vector_store_id=store).status == "completed", "ingest")
    traced.stop()
    trace = tmp_path / "trace"
    until(lambda: "+++ exited with 0 +++" in trace.read_text(errors="replace").rpartition("\n")[0][-200:], "the trace")
    calls = system_calls.read(trace)

    uploaded, _, _, attached, *_ = [
        call.began for call in calls if call.name in SENDS and "socket:" in call.path and '"HTTP/1.1 200 ' in call.text
    ]
    committed = _first_write(calls, "/log.db-wal", "zebras.txt")
    assert written_and_synced(calls, "/blobs.db-wal", CONTENT, committed)
    assert written_and_synced(calls, "/log.db-wal", "zebras.txt", uploaded)
    assert written_and_synced(calls, "/log.db-wal", "striped", attached)

    completed = _first_write(calls, "/log.db-wal", "FileIngested")
    assert written_and_synced(calls, "/blobs.db-wal", f"artefacts/{store}/{file}/00000001/text", completed)
    assert blob_is_durable(calls, f"blobs/files/{large}", _first_write(calls, "/log.db-wal", "herd.txt"))
    assert written_and_synced(calls, "/chunks.db-wal", CONTENT, completed)
    assert written_and_synced(calls, "/log.db-wal", "FileIngested", calls[-1].ended)


def _first_write(calls: Sequence[SystemCall], file: str, text: str) -> int:
    """The place in the trace at which a text is first written to a file."""
    return next(call.began for call in calls if call.name in WRITES and call.path.endswith(file) and text in call.text)


def blob_is_durable(calls: Sequence[SystemCall], folder: str, until: int) -> bool:
    """Whether what was moved into this folder was synced before that, and each folder down to it after that, before the
    place `until` in the trace.
    """
    moves = [call for call in calls if call.name in RENAMES and f"{folder}/" in call.text and call.ended < until]
    if not moves:
        return False
    for move in moves:
        source, target = (part for part in move.text.split('"') if part.startswith("/"))
        contents = [call for call in calls if call.name in SYNCS and call.path == source and call.ended < move.began]
        parts = Path(target).parts
        above = [Path(*parts[:end]) for end in range(parts.index("blobs") + 1, len(parts))]
        synced = {call.path for call in calls if call.name in SYNCS and move.ended < call.began and call.ended < until}
        if not contents or not {str(each) for each in above} <= synced:
            return False
    return True
