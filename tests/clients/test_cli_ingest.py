"""`vectorlog ingest` against a live server."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from openai import OpenAI

from tests.clients.command_line import CommandLine, ended, interrupt
from tests.clients.conftest import EDITION, long_locally
from tests.clients.service import eventually, vectorlog
from vectorlog.cli import exits


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three notes, one of them in a folder, and what is left out."""
    root = tmp_path / "docs"
    (root / "acme").mkdir(parents=True)
    (root / "pump.txt").write_text("The pump is checked every four hundred hours.")
    (root / "harbour.txt").write_text("The harbour master keeps the signal lights.")
    (root / "acme" / "2024.md").write_text("Apples of the orchard are picked in late autumn.")
    (root / "notes.log").write_text("left out")
    (root / ".gitignore").write_text("*.log\n")
    (root / ".hidden").write_text("left out")
    return root


def test_folder(cli: CommandLine, folder: Path, openai_client: OpenAI) -> None:
    """A folder's files are searchable when the command ends, with attributes from their paths; the store is made."""
    said = cli.run(
        "ingest", folder, "--store", "new", "--path-pattern", "docs/{customer}/{year}.md", "--attribute", "a=1"
    )
    assert said.exit_code == 0, said.output
    assert said.stdout.startswith("3 files added, 0 unchanged, in ")
    assert "Made the store 'new': vs_" in said.stderr
    files = {each["filename"]: each["attributes"] for each in cli.json("files", "list", "new")}
    assert set(files) == {"pump.txt", "harbour.txt", "2024.md"}
    attributes = files["2024.md"]
    assert attributes.pop("modified") == int((folder / "acme" / "2024.md").stat().st_mtime)
    assert attributes == {
        "path": "docs/acme/2024.md",
        "folder": "docs/acme",
        "extension": "md",
        "sha256": hashlib.sha256((folder / "acme" / "2024.md").read_bytes()).hexdigest(),
        "customer": "acme",
        "year": 2024,
        "a": 1,
    }
    [found] = cli.json("search", "new", "apples", "--filter", 'customer = "acme"')["data"]
    assert found["filename"] == "2024.md"


def test_again(cli: CommandLine, folder: Path, openai_client: OpenAI) -> None:
    """Content that the store has is not uploaded again, whoever put it there and whatever it is called."""
    store = openai_client.vector_stores.create(name="shared").id
    theirs = openai_client.files.create(file=("other.txt", (folder / "pump.txt").read_bytes()), purpose="assistants")
    openai_client.vector_stores.files.create_and_poll(theirs.id, vector_store_id=store)
    (folder / "copy.txt").write_text((folder / "harbour.txt").read_text())
    assert cli.succeed("ingest", folder, "--store", store).startswith("2 files added, 2 unchanged")
    assert cli.succeed("ingest", folder, folder / "pump.txt", "--store", store).startswith("0 files added, 5 unchanged")
    assert len(list(openai_client.files.list())) == 3


def test_failed(cli: CommandLine, folder: Path) -> None:
    """What failed is listed with the reason, the rest is there, and the exit code says so. A failed file is tried again
    by the next run.
    """
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    (folder / "link.txt").symlink_to(folder / "pump.txt")
    for number, unchanged in ((3, 0), (0, 3)):
        result = cli.run("ingest", folder, "--store", "new")
        assert result.exit_code == exits.SOME_FAILED, result.output
        assert result.stdout.startswith(f"{number} files added, {unchanged} unchanged, 1 failed, in ")
        [line] = [line for line in result.stderr.splitlines() if line.startswith("docs/broken.pdf\t")]
        [row] = cli.json("files", "list", "new", "--status", "failed")
        assert line == f"docs/broken.pdf\t{row['last_error']['message']}"
        assert "Left out: docs/link.txt: a symbolic link" in result.stderr
    failed = cli.run("ingest", folder, "--store", "new", "--json")
    assert failed.exit_code == exits.SOME_FAILED
    assert [path for path, _ in json.loads(failed.stdout)["failed"]] == ["docs/broken.pdf"]


def test_nothing_there(cli: CommandLine, tmp_path: Path) -> None:
    """A path that is not there is refused before a store is made."""
    refused = cli.run("ingest", tmp_path / "none", "--store", "new")
    assert refused.exit_code == exits.USAGE
    assert "There is no" in refused.stderr
    assert cli.json("stores", "list") == []


def test_source_is_taken(cli: CommandLine, folder: Path) -> None:
    """Files that `ingest` adds are never those that a sync owns, which would remove them."""
    refused = cli.run("ingest", folder, "--store", "new", "--attribute", "source=docs")
    assert refused.exit_code == exits.USAGE
    assert "vectorlog sync" in refused.stderr
    assert cli.json("stores", "list") == []


def test_pointers(cli: CommandLine, folder: Path) -> None:
    """A pointer of Git LFS is left out, which is said; what only looks a little like one is text."""
    spec = "version https://git-lfs.github.com/spec/v1\n"
    (folder / "manual.pdf").write_text(f"{spec}oid sha256:{'0a' * 32}\nsize 123456\n")
    (folder / "about.txt").write_text(f"A pointer begins with:\n{spec}oid sha256:{'0a' * 32}\nsize 123456\n")
    said = cli.run("ingest", folder, "--store", "new")
    assert said.exit_code == 0, said.output
    assert said.stdout.startswith("4 files added")
    assert "Left out: docs/manual.pdf: it is a pointer of Git LFS" in said.stderr


