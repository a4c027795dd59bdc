"""The `openai` client for Node, fetched from npm once, and scripts that run with it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parent / "node"
CLIENT = Path(__file__).parents[2] / ".cache/node-client"
FETCH_S, RUN_S = 120, 120


def fetched() -> Path:
    """A folder with the client and the scripts; where Node is missing, the test is skipped."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node and npm are not installed")
    CLIENT.mkdir(parents=True, exist_ok=True)
    wanted = [*SCRIPTS.glob("*.json"), *SCRIPTS.glob("*.mjs")]
    changed = any(
        not (CLIENT / each.name).exists() or (CLIENT / each.name).read_text() != each.read_text() for each in wanted
    )
    for each in wanted:
        shutil.copy(each, CLIENT)
    if changed or not (CLIENT / "node_modules/openai").is_dir():
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=CLIENT, capture_output=True, text=True, timeout=FETCH_S, check=False)
        if done.returncode:
            pytest.skip(f"npm could not fetch the client: {done.stderr[-300:]}")
    return CLIENT


def run(client: Path, script: str, *arguments: str) -> Any:
    """What a script prints."""
    command = ["node", script, *arguments]
    done = subprocess.run(command, cwd=client, capture_output=True, text=True, timeout=RUN_S, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
