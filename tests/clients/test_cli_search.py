"""`vectorlog search`, `stores`, `files`, `batches`, `permissions` and `usage` against a live server."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from openai import OpenAI

from tests.clients.command_line import CommandLine
from tests.clients.conftest import Attached, Upload, new_text
from tests.clients.service import eventually, vectorlog
from vectorlog.cli import exits


@pytest.fixture
def library(openai_client: OpenAI, attached: Attached) -> str:
    """A store with three notes that have attributes."""
    store = openai_client.vector_stores.create(name="library").id
    for name, text, attributes in (
        ("pump.txt", "The pump is checked every four hundred hours.", {"year": 2024, "lang": "en"}),
        ("harbour.txt", "The harbour master keeps the signal lights.", {"year": 2023, "lang": "en"}),
        ("apfel.txt", "Die Pumpe wird alle vierhundert Stunden geprüft.", {"year": 2025, "lang": "de"}),
    ):
        attached(store, text, name, attributes=attributes)
    return store


def names(cli: CommandLine, *arguments: str) -> set[str]:
    return {each["filename"] for each in cli.json("search", "library", "when is the pump checked", *arguments)["data"]}


def test_search(cli: CommandLine, library: str) -> None:
    """A store is named or given by its id; score, file and passage are shown, best first."""
    first, passage, *_ = cli.succeed("search", "library", "harbour master signal lights", "--limit", "1").splitlines()
    assert first.split("  ")[1] == "harbour.txt"
    assert passage == "  The harbour master keeps the signal lights."
    assert cli.succeed("search", library, "harbour master signal lights", "-n", "1").splitlines()[0] == first


def test_filters(cli: CommandLine, library: str) -> None:
    """The language of filters means what the API's filters mean."""
    assert names(cli) == {"pump.txt", "harbour.txt", "apfel.txt"}
    assert names(cli, "--filter", "year >= 2024") == {"pump.txt", "apfel.txt"}
    assert names(cli, "--filter", 'year >= 2024 and lang = "de"') == {"apfel.txt"}
    assert names(cli, "--filter", 'not (year < 2024 or lang in ("de", "fr"))') == {"pump.txt"}
    assert names(cli, "--filter", "missing != 1 and lang not in ['en']") == {"apfel.txt"}


def test_bad_filter(cli: CommandLine, library: str) -> None:
    """A mistake in a filter is shown with its place, before the server is asked."""
    refused = cli.run("search", library, "pump", "--filter", "year >= and x = 1")
    assert refused.exit_code == exits.USAGE
    assert refused.stderr.endswith("but found 'and'.\n  year >= and x = 1\n          ^\n")


def test_nothing_found(cli: CommandLine, library: str) -> None:
    """No result is no failure, and nothing is printed for programs."""
    result = cli.run("search", library, "pump", "--filter", "year = 1")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "Nothing was found.\n")


def test_hostile_text(cli: CommandLine, store: str, attached: Attached) -> None:
    """What a file holds cannot steer the terminal."""
    attached(store, "red alert \x1b[31m " + "bell " * 200, "evil.txt", attributes={"a": "\x1b]0;title\x07 \x9b31m"})
    [file] = cli.json("files", "list", store)
    assert "\\u001b" in cli.succeed("files", "show", store, file["id"])
    for arguments in (
        ("search", store, "red alert"),
        ("search", store, "red alert", "--full"),
        ("files", "list", store),
        ("files", "list", store, "--json"),
        ("files", "set", store, file["id"], "--attribute", "b=\x9b31m"),
        ("files", "show", store, file["id"], "--json"),
        ("search", store, "red alert", "--json"),
    ):
        assert not set(cli.succeed(*arguments)) & {"\x1b", "\x07", "\x9b"}, arguments
    assert cli.json("files", "show", store, file["id"])["attributes"] == {
        "a": "\x1b]0;title\x07 \x9b31m",
        "b": "\x9b31m",
    }
    refused = cli.run("files", "show", store, "file-\x9b31m\x1b[2J")
    assert refused.exit_code == exits.REFUSED
    assert not set(refused.output) & {"\x1b", "\x9b"}


