"""The file that points a shell at a running deployment."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

from local_aws.env_file import env_file, variables_of

FUNCTIONS = {
    "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:1",
    "VECTORLOG_EVENTS_TABLE": "vectorlog-it's-events",
    "POWERTOOLS_LOG_LEVEL": "WARNING",
    "PYTHONPATH": "functions",
}


def sourced(path: Path, *names: str) -> list[str]:
    """What a shell has in these variables that has read the file."""
    shown = " ".join(f'"${name}"' for name in names)
    command = ["sh", "-c", f'. "$0" && printf "%s\\n" {shown}', str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]})
    return done.stdout.splitlines()


def test_sourced(tmp_path: Path) -> None:
    """One line in a shell is enough for our commands, AWS's, and clients; nothing of Python's or the functions' own."""
    given = variables_of("http://127.0.0.1:9", "sk-1", "abc", FUNCTIONS)
    with env_file(given, tmp_path / "cache" / "aws.env") as path:
        names = ("VECTORLOG_EVENTS_TABLE", "AWS_ENDPOINT_URL_SQS", "OPENAI_BASE_URL", "OPENAI_API_KEY", "STAGE")
        values = ["vectorlog-it's-events", "http://127.0.0.1:1", "http://127.0.0.1:9/v1", "sk-1", "abc"]
        assert sourced(path, *names) == values
        assert sourced(path, "VECTORLOG_URL", "VECTORLOG_API_KEY") == ["http://127.0.0.1:9/v1", "sk-1"]
        assert "PYTHONPATH" not in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, "it holds a key"
    assert not path.exists()


def test_another_deployment(tmp_path: Path) -> None:
    """One that began later keeps its file when the first one ends."""
    path = tmp_path / "aws.env"
    with env_file({"STAGE": "one"}, path):
        later = env_file({"STAGE": "two"}, path)
        later.__enter__()
    assert sourced(path, "STAGE") == ["two"]
    later.__exit__(None, None, None)
    assert not path.exists()
