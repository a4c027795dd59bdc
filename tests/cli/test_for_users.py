"""Commands for users: what they are documented to be, and what they cost those who do not use them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from vectorlog.cli import exits
from vectorlog.cli.main import COMMANDS, USER, main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cli.md").read_text()
LIBRARIES = {"rich", "pathspec"}
"""What only commands for users import."""


def test_exit_codes() -> None:
    """The page's table is the codes that commands end with."""
    assert {
        int(code): meaning for code, meaning in re.findall(r"^\| (\d+) \| (.*) \|$", PAGE, re.MULTILINE)
    } == exits.MEANING


@pytest.mark.parametrize("name", USER)
def test_page_lists_it(name: str) -> None:
    """The page names every command, and of groups every subcommand."""
    command = main.get_command(click.Context(main), name)
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}")]
    for inner in getattr(command, "commands", {}):
        assert inner in row


def test_every_command_has_help() -> None:
    """Each command says what it does, and each of its options that is not named for it."""
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        for each in (command, *getattr(command, "commands", {}).values()):
            assert each.help, (name, each.name)


@pytest.mark.parametrize("module", ["cli.main", "cli.serve", "cli.keys", "runtime.local.server", "client.server"])
@pytest.mark.long
def test_others_do_not_wait(module: str) -> None:
    """Serving, and the commands of operators, import none of the libraries of commands for users."""
    code = f"import sys, vectorlog.{module}; print({{each.partition('.')[0] for each in sys.modules}})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not ast.literal_eval(found.stdout) & LIBRARIES


def test_lambda_does_not_carry_them() -> None:
    """No function's asset has these libraries."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    for name in ("lambda", "lambda-index", "lambda-ingest"):
        names = {re.split(r"[<>=!;\[ ]", each)[0].lower() for each in groups[name] if isinstance(each, str)}
        assert not names & LIBRARIES