def test_exit_codes(cli: CommandLine, library: str, openai_client: OpenAI) -> None:
    """Each kind of failure has its exit code and a sentence."""
    for arguments, code, says in (
        (("search", "no such store", "x"), exits.NOT_FOUND, "There is no store 'no such store'"),
        (("stores", "show", "vs_missing"), exits.NOT_FOUND, "vs_missing"),
        (("search", library, ""), exits.REFUSED, "query"),
        (("search", library, "x", "--limit", "0"), exits.USAGE, "--limit"),
        (("search", library, "x", "--ranker", "nonsense"), exits.REFUSED, "nonsense"),
        (("search", library, "x", "--url", "http://127.0.0.1:1"), exits.NO_ANSWER, "does not answer"),
        (("search", library, "x", "--url", "nonsense"), exits.USAGE, "not a URL"),
        (("stores", "list", "--api-key", "\u2713"), exits.NO_ANSWER, "cannot be sent"),
        (("files", "show", library, "nonsense"), exits.REFUSED, "nonsense"),
        (("stores", "change", library), exits.USAGE, "Give --name"),
        (("stores", "create", "x", "--metadata", "nonsense"), exits.USAGE, "key=value"),
    ):
        refused = cli.run(*arguments)
        assert refused.exit_code == code, (arguments, refused.output)
        assert says in refused.stderr
    openai_client.vector_stores.create(name="library")
    twice = cli.run("search", "library", "x")
    assert twice.exit_code == exits.REFUSED
    assert library in twice.stderr


def test_stores(cli: CommandLine) -> None:
    """A store is created, listed, shown, changed and deleted."""
    store = cli.succeed("stores", "create", "new", "--metadata", "n=1", "--expires-days", "3").strip()
    assert cli.succeed("stores", "list").startswith(f"{store}\tnew\tcompleted\t0\t")
    assert cli.json("stores", "show", "new")["metadata"] == {"n": 1}
    changed = cli.json("stores", "change", "new", "--name", "newer", "--expires-days", "0")
    assert (changed["name"], changed["expires_after"], changed["metadata"]) == ("newer", None, {"n": 1})
    asked = cli.run("stores", "delete", "newer")
    assert asked.exit_code != 0
    assert cli.succeed("stores", "delete", "newer", "--yes") == f"Deleted {store}.\n"
    assert cli.json("stores", "list") == []


def test_files(cli: CommandLine, store: str, upload: Upload, tmp_path: Path) -> None:
    """A file is attached, shown, tagged, read, downloaded, detached and deleted; a failed one says why."""
    file = upload("The pump is checked.", "pump.txt").id
    cli.succeed("files", "attach", store, file, "--attribute", "year=2024")
    eventually(lambda: cli.json("files", "show", store, file)["status"], lambda status: status == "completed")
    assert "attributes  year=2024" in cli.succeed("files", "show", store, file)
    assert cli.succeed("files", "set", store, file, "--attribute", "lang=de", "--remove", "year") == 'lang="de"\n'
    assert cli.succeed("files", "text", store, file) == "The pump is checked.\n"
    assert cli.succeed("files", "download", file) == "The pump is checked."
    cli.succeed("files", "download", file, "-o", tmp_path)
    assert (tmp_path / "pump.txt").read_text() == "The pump is checked."
    broken = upload(b"%PDF-1.4 nothing", "broken.pdf").id
    batch = cli.succeed("batches", "create", store, broken).strip()
    assert cli.run("batches", "wait", store, batch).exit_code == exits.SOME_FAILED
    assert cli.json("batches", "show", store, batch)["status"] == "failed"
    [line] = cli.succeed("files", "list", store, "--status", "failed").splitlines()
    reason = cli.json("files", "show", store, broken)["last_error"]["message"]
    assert line.startswith(f"{broken}\tbroken.pdf\tfailed\t")
    assert line.endswith(reason)
    assert cli.succeed("batches", "files", store, batch).split("\t")[3].strip() == reason
    assert cli.succeed("files", "retry", store) == "0 files are ingested again.\n"
    assert cli.succeed("files", "retry", store, "--all") == "1 files are ingested again.\n"
    cli.succeed("files", "detach", store, file, broken)
    assert cli.json("files", "list", store) == []
    assert cli.succeed("files", "delete", file) == f"Deleted {file}.\n"
    assert cli.run("files", "download", file).exit_code == exits.NOT_FOUND


