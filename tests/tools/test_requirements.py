"""What `pip install .` brings is known."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def requirements() -> Iterator[str]:
    """Everything that pyproject.toml names, groups included."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    yield from content["build-system"]["requires"]
    yield from content["project"]["dependencies"]
    for group in content["dependency-groups"].values():
        yield from (each for each in group if isinstance(each, str))


def test_every_requirement_has_an_upper_bound() -> None:
    """A release that breaks us does not reach a new installation by itself."""
    unbounded = [each for each in requirements() if not re.search(r"==|<", each.partition(";")[0])]
    assert unbounded == []
