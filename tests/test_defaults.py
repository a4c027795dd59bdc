"""Each default is written once, and everything that has it reads it there."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from vectorlog import defaults
from vectorlog.deployment import Deployment
from vectorlog.runtime.aws.environment import Environment
from vectorlog.runtime.local.settings import Settings

ROOT = Path(__file__).parents[1]
SHARED = [
    defaults.OPENAI_URL,
    defaults.LOCAL_MODEL,
    f"local:{defaults.LOCAL_MODEL}",
    defaults.BEDROCK_MODEL,
    *defaults.MODELS_ON_AWS,
    defaults.GATEWAY_TOO_LARGE,
    defaults.GATEWAY_UPLOAD_BYTES,
    defaults.DAY_MS,
]


@cache
def _values(path: Path) -> frozenset[object]:
    """The literals of a module, without its docstrings."""
    tree = ast.parse(path.read_text())
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in documented)
    return frozenset(node.value for node in found)


@pytest.mark.parametrize("value", SHARED, ids=lambda value: str(value)[:40])
@pytest.mark.long
def test_written_once(value: object) -> None:
    """What two parts agree on is a literal in `defaults.py` alone, so a change of it reaches both."""
    paths = [path for folder in ("functions", "infra", "local_aws") for path in (ROOT / folder).rglob("*.py")]
    assert len(paths) > 200
    own = ROOT / "functions/vectorlog/defaults.py"
    assert [path for path in paths if path != own and value in _values(path)] == []


def test_editions_agree() -> None:
    """A deployment on AWS and a local one that choose nothing treat content and endpoints alike."""
    local, aws = Settings(), Environment()
    shared = {each.name for each in fields(Settings)} & {each.name for each in fields(Environment)}
    assert {"duplicate_content", "embedding_base_url", "cors_origins"} <= shared
    for name in shared:
        assert str(getattr(local, name)) == str(getattr(aws, name)), name
    assert local.duplicate_content == aws.duplicate_content == defaults.DUPLICATE_CONTENT
    assert Deployment.__dataclass_fields__["duplicate_content"].default == defaults.DUPLICATE_CONTENT
    assert local.embedding_base_url == aws.embedding_base_url == "https://api.openai.com/v1"
    assert aws.models == "bedrock:amazon.titan-embed-text-v2:0"


def test_light() -> None:
    """The stack and a function's cold start may read defaults: they bring no library."""
    code = "import sys, typing; before = set(sys.modules); import vectorlog.defaults; print(set(sys.modules) - before)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ast.literal_eval(found.stdout) <= {"vectorlog", "vectorlog.defaults", "__future__"}
