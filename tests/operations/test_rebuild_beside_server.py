"""`vectorlog rebuild` on the folder of a running server, by the commands and a real client."""

from __future__ import annotations

import threading
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from openai import OpenAI

from tests.clients.service import running
from tests.embedding.stub_server import StubServer
from vectorlog.cli import rebuild, verify


def run(command: click.Command, *arguments: str) -> str:
    """The output of a command that succeeds."""
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, done.output
    return done.output


def attach(client: OpenAI, store: str, text: str) -> str:
    """Uploads and attaches a file; it is completed on return."""
    file = client.files.create(file=("note.txt", text.encode()), purpose="assistants").id
    assert (
        client.vector_stores.files.create_and_poll(file, vector_store_id=store, poll_interval_ms=50).status
        == "completed"
    )
    return file


def found(client: OpenAI, store: str) -> set[str]:
    return {hit.file_id for hit in client.vector_stores.search(store, query="alpha", max_num_results=50).data}


@pytest.mark.long
def test_while_clients_go_on(tmp_path: Path) -> None:
    """A client that keeps working during a rebuild sees everything that it wrote, immediately and in the end; the next
    server uses the new index, including what came after it was built.
    """
    data = str(tmp_path / "data")
    with StubServer(dimensions=1536) as stub:
        with running(tmp_path / "data", stub) as url:
            client = OpenAI(base_url=f"{url}/v1", api_key="any")
            store = client.vector_stores.create(name="kept").id
            files, wrong, done = [attach(client, store, "Alpha first.")], list[str](), threading.Event()

            def go_on() -> None:
                while not done.is_set():
                    files.append(attach(client, store, f"Alpha {len(files)}."))
                    if {each.id for each in client.vector_stores.files.list(store, limit=100)} != set(files):
                        wrong.append("a list is not what was written")
                    if client.vector_stores.retrieve(store).file_counts.completed != len(files):
                        wrong.append("a count is not what was written")

            thread = threading.Thread(target=go_on)
            thread.start()
            try:
                for _ in range(3):
                    assert "the new rows serve" in run(rebuild.command, "views", "--data", data)
                said = run(rebuild.command, "all", "--data", data)
            finally:
                done.set()
                thread.join()
            assert wrong == []
            assert "The running server will switch to it at its next start." in said
            attach_late = attach(client, store, "Alpha last.")
            client.files.delete(files[0])
            expected = {*files[1:], attach_late}
            assert found(client, store) == expected
        with running(tmp_path / "data", stub) as url:
            assert found(OpenAI(base_url=f"{url}/v1", api_key="any"), store) == expected
        assert not (tmp_path / "data" / "index.next").exists()
        assert " 0 differences, 0 pending" in run(verify.command, "--data", data)
        assert "The new index serves." in run(rebuild.command, "index", "--data", data)
        assert " 0 differences, 0 pending" in run(verify.command, "--data", data)


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    """A mistyped folder is an error, and is not created."""
    done = CliRunner().invoke(rebuild.command, ["all", "--data", str(tmp_path / "typo")])
    assert done.exit_code == 1
    assert "There is no Vectorlog data" in done.output
    assert not (tmp_path / "typo").exists()
