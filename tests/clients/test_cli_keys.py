"""`vectorlog keys --url`, `doctor` and rights, against a live server with keys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.clients.administered import Administered, new_project
from tests.clients.command_line import CommandLine
from tests.clients.conftest import EDITION
from tests.clients.service import Service
from vectorlog.cli import exits
from vectorlog.cli.main import main


@pytest.fixture
def cli(administered: Administered) -> CommandLine:
    return CommandLine(Service(administered.url, administered.key, None), "")


def as_key(administered: Administered, key: str) -> CommandLine:
    return CommandLine(Service(administered.url, key, None), "")


def test_keys(cli: CommandLine, administered: Administered) -> None:
    """A key is created, works, is listed and revoked over HTTP; it may write unless it is asked for otherwise."""
    project, url = new_project(), ["--url", administered.url]
    made = cli.run("keys", "create", *url, "--project", project, "--name", "laptop", "--expires", "90d")
    assert made.exit_code == 0, made.output
    assert f"opens project '{project}' with scope 'write'" in made.stderr
    mine = as_key(administered, made.stdout.strip())
    assert mine.run("stores", "create", "x").exit_code == 0
    line = cli.succeed("keys", "list", *url, "--project", project).strip()
    id, status, scope, *_ = line.split()
    assert (status, scope) == ("active", "write")
    assert line.endswith(f"{project}  laptop")
    assert mine.run("keys", "list", *url).exit_code == exits.NO_RIGHT
    assert cli.run("keys", "revoke", *url, "--project", new_project(), id).exit_code == exits.NOT_FOUND
    assert cli.succeed("keys", "revoke", *url, id) == f"Key {id} is revoked.\n"
    assert cli.run("keys", "list", *url, "--project", project).stdout == ""
    assert cli.run("keys", "revoke", *url, "key_none").exit_code == exits.NOT_FOUND


def test_mixed_up(cli: CommandLine, administered: Administered) -> None:
    """A server and a deployment together are refused; without --url, a project is asked for as ever."""
    url = ["--url", administered.url]
    assert cli.run("keys", "create", *url, "--project", "x", "--secret", "y").exit_code == exits.USAGE
    missing = CliRunner().invoke(main, ["keys", "create"])
    assert (missing.exit_code, "Missing option '--project'" in missing.output) == (exits.USAGE, True)


def test_environment_is_not_meant(cli: CommandLine, tmp_path: Path) -> None:
    """VECTORLOG_URL does not turn the operator's command on a data folder into one on that server."""
    refused = cli.run("keys", "list", "--data", tmp_path / "none")
    assert refused.exit_code == 1
    assert "There is no Vectorlog data" in refused.output


def test_rights(administered: Administered) -> None:
    """A key that may only read is told so."""
    reader = as_key(administered, administered.make(new_project(), "read").value)
    refused = reader.run("stores", "create", "x")
    assert refused.exit_code == exits.NO_RIGHT
    assert "insufficient permissions" in refused.stderr
    assert as_key(administered, "wrong").run("stores", "list").exit_code == exits.NO_RIGHT


def checks(cli: CommandLine, *arguments: str | Path) -> tuple[int, dict[str, str]]:
    result = cli.run("doctor", "--json", *arguments)
    return result.exit_code, {each["name"]: each["state"] for each in json.loads(result.stdout)}


def test_doctor(cli: CommandLine, administered: Administered, tmp_path: Path) -> None:
    """A server that is well has no problem; a wrong key and a wrong address are problems with a remedy."""
    code, found = checks(cli, "--no-folder")
    assert found.pop("model") in ("ok", "warning")  # on a busy machine it is slow
    assert (code, found) == (0, {"server": "ok", "clock": "ok", "key": "ok", "stores": "ok"})
    code, found = checks(as_key(administered, "wrong"), "--no-folder")
    assert (code, found) == (1, {"key": "problem"})
    shown = cli.run("doctor", "--url", "http://127.0.0.1:1", "--no-folder")
    assert shown.exit_code == 1
    assert shown.stdout.startswith("PROBLEM  server    ")
    assert "→ Start it (vectorlog serve)" in shown.stdout


@pytest.mark.skipif(EDITION == "aws", reason="there is no folder")
def test_doctor_of_a_folder(cli: CommandLine, tmp_path: Path) -> None:
    """The folder, its disk and who has it open; nothing is made."""
    code, found = checks(cli, "--data", tmp_path / "none")
    assert (code, found["folder"], found["disk"]) == (0, "warning", "ok")
    assert not (tmp_path / "none").exists()
    CliRunner().invoke(main, ["keys", "create", "--project", "x", "--data", str(tmp_path / "data")])
    code, found = checks(cli, "--data", tmp_path / "data")
    assert (code, found["folder"], found["process"]) == (0, "ok", "warning")
    (tmp_path / "data").chmod(0o755)
    assert checks(cli, "--data", tmp_path / "data")[1]["folder"] == "warning"
    (tmp_path / "data" / "vectorlog.json").write_text('{"format": 99}')
    code, found = checks(cli, "--data", tmp_path / "data")
    assert (code, found["folder"]) == (1, "problem")


def test_completion(cli: CommandLine) -> None:
    """Each shell gets a script that calls this program back."""
    for shell in ("bash", "zsh", "fish"):
        assert "_VECTORLOG_COMPLETE" in cli.succeed("completion", shell)
    assert cli.run("completion", "tcsh").exit_code == exits.USAGE
    asked = CliRunner().invoke(
        main,
        env={"_VECTORLOG_COMPLETE": "bash_complete", "COMP_WORDS": "vectorlog st", "COMP_CWORD": "1"},
        prog_name="vectorlog",
    )
    assert asked.stdout == "plain,stores\n"
