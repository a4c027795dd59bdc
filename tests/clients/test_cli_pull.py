"""`vectorlog pull openai`: from one project of a live server to another, and from a server that keeps files' bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests.clients.administered import Administered, new_project
from tests.clients.command_line import CommandLine
from tests.clients.service import Service
from vectorlog.cli import exits

_NOT_ALLOWED = b'{"error": {"message": "Not allowed to download files of purpose: assistants", "code": null}}'


@pytest.fixture
def source(administered: Administered) -> OpenAI:
    """The owner of the stores that are copied."""
    return administered.client(administered.make(new_project(), "write").value)


@pytest.fixture
def cli(administered: Administered) -> CommandLine:
    """The commands of another project, to which they are copied."""
    return CommandLine(Service(administered.url, administered.make(new_project(), "write").value, None), "")


@pytest.fixture
def store(source: OpenAI) -> str:
    """A store with two notes, one of them with settings of its own, and a broken file."""
    made = source.vector_stores.create(
        name="manuals", metadata={"team": "x"}, expires_after={"anchor": "last_active_at", "days": 9}
    )
    sizes = {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 50}
    notes: list[tuple[str, bytes, dict[str, Any]]] = [
        ("pump.md", b"# Pump\n\nThe pump is checked daily.", {"attributes": {"year": 2024, "ok": True}}),
        ("harbour.html", b"<h1>Harbour</h1><p>Lights.", {"chunking_strategy": {"type": "static", "static": sizes}}),
        ("broken.pdf", b"%PDF-1.4 nothing", {}),
    ]
    for name, text, settings in notes:
        file = source.files.create(file=(name, text), purpose="assistants")
        source.vector_stores.files.create_and_poll(file.id, vector_store_id=made.id, **settings)
    return made.id


def pull(cli: CommandLine, url: str, key: str, *arguments: str | Path) -> tuple[int, str, str]:
    result = cli.run("pull", "openai", "--from-url", url, "--from-key", key, *arguments)
    return result.exit_code, result.stdout, result.stderr


def test_bytes(cli: CommandLine, administered: Administered, source: OpenAI, store: str, tmp_path: Path) -> None:
    """A store comes with its name, expiry, metadata, files, attributes and chunking; old ids are kept and mapped; what
    had failed is reported. The next run has nothing to do, with or without the map.
    """
    ids = tmp_path / "ids.json"
    code, out, err = pull(cli, administered.url, source.api_key, "--store", "manuals", "--map", ids)
    assert code == exits.SOME_FAILED, err  # the broken file is as broken here
    [row] = cli.json("stores", "list")
    assert out == f"manuals\t{store}\t{row['id']}\t2\t0\t0\t1\n"
    assert (row["name"], row["metadata"]) == ("manuals", {"team": "x", "pulled_from": store})
    assert row["expires_after"] == {"anchor": "last_active_at", "days": 9}
    files = {each["filename"]: each for each in cli.json("files", "list", row["id"])}
    old = {file.filename: file.id for file in source.files.list()}
    assert files["pump.md"]["attributes"] == {"year": 2024, "ok": True, "pulled_from": old["pump.md"]}
    assert files["harbour.html"]["chunking_strategy"]["static"]["max_chunk_size_tokens"] == 200
    assert "manuals: broken.pdf" in err
    assert cli.succeed("files", "download", files["pump.md"]["id"]).startswith("# Pump\n")
    mapped = json.loads(ids.read_text())["stores"][store]
    assert mapped["id"] == row["id"]
    assert mapped["files"] == {old[name]: files[name]["id"] for name in old}
    for given in (ids, tmp_path / "other.json"):
        code, out, _ = pull(cli, administered.url, source.api_key, "--all", "--map", given)
        assert (code, out) == (exits.SOME_FAILED, f"manuals\t{store}\t{row['id']}\t0\t0\t2\t1\n")
    assert len(cli.json("stores", "list")) == 1
    assert len(cli.json("files", "list", row["id"])) == 3
    assert {each.id for each in source.files.list()} == set(old.values())


@pytest.fixture
def withholding(administered: Administered) -> Iterator[str]:
    """The URL of a server that gives everything but the bytes of files, as OpenAI does."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path.startswith("/v1/files/") and path.endswith("/content"):
                self._answer(400, _NOT_ALLOWED)
                return
            headers = {"authorization": self.headers["authorization"]}
            found = httpx.get(administered.url + self.path, headers=headers, timeout=30)
            self._answer(found.status_code, found.content)

        def _answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def test_text(cli: CommandLine, withholding: str, source: OpenAI, store: str, tmp_path: Path) -> None:
    """Where bytes are withheld, the text comes, marked as such; a file without either is reported."""
    code, out, err = pull(cli, withholding, source.api_key, "--store", store, "--map", tmp_path / "ids.json")
    assert code == exits.SOME_FAILED, err
    [row] = cli.json("stores", "list")
    assert out == f"manuals\t{store}\t{row['id']}\t0\t2\t0\t1\n"
    files = {each["filename"]: each for each in cli.json("files", "list", row["id"])}
    assert set(files) == {"pump.md", "harbour.html.txt"}
    assert {each["attributes"]["pulled_as"] for each in files.values()} == {"text"}
    harbour = files["harbour.html.txt"]
    [there] = source.vector_stores.files.content(harbour["attributes"]["pulled_from"], vector_store_id=store).data
    assert cli.succeed("files", "download", harbour["id"]) == there.text
    assert "manuals: broken.pdf" in err
    assert "it had failed there: " in err


def test_one_upload_for_two_stores(
    cli: CommandLine, administered: Administered, source: OpenAI, tmp_path: Path
) -> None:
    """A file that is in two stores there is uploaded once, and is in two stores here."""
    file = source.files.create(file=("note.txt", b"A note."), purpose="assistants")
    for name in ("one", "two"):
        source.vector_stores.files.create_and_poll(file.id, vector_store_id=source.vector_stores.create(name=name).id)
    code, _, err = pull(cli, administered.url, source.api_key, "--all", "--map", tmp_path / "ids.json")
    assert code == 0, err
    here = [cli.json("files", "list", name) for name in ("one", "two")]
    assert here[0][0]["id"] == here[1][0]["id"]


def test_refused(cli: CommandLine, administered: Administered, source: OpenAI, tmp_path: Path) -> None:
    """Mistakes are told before anything is made."""
    (tmp_path / "bad.json").write_text("[]")
    (tmp_path / "worse.json").write_text('{"stores": {"vs_1": 5}}')
    for arguments, code, says in (
        ([], exits.USAGE, "Give --store"),
        (["--all", "--store", "x"], exits.USAGE, "Give --store"),
        (["--store", "none"], exits.NOT_FOUND, "There is no store 'none'"),
        (["--all", "--from-key", "wrong"], exits.NO_RIGHT, "Incorrect API key"),
        (["--all", "--from-url", "nonsense"], exits.USAGE, "--from-url"),
        (["--all", "--from-key", cli.service.key], exits.USAGE, "the same"),
        (["--all", "--map", tmp_path / "bad.json"], exits.USAGE, "no map of a pull"),
        (["--all", "--map", tmp_path / "worse.json"], exits.USAGE, "no map of a pull"),
    ):
        given = [*("--map", tmp_path / "ids.json"), *arguments]
        ended, _, err = pull(cli, administered.url, source.api_key, *given)
        assert (ended, says in err) == (code, True), (arguments, err)
    assert cli.json("stores", "list") == []
