"""A copy of the checkout in which bugs are planted, one at a time, and tests are run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.planted.bug import Bug
from tests.support import examples

ROOT = Path(__file__).parents[2]

LIMIT_S = 600.0
"""How long the tests of one bug may take, in seconds."""

_FAILED = re.compile(r"^(?:FAILED|ERROR) ([^\s\[]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Run:
    """How a run of tests ended.

    Attributes:
        failed: the first test that failed; empty if all of them passed.
        trouble: why the run says nothing about the code, such as a test that does not exist; empty if it does.
        seconds: how long it took.
    """

    failed: str
    trouble: str
    seconds: float


class Tree:
    """A copy of the checkout in `folder`. The tests that run there import the copy's package, not the checkout's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for entry in ROOT.iterdir():
            if entry.name.startswith(".") or entry.name in ("cdk.out", "data"):
                continue  # the environment, caches, and what other commands made
            if entry.is_dir():
                shutil.copytree(entry, folder / entry.name)
            else:
                shutil.copy2(entry, folder)

    def run_with(self, bug: Bug, tests: Sequence[str], *flags: str) -> Run:
        """Runs tests on the code with a bug in it, until the first one fails.

        Raises:
            DoesNotApply: the bug does not apply.
        """
        module = self._folder / bug.path
        sound = module.read_text()
        module.write_text(bug.plant(self._folder))
        try:
            return self.run(tests, *flags)
        finally:
            module.write_text(sound)

    def run(self, tests: Sequence[str], *flags: str) -> Run:
        """Runs tests on the code as it is, until the first one fails."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider"]
        path = os.pathsep.join(str(self._folder / each) for each in ("functions", "."))
        started = time.monotonic()
        try:
            ended = subprocess.run(
                [*command, *flags, *tests],
                cwd=self._folder,
                env={**os.environ, "PYTHONPATH": path, examples.VARIABLE: "all"},
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Run("", f"the tests had not ended after {LIMIT_S:.0f} s", time.monotonic() - started)
        seconds = time.monotonic() - started
        failed = _FAILED.search(ended.stdout)
        if ended.returncode == 1 and failed:
            return Run(failed.group(1), "", seconds)
        last = (ended.stdout + ended.stderr).strip().splitlines()[-1:]
        trouble = "" if ended.returncode == 0 else f"pytest ended with {ended.returncode}: {' '.join(last)}"
        return Run("", trouble, seconds)