@long_locally
def test_large(cli: CommandLine, tmp_path: Path, openai_client: OpenAI) -> None:
    """A file above what the server takes in a request is sent in parts: on AWS above 4.5 MB, here above 64 MB. One that
    could not be ingested is tried again by the next run, and not uploaded again.
    """
    size = (5 if EDITION == "aws" else 65) << 20
    content = random.Random(1).randbytes(size)
    (tmp_path / "large.bin").write_bytes(content)
    result = cli.run("ingest", tmp_path / "large.bin", "--store", "new")
    assert result.exit_code == exits.SOME_FAILED, result.output  # random bytes are no text; that they arrived matters
    [file] = openai_client.files.list()
    assert (file.bytes, file.filename) == (size, "large.bin")
    assert file.to_dict()["sha256"] == hashlib.sha256(content).hexdigest()
    assert cli.run("ingest", tmp_path / "large.bin", "--store", "new").exit_code == exits.SOME_FAILED
    assert [each.id for each in openai_client.files.list()] == [file.id]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_odd_names(cli: CommandLine, tmp_path: Path) -> None:
    """Names that are no text, or would steer a terminal, arrive as something that can be shown."""
    (tmp_path / "odd").mkdir()
    (Path(os.fsdecode(os.fsencode(tmp_path / "odd") + b"/caf\xe9.txt"))).write_text("one")
    (tmp_path / "odd" / "a\nb\x1b[31m.txt").write_text("two")
    assert cli.succeed("ingest", tmp_path / "odd", "--store", "new").startswith("2 files added")
    assert {each["filename"] for each in cli.json("files", "list", "new")} == {r"caf\xe9.txt", "a_b_[31m.txt"}


def test_interrupted(cli: CommandLine, folder: Path, openai_client: OpenAI, embedding_held: Callable[[], None]) -> None:
    """Ctrl-C in the middle: what is uploaded is attached, the exit code is 130, and the same command goes on."""
    for number in range(30):
        (folder / f"{number}.txt").write_text(f"Note {number} of many.")
    with cli.started("ingest", folder, "--store", "new", "--at-once", "1") as process:
        eventually(lambda: len(list(openai_client.files.list())), lambda count: count >= 1)
        code, _, err = interrupt(process)
    assert code == exits.INTERRUPTED, err
    assert "Stopped" in err
    uploaded = {each.id for each in openai_client.files.list()}
    assert {each["id"] for each in cli.json("files", "list", "new")} == uploaded
    embedding_held()
    cli.succeed("ingest", folder, "--store", "new")
    files = cli.json("files", "list", "new")
    assert len(files) == len(list(openai_client.files.list())) == 33
    assert {each["status"] for each in files} == {"completed"}


def test_killed(cli: CommandLine, folder: Path, openai_client: OpenAI, embedding_held: Callable[[], None]) -> None:
    """After a kill in the middle the same command goes on, and uploads nothing twice."""
    with cli.started("ingest", folder, "--store", "new", "--at-once", "1") as process:
        eventually(lambda: len(list(openai_client.files.list())), lambda count: count >= 1)
        process.send_signal(signal.SIGKILL)
        process.wait()
    embedding_held()
    cli.succeed("ingest", folder, "--store", "new")
    assert len(cli.json("files", "list", "new")) == len(list(openai_client.files.list())) == 3


def test_progress_on_a_terminal(cli: CommandLine, folder: Path) -> None:
    """A terminal gets colours and progress, with a count, bytes and the failures in red; the table is below."""
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    ours, theirs = pty.openpty()
    environment = {**os.environ, **cli.variables, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    command = [*vectorlog(), "ingest", str(folder), "--store", "new"]
    with subprocess.Popen(command, env=environment, stdout=theirs, stderr=theirs, stdin=theirs) as process:
        os.close(theirs)
        written = b""
        try:
            while data := os.read(ours, 4096):
                written += data
        except OSError:  # how Linux tells that the other end was closed
            pass
        assert process.wait(30) == exits.SOME_FAILED
    os.close(ours)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written.decode())
    assert "\x1b[" in written.decode()
    assert re.search(r"Sending .*4/4", text)
    assert "1 failed" in text
    assert re.search(r"^docs/broken.pdf +\S", text, re.MULTILINE)
    assert re.search(r"^3 files added, 0 unchanged, 1 failed, in", text, re.MULTILINE)


def test_plain_elsewhere(cli: CommandLine, folder: Path) -> None:
    """Without a terminal there are neither colours nor progress."""
    with cli.started("ingest", folder, "--store", "new") as process:
        code, out, err = ended(process)
    assert code == 0
    assert "\x1b" not in out + err
    assert len(err.splitlines()) == 1  # the store that was made


def test_wrong_key_stops(cli: CommandLine, folder: Path) -> None:
    """A server that goes away or refuses the key ends the command, not one file after the other."""
    refused = cli.run("ingest", folder, "--store", "new", "--url", "http://127.0.0.1:1")
    assert refused.exit_code == exits.NO_ANSWER
    assert refused.stderr.count("does not answer") == 1
