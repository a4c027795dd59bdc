"""`vectorlog pull openai`: from one project of a live server to another, and from a server that keeps files' bytes."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests.clients.administered import Administered, new_project
from tests.clients.command_line import CommandLine
from tests.clients.conftest import long_locally
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
        again = json.loads(given.read_text())["stores"][store]["files"]
        assert {name: again[old[name]] for name in ("pump.md", "harbour.html")} == {
            name: files[name]["id"] for name in ("pump.md", "harbour.html")
        }
    assert len(cli.json("stores", "list")) == 1
    assert len(cli.json("files", "list", row["id"])) == 3
    assert {each.id for each in source.files.list()} == set(old.values())


@dataclass
class Source(ThreadingHTTPServer):
    """Passes requests for `url` on, and counts downloads by the file's id.

    Attributes:
        withholds: it gives everything but the bytes of files, as OpenAI does.
        most: downloads that are answered before `released`.
    """

    to: str
    withholds: bool = False
    most: int = 1_000_000
    downloads: Counter[str] = field(default_factory=Counter)
    released: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Source

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/v1/files/") and path.endswith("/content"):
            self.server.downloads[path.split("/")[3]] += 1
            if self.server.downloads.total() > self.server.most:
                self.server.released.wait(100)
            if self.server.withholds:
                self._answer(400, _NOT_ALLOWED)
                return
        headers = {"authorization": self.headers["authorization"]}
        found = httpx.get(self.server.to + self.path, headers=headers, timeout=30)
        self._answer(found.status_code, found.content)

    def _answer(self, status: int, content: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            self.close_connection = True  # the command was killed

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def passing(administered: Administered) -> Iterator[Source]:
    server = Source(administered.url)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_text(cli: CommandLine, passing: Source, source: OpenAI, store: str, tmp_path: Path) -> None:
    """Where bytes are withheld, the text comes, marked as such; a file without either is reported."""
    passing.withholds = True
    code, out, err = pull(cli, passing.url, source.api_key, "--store", store, "--map", tmp_path / "ids.json")
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


@long_locally
def test_one_upload_for_two_stores(cli: CommandLine, passing: Source, source: OpenAI, tmp_path: Path) -> None:
    """A file that is in two stores there is downloaded and uploaded once, and is in two stores here. If it was deleted
    here, it comes again.
    """
    file = source.files.create(file=("note.txt", b"A note."), purpose="assistants")
    for name in ("one", "two"):
        source.vector_stores.files.create_and_poll(file.id, vector_store_id=source.vector_stores.create(name=name).id)
    for times in (1, 2):
        code, _, err = pull(cli, passing.url, source.api_key, "--all", "--map", tmp_path / "ids.json")
        assert code == 0, err
        here = [cli.json("files", "list", name) for name in ("one", "two")]
        assert here[0][0]["id"] == here[1][0]["id"]
        assert passing.downloads == {file.id: times}
        cli.succeed("files", "delete", here[0][0]["id"])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
@long_locally
def test_interrupted(number: signal.Signals, cli: CommandLine, passing: Source, source: OpenAI, tmp_path: Path) -> None:
    """A pull that was killed goes on where it was: what had come is not downloaded again. After Ctrl-C, nothing is."""
    made = source.vector_stores.create(name="many")
    for at in range(9):
        file = source.files.create(file=(f"{at}.txt", f"Note {at}.".encode()), purpose="assistants")
        source.vector_stores.files.create(made.id, file_id=file.id, attributes={f"a{key}": at for key in range(16)})
    ids = tmp_path / "ids.json"
    arguments: list[str | Path] = ["--store", "many", "--map", ids]
    passing.most = 4  # as many as are fetched at once, so these are the first ones
    with cli.started("pull", "openai", "--from-url", passing.url, "--from-key", source.api_key, *arguments) as process:
        _until(lambda: len(_noted(ids)) >= 4)
        os.kill(process.pid, number)
        passing.released.set()
        process.communicate(timeout=60)
    assert process.returncode == (-signal.SIGKILL if number == signal.SIGKILL else exits.INTERRUPTED)
    had = set(passing.downloads) if number == signal.SIGINT else _noted(ids)
    assert 4 <= len(had) <= 9
    code, out, err = pull(cli, passing.url, source.api_key, *arguments)
    assert code == 0, err
    assert [passing.downloads[file] for file in had] == [1] * len(had)
    [row] = cli.json("stores", "list")
    files = cli.json("files", "list", row["id"])
    assert (len(files), {each["status"] for each in files}) == (9, {"completed"})
    mapped = json.loads(ids.read_text())["stores"][made.id]["files"]
    assert set(mapped.values()) == {each["id"] for each in files}
    assert not (tmp_path / "ids.json.journal").exists()
    again = dict(passing.downloads)
    _, out, _ = pull(cli, passing.url, source.api_key, *arguments)
    assert out == f"many\t{made.id}\t{row['id']}\t0\t0\t9\t0\n"  # though no attribute names their old ids
    assert dict(passing.downloads) == again


def _noted(ids: Path) -> set[str]:
    """The files of elsewhere in the map and its journal."""
    try:
        lines = ids.with_name(f"{ids.name}.journal").read_text().splitlines()
    except FileNotFoundError:
        stores = json.loads(ids.read_text())["stores"].values() if ids.exists() else []
        return {file for each in stores for file in each["files"]}
    return {line["file"] for line in map(json.loads, lines) if "file" in line}


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_refused(cli: CommandLine, administered: Administered, source: OpenAI, tmp_path: Path) -> None:
    """Mistakes are told before anything is made."""
    (tmp_path / "bad.json").write_text("[]")
    (tmp_path / "half.json.journal").write_text("{}\n")
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
        (["--all", "--map", tmp_path / "none" / "ids.json"], exits.USAGE, "cannot be written"),
        (["--all", "--map", tmp_path / "half.json"], exits.USAGE, "no journal of a pull"),
    ):
        given = [*("--map", tmp_path / "ids.json"), *arguments]
        ended, _, err = pull(cli, administered.url, source.api_key, *given)
        assert (ended, says in err) == (code, True), (arguments, err)
    assert cli.json("stores", "list") == []
