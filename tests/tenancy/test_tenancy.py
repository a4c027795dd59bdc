"""Nothing of one project or end user reaches another, while grants come and go, in both editions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.cloud import CloudWorld
from tests.simulation.local import LocalWorld
from tests.simulation.runner import silence
from tests.simulation.world import World
from tests.tenancy.history import History

STEPS = 3_000
"""Of each history: with three of each edition, more than 15,000 random operations."""


@pytest.mark.parametrize(
    ("seed", "steps"), [(0, STEPS // 3), *(pytest.param(seed, STEPS, marks=pytest.mark.long) for seed in range(3))]
)
@pytest.mark.parametrize("edition", ["local", "aws"])
def test_no_foreign_byte(tmp_path: Path, edition: str, seed: int, steps: int) -> None:
    """Two projects with three end users each and a key without one: whatever anyone asks for, no answer has a word or
    an id of those whose things they may not see, nobody does more than their role allows, and nobody is refused what
    it does allow. Every list is exact, page by page.
    """
    world: World
    if edition == "local":
        world = LocalWorld(tmp_path, seed, real_index=seed == 0, inline_files=(0, 3, 100)[seed], inline_tags=True)
    else:
        world = CloudWorld(tmp_path, seed, inline_files=(0, 0, 3)[seed])
    with silence():
        history = History(world, seed)
        history.run(steps)
    world.close()
    statuses = {status for _, status in history.seen}
    assert statuses >= {200, 400, 403, 404}
    found = sum(count for (name, status), count in history.seen.items() if "search" in name and status == 200)
    assert found > steps / 50