def test_batch_that_is_cancelled(
    cli: CommandLine, store: str, upload: Upload, embedding_held: Callable[[], None]
) -> None:
    """A batch in progress can be cancelled, and waiting for it ends."""
    batch = cli.succeed("batches", "create", store, upload(new_text()).id, upload(new_text()).id).strip()
    assert cli.json("batches", "cancel", store, batch)["status"] == "cancelled"
    embedding_held()
    assert cli.json("batches", "wait", store, batch)["file_counts"]["in_progress"] == 0


def test_output(cli: CommandLine, library: str) -> None:
    """A reader that goes away, and an encoding without some letters, are no failures of the command."""
    with cli.started("files", "list", library) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    environment = {**os.environ, **cli.variables, "PYTHONIOENCODING": "ascii"}
    command = [*vectorlog(), "search", library, "geprüft Pumpe Stunden"]
    plain = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "gepr?ft" in plain.stdout


def test_permissions(cli: CommandLine, store: str) -> None:
    """Roles are granted, listed and revoked, also for the team and for odd names."""
    assert cli.succeed("permissions", "list", store) == f"{cli.user}\towner\n"
    cli.succeed("permissions", "grant", store, "a%b?c", "reader")
    cli.succeed("permissions", "grant", store, "team", "writer")
    assert cli.succeed("permissions", "list", store).splitlines()[1:] == ["team\twriter", "a%b?c\treader"]
    assert cli.succeed("permissions", "show", store, "a%b?c") == "a%b?c: writer (team)\n"
    cli.succeed("permissions", "revoke", store, "team")  # other tests' lists would have the store
    cli.succeed("permissions", "revoke", store, "a%b?c")
    assert cli.run("permissions", "revoke", store, "a%b?c").exit_code == exits.NOT_FOUND


def test_usage(cli: CommandLine, store: str, attached: Attached) -> None:
    """Bytes by day, up to today."""
    attached(store, "x" * 1000)
    lines = eventually(
        lambda: cli.succeed("usage", "files", "--days", "40").splitlines(), lambda found: "1.0 kB" in found[-1]
    )
    assert len(lines) == 40
    assert cli.succeed("usage", "--days", "1").endswith("\t1.0 kB\n")
    assert cli.succeed("usage", "files", "--days", "1", "--by-user").split("\t")[1:] == [cli.user, "1.0 kB\n"]


def test_json_is_the_answer(cli: CommandLine, store: str, openai_client: OpenAI) -> None:
    """`--json` prints what the API answers."""
    shown = json.loads(cli.succeed("stores", "show", store, "--json"))
    assert shown == openai_client.vector_stores.with_raw_response.retrieve(store).http_response.json()


def test_watch(cli: CommandLine, store: str, attached: Attached) -> None:
    """What has ended is told at once."""
    assert cli.succeed("watch", store) == "test\tno files\n"
    attached(store, "hello")
    assert cli.succeed("watch", store) == "test\t1 completed\n"
    assert cli.run("watch").stderr == "Nothing is being ingested.\n"


def test_open(cli: CommandLine) -> None:
    """The console's address is that of the server."""
    assert cli.succeed("open", "--print") == f"{cli.service.url}/console\n"


def test_anything_typed(cli: CommandLine) -> None:
    """Odd arguments of any command end with an exit code and a sentence, never with a traceback."""
    odd = ("", "\udcff", "x" * 5000, "vs_", "-1", "../..", "a\nb", "%", "vs_1/../..")
    commands = (
        *(("search", None, "x"), ("search", "x", None), ("search", "vs_1", "x", "--filter", None)),
        *(
            ("stores", "show", None),
            ("stores", "create", "x", "--metadata", None),
            ("stores", "create", "--model", None, "x"),
        ),
        *(("files", "list", None), ("files", "show", "vs_1", None), ("files", "download", None)),
        *(("batches", "show", "vs_1", None), ("permissions", "grant", "vs_1", None, "reader"), ("usage", None)),
        *(("ingest", None, "--store", "vs_1"), ("ingest", "--store", "vs_1", "--path-pattern", None, ".")),
        *(
            ("sync", None, "--store", "vs_1", "--dry-run"),
            ("watch", None),
            ("completion", None),
            ("doctor", "--url", None),
        ),
        ("pull", "openai", "--from-key", "x", "--from-url", None, "--store", "x"),
    )
    for command in commands:
        for text in odd:
            result = cli.run(*(text if each is None else each for each in command))
            assert 0 <= result.exit_code <= exits.NOT_FOUND, (command, text)
