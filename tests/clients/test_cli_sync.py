"""`vectorlog sync` against a live server."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from openai import OpenAI

from tests.clients.command_line import CommandLine, ended, interrupt
from tests.clients.conftest import Attached, long_locally
from tests.clients.service import Service, eventually
from tests.syncing.test_git import git, needs_git
from vectorlog.cli import exits


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two notes, one of them in a folder."""
    root = tmp_path / "docs"
    (root / "sub").mkdir(parents=True)
    (root / "pump.txt").write_text("The pump is checked every four hundred hours.")
    (root / "sub" / "harbour.txt").write_text("The harbour master keeps the signal lights.")
    return root


def paths(cli: CommandLine, store: str = "new") -> dict[str, str]:
    """The ids of a store's files by their paths; each path once."""
    files = cli.json("files", "list", store)
    found = {each["attributes"]["path"]: each["id"] for each in files}
    assert len(found) == len(files)
    return found


def sync(cli: CommandLine, source: Path | str, *arguments: str) -> str:
    """Syncs; returns what it says, without the time that it took."""
    return cli.succeed("sync", source, "--store", "new", *arguments).partition(", in ")[0]


def test_life(cli: CommandLine, folder: Path, openai_client: OpenAI) -> None:
    """Files are added, changed, moved, renamed and removed as in the folder; a second run has nothing to do."""
    assert sync(cli, folder) == "2 added, 0 unchanged"
    before = paths(cli)
    assert sync(cli, folder) == "2 unchanged"
    (folder / "pump.txt").write_text("The pump is checked every day.")
    (folder / "sub" / "harbour.txt").rename(folder / "harbour.txt")
    assert sync(cli, folder) == "1 changed, 1 moved, 0 unchanged"
    after = paths(cli)
    assert after["harbour.txt"] == before["sub/harbour.txt"]
    assert after["pump.txt"] != before["pump.txt"]
    [row] = [each for each in cli.json("files", "list", "new") if each["filename"] == "harbour.txt"]
    assert "folder" not in row["attributes"]
    (folder / "harbour.txt").rename(folder / "port.txt")
    assert sync(cli, folder) == "1 added, 1 removed, 1 unchanged"
    (folder / "pump.txt").unlink()
    assert sync(cli, folder) == "1 removed, 1 unchanged"
    assert set(paths(cli)) == {"port.txt"}
    assert [each.filename for each in openai_client.files.list()] == ["port.txt"]  # replaced uploads are deleted too


def test_back_and_forth(cli: CommandLine, folder: Path) -> None:
    """Content that comes back is there again, also where its place was taken by a moved file meanwhile."""
    text = (folder / "pump.txt").read_text()
    for _ in range(2):
        for content in (text, "Another text."):
            (folder / "pump.txt").write_text(content)
            sync(cli, folder)
    (folder / "pump.txt").rename(folder / "sub" / "pump.txt")
    sync(cli, folder)
    (folder / "pump.txt").write_text("Another text.")
    assert sync(cli, folder) == "1 added, 2 unchanged"
    assert set(paths(cli)) == {"pump.txt", "sub/pump.txt", "sub/harbour.txt"}


def test_dry_run(cli: CommandLine, folder: Path) -> None:
    """What would be done is said, and nothing is done, not even the store is made."""
    assert sync(cli, folder, "--dry-run").splitlines() == ["add      pump.txt", "add      sub/harbour.txt"]
    assert cli.json("stores", "list") == []
    sync(cli, folder)
    before = cli.json("files", "list", "new")
    (folder / "pump.txt").write_text("other")
    (folder / "sub" / "harbour.txt").rename(folder / "harbour.txt")
    plan = cli.json("sync", folder, "--store", "new", "--dry-run")
    assert plan == [
        {"action": "move", "path": "harbour.txt", "detail": "from sub/harbour.txt"},
        {"action": "change", "path": "pump.txt", "detail": ""},
    ]
    assert cli.json("files", "list", "new") == before


