"""CONTRIBUTING.md's rule about the size of modules."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
MAX_LINES = 250


def test_size() -> None:
    """A module holds one thing, so it has at most 250 lines."""
    modules = [
        path for folder in ("functions", "infra", "local_aws", "tools") for path in (ROOT / folder).rglob("*.py")
    ]
    assert len(modules) > 200
    assert {str(path.relative_to(ROOT)) for path in modules if len(path.read_text().splitlines()) > MAX_LINES} == set()
