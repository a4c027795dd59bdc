"""What these tests do with a data folder itself: keys, leftovers, and its verification."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.live.live_server import until
from tests.support import warm
from vectorlog.defaults import DAY_MS
from vectorlog.operations.verify import UnderWay
from vectorlog.reactions.leftovers import SAFE_AGE_MS, collect
from vectorlog.runtime.local.inspection import inspect


def key(data: Path, project: str) -> str:
    """Creates a key of a project."""
    made = warm.run("keys", "create", "--project", project, "--data", str(data))
    made.check_returncode()
    return made.stdout.strip()


def wait_until_idle(data: Path, seconds: float) -> None:
    """Waits until all commits are projected and all messages handled."""
    with inspect(data) as (_, under_way, _):
        until(lambda: under_way() == UnderWay(0, 0), "no work under way", seconds)


def collect_leftovers(data: Path) -> int:
    """Deletes the leftovers, as the pass of a later day does; returns how many there were."""
    with inspect(data, read_only=False) as (deployment, _, _):
        before = len(list(deployment.blobs.list("")))
        later = replace(deployment, clock=lambda: deployment.clock() + SAFE_AGE_MS + DAY_MS)
        after: str | None = ""
        while after is not None:
            after = collect(later, after)
        return before - len(list(deployment.blobs.list("")))


def verify(data: Path) -> str:
    """Runs `vectorlog verify`, and returns what it says.

    Raises:
        AssertionError: there is a difference.
    """
    found = warm.run("verify", "--data", str(data))
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


def verified(data: Path) -> str:
    """Runs `vectorlog verify`, and returns its last line.

    Raises:
        AssertionError: there is a difference, or something is under way.
    """
    said = verify(data)
    assert " 0 differences, 0 pending; 0 commits and 0 messages" in said, said
    return said.splitlines()[-1]