def test_others_files_stay(cli: CommandLine, folder: Path, attached: Attached, openai_client: OpenAI) -> None:
    """Files of others, of another source, and files whose attributes somebody took over, are never touched."""
    sync(cli, folder)
    store = cli.json("stores", "show", "new")["id"]
    attached(store, "Somebody's note.", "note.txt")
    taken = paths_of_source(cli, str(folder))["pump.txt"]
    other = folder.parent / "other"
    other.mkdir()
    (other / "pump.txt").write_text("Another pump.")
    sync(cli, other)
    cli.succeed("files", "set", store, taken, "--attribute", "source=mine")
    (folder / "pump.txt").unlink()
    assert sync(cli, folder) == "1 unchanged"
    sync(cli, other, "--allow-empty")
    files = {each["filename"]: each["attributes"].get("source") for each in cli.json("files", "list", store)}
    assert len(cli.json("files", "list", store)) == 4
    assert files["note.txt"] is None
    (folder / "pump.txt").write_text("The pump is checked every four hundred hours.")
    assert sync(cli, folder) == "1 added, 1 unchanged"
    assert len(cli.json("files", "list", store)) == 5
    assert cli.json("files", "show", store, taken)["attributes"]["source"] == "mine"


def paths_of_source(cli: CommandLine, source: str) -> dict[str, str]:
    files = cli.json("files", "list", "new")
    return {each["attributes"]["path"]: each["id"] for each in files if each["attributes"].get("source") == source}


def test_empty_source(cli: CommandLine, folder: Path) -> None:
    """A folder that is suddenly empty, as one that is not mounted is, deletes nothing without being told to."""
    sync(cli, folder)
    for each in (folder / "pump.txt", folder / "sub" / "harbour.txt"):
        each.unlink()
    refused = cli.run("sync", folder, "--store", "new")
    assert refused.exit_code == exits.REFUSED
    assert "has no file, but the store has 2 from it" in refused.stderr
    assert len(paths(cli)) == 2
    assert cli.run("sync", folder.parent / "none", "--store", "new").exit_code == exits.REFUSED
    assert sync(cli, folder, "--allow-empty") == "2 removed, 0 unchanged"


def test_change_is_never_missed(cli: CommandLine, folder: Path, openai_client: OpenAI, service: Service) -> None:
    """While a new version is being ingested the old one is found, until the new one is."""
    if service.stub is None:
        pytest.skip("needs an endpoint that can be held")
    sync(cli, folder)
    (folder / "pump.txt").write_text("The pump is checked every day, new rule.")
    service.stub.released.clear()
    try:
        with cli.started("sync", folder, "--store", "new") as process:
            eventually(
                lambda: len(cli.json("files", "list", "new", "--status", "in_progress")), lambda count: count == 1
            )
            assert len(cli.json("files", "list", "new", "--status", "completed")) == 2
            service.stub.released.set()
            code, out, err = ended(process)
    finally:
        service.stub.released.set()
    assert (code, out.partition(", in ")[0]) == (0, "1 changed, 1 unchanged"), err
    texts = [each["content"][0]["text"] for each in cli.json("search", "new", "pump checked")["data"]]
    assert sum("pump" in text for text in texts) == 1


def test_failed_change_keeps_the_old(cli: CommandLine, folder: Path) -> None:
    """A new version that cannot be read leaves the old one; it is told in each run, and not uploaded again."""
    sync(cli, folder)
    old = paths(cli)["pump.txt"]
    (folder / "pump.txt").write_bytes(b"%PDF-1.4 nothing")
    for _ in range(2):
        result = cli.run("sync", folder, "--store", "new")
        assert result.exit_code == exits.SOME_FAILED
        assert "\npump.txt\t" in result.stderr
        files = cli.json("files", "list", "new")
        assert sorted(each["status"] for each in files) == ["completed", "completed", "failed"]
        assert old in {each["id"] for each in files}
    (folder / "pump.txt").write_text("Readable again.")
    assert sync(cli, folder) == "1 changed, 1 unchanged"
    assert len(paths(cli)) == 2


