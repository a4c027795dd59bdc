"""The `openai` client for Node. It is fetched once by npm, into `.cache`; without Node or a registry the tests are
skipped.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import EDITION
from tests.clients.service import Service

ROOT = Path(__file__).parents[2]
VERSION = "7.5.0"
"""The version of which docs/contract.md speaks."""
FETCH_S = 120
RUN_S = 60


@pytest.fixture(scope="session")
def node_client() -> Path:
    """The folder in which the client is installed."""
    folder = ROOT / ".cache" / f"openai-node-{VERSION}"
    if (folder / "node_modules" / "openai").is_dir():
        return folder
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("there is no Node on this machine")
    draft = folder.with_suffix(".draft")
    fetched = subprocess.run(
        [npm, "install", "--prefix", str(draft), "--ignore-scripts", "--no-audit", "--no-fund", f"openai@{VERSION}"],
        capture_output=True,
        text=True,
        timeout=FETCH_S,
        check=False,
    )
    if fetched.returncode:
        pytest.skip(f"npm could not fetch the client: {fetched.stderr[-200:]}")
    draft.replace(folder)
    return folder


def test_uploads(service: Service, user: str, node_client: Path) -> None:
    """Parts that are sent at once, in any order of arrival, become the file."""
    part = 4_000_000 if EDITION == "aws" else 3_000_000
    script = Path(__file__).parent / "node" / "uploads.mjs"
    arguments = [node_client, f"{service.url}/v1", service.key, user, 10_000_000, part]
    ran = subprocess.run(
        ["node", str(script), *map(str, arguments)], capture_output=True, text=True, timeout=RUN_S, check=False
    )
    assert ran.returncode == 0, ran.stderr
    expected = {"status": "completed", "parts": -(-10_000_000 // part), "same": True, "cancelled": "cancelled"}
    assert json.loads(ran.stdout) == expected
