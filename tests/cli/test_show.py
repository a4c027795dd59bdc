"""`vectorlog show` on a data folder and on a deployment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.handlers.test_failures import damage
from tests.support import moto_aws
from tests.support.moto_deployment import FILE, STORE, MotoDeployment, sample
from vectorlog.cli.main import main
from vectorlog.runtime.aws import once
from vectorlog.runtime.local.data_folder import DataFolder
from vectorlog.runtime.local.log_and_views import LocalLogAndViews
from vectorlog.use_cases import api_keys


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["show", *arguments])


@pytest.fixture
def moto() -> Iterator[MotoDeployment]:
    with moto_aws.aws(), pytest.MonkeyPatch.context() as patch:
        made = MotoDeployment(patch)
        patch.setenv("VECTORLOG_OPENSEARCH_ENDPOINT", "https://search.example")
        yield made
    once.forget()


@pytest.fixture
def folder(tmp_path: Path) -> tuple[Path, str]:
    """A data folder with a key in it."""
    log_and_views = LocalLogAndViews(DataFolder(tmp_path / "data"))
    view, _ = api_keys.create(log_and_views, "acme", "laptop")
    log_and_views.close()
    return tmp_path / "data", view.id


class TestLocal:
    def test_text(self, folder: tuple[Path, str]) -> None:
        """The sentence comes first, then events, state, rows and queues."""
        data, key = folder
        answer = run(key, "--data", str(data))
        assert answer.exit_code == 0, answer.output
        lines = answer.stdout.splitlines()
        assert lines[0] == f"{key} ('laptop') of project 'acme' with scope 'write' is active."
        assert any("v0  ApiKeyCreated by operator" in line for line in lines)
        assert f"    KEYS {key}  version 0" in lines
        assert "  no message concerns it (in all: work 0, embed 0, slow 0)" in lines
        assert "hash" not in answer.stdout

    def test_json(self, folder: tuple[Path, str]) -> None:
        """The same as one JSON object."""
        data, key = folder
        found = json.loads(run(key, "--data", str(data), "--json").stdout)
        assert found["id"] == key
        assert found["streams"][0]["commits"][0]["events"][0]["type"] == "ApiKeyCreated"
        assert found["queues"]["messages"] == []

    def test_unknown(self, folder: tuple[Path, str]) -> None:
        """An id that is not there is one line and a 1."""
        data, _ = folder
        answer = run("vs_none", "--data", str(data))
        assert (answer.exit_code, answer.output) == (1, "Error: The log has no 'vs_none'.\n")

    def test_no_folder(self, tmp_path: Path) -> None:
        """So is a folder that is none; it is not made."""
        answer = run("vs_none", "--data", str(tmp_path / "none"))
        assert answer.exit_code == 1
        assert "There is no Vectorlog data" in answer.output
        assert not (tmp_path / "none").exists()


class TestDeployment:
    def test_failed(self, moto: MotoDeployment) -> None:
        """A file's id explains on AWS, too, why it failed, and in whose request."""
        damage(moto)
        moto.handle("projector", sample("dynamodb_stream"))
        moto.handle("embed", sample("sqs_embed"))
        answer = run(FILE, "--edition", "aws")
        assert answer.exit_code == 0, answer.output
        assert "(invalid_file): The file is damaged. Save it again." in answer.stdout.splitlines()[1]
        assert "FileFailed by ingest in req_1" in answer.stdout
        assert f"artefacts/{STORE}" not in answer.stdout

    def test_queues(self, moto: MotoDeployment) -> None:
        """How many messages wait is said, and that they cannot be listed."""
        moto.happened()
        moto.handle("projector", sample("dynamodb_stream"))
        answer = run(f"{STORE}/{FILE}", "--edition", "aws")
        assert "the embed queue holds 1 message, and SQS does not show" in answer.stdout.splitlines()[0]
        assert "messages in all: work 0, embed 1" in answer.stdout
        assert "Note: SQS does not show messages" in answer.stdout
        queues: Any = json.loads(run(f"{STORE}/{FILE}", "--edition", "aws", "--json").stdout)["queues"]
        assert queues == {"numbers": {"work": 0, "embed": 1, "erase": 0}, "messages": None}