def test_two_at_once(cli: CommandLine, folder: Path, openai_client: OpenAI) -> None:
    """Two syncs of one folder at the same time leave each file once, or the next one does."""
    for number in range(12):
        (folder / f"{number}.txt").write_text(f"Note {number}.")
    cli.succeed("stores", "create", "new")
    with cli.started("sync", folder, "--store", "new") as one, cli.started("sync", folder, "--store", "new") as two:
        for process in (one, two):
            code, _, err = ended(process)
            assert code == 0, err
    sync(cli, folder)
    assert len(paths(cli)) == 14
    assert sync(cli, folder) == "14 unchanged"
    assert len(list(openai_client.files.list())) == 14


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
@long_locally
def test_stopped(
    cli: CommandLine, folder: Path, openai_client: OpenAI, service: Service, number: signal.Signals
) -> None:
    """Stopped at any point, nothing that was searchable is lost, and the next run ends as if nothing had happened."""
    sync(cli, folder)
    (folder / "pump.txt").write_text("The pump is checked every day.")
    (folder / "sub" / "harbour.txt").rename(folder / "port.txt")
    if service.stub is not None:
        service.stub.released.clear()
    try:
        with cli.started("sync", folder, "--store", "new", "--at-once", "1") as process:
            eventually(lambda: len(list(openai_client.files.list())), lambda count: count >= 3)
            process.send_signal(number)
            code = process.wait(30)
        assert code == (exits.INTERRUPTED if number == signal.SIGINT else -signal.SIGKILL)
        completed = cli.json("files", "list", "new", "--status", "completed")
        assert {each["filename"] for each in completed} >= {"pump.txt", "harbour.txt"}
    finally:
        if service.stub is not None:
            service.stub.released.set()
    sync(cli, folder)
    assert set(paths(cli)) == {"pump.txt", "port.txt"}
    assert sync(cli, folder) == "2 unchanged"
    assert len(list(openai_client.files.list())) == 2


@pytest.mark.long
def test_watch(cli: CommandLine, folder: Path) -> None:
    """With `--watch`, a change is in the store a moment later; Ctrl-C ends it."""
    with cli.started("sync", folder, "--store", "new", "--watch") as process:
        eventually(lambda: cli.run("files", "list", "new").stdout.count("completed"), lambda count: count == 2)
        (folder / "new.txt").write_text("A new note.")
        eventually(lambda: cli.succeed("files", "list", "new"), lambda listed: "new.txt" in listed)
        (folder / "pump.txt").unlink()
        eventually(lambda: cli.succeed("files", "list", "new"), lambda listed: "pump.txt" not in listed)
        code, _, err = interrupt(process)
    assert code in (0, exits.INTERRUPTED), err  # the turn had ended, or not quite


@needs_git
def test_git(cli: CommandLine, folder: Path) -> None:
    """A repository is synced as of its last commit."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    (folder / "pump.txt").write_text("not committed")
    url = f"git+file://{folder}"
    assert sync(cli, url) == "2 added, 0 unchanged"
    git(folder, "commit", "--quiet", "-am", "second")
    assert sync(cli, url) == "1 changed, 1 unchanged"
    assert set(paths_of_source(cli, url)) == {"pump.txt", "sub/harbour.txt"}
    missing = cli.run("sync", f"{url}@none", "--store", "new")
    assert missing.exit_code == exits.REFUSED
    assert "cannot be fetched" in missing.stderr


def test_bucket(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects below a prefix are synced; one that did not change is not fetched again."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="docs")
        for key, text in (("a/pump.txt", "The pump."), ("a/sub/port.txt", "The port."), ("ab/x.txt", "x"), ("a/", "")):
            s3.put_object(Bucket="docs", Key=key, Body=text.encode())
        assert sync(cli, "s3://docs/a") == "2 added, 0 unchanged"
        assert set(paths_of_source(cli, "s3://docs/a/")) == {"pump.txt", "sub/port.txt"}
        s3.put_object(Bucket="docs", Key="a/pump.txt", Body=b"Another pump.")
        fetched: list[str] = []
        download = "boto3.s3.inject.download_fileobj"
        from boto3.s3 import inject

        original = inject.download_fileobj

        def noted(client: object, bucket: str, key: str, *given: object, **named: object) -> None:
            fetched.append(key)
            original(client, bucket, key, *given, **named)

        monkeypatch.setattr(download, noted)
        assert sync(cli, "s3://docs/a") == "1 changed, 1 unchanged"
        assert set(fetched) == {"a/pump.txt"}
        refused = cli.run("sync", "s3://none/a", "--store", "new")
        assert refused.exit_code == exits.REFUSED
        assert "NoSuchBucket" in refused.stderr


@pytest.mark.parametrize("source", ["ftp://x/y", "git+ext://x/y", "s3://", "https://example.org/docs"])
def test_other_sources(cli: CommandLine, source: str) -> None:
    """What is no source that can be synced is refused, and no store is made."""
    refused = cli.run("sync", source, "--store", "new")
    assert refused.exit_code in (exits.REFUSED, exits.USAGE)
    assert cli.json("stores", "list") == []
