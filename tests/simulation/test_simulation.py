"""Random histories of a whole deployment, in both editions, checked against a plain model of the API.

`./dev test` runs a few of them. `.ci/run` runs 60,000 steps for each edition, and `./dev simulate` as many as it is
asked to.
"""

from __future__ import annotations

import pytest

from tests.simulation.runner import ADAPTERS, run_one, shrunk, told

HISTORIES, QUICK = 8, 3
"""For each edition, and those of them that the quick suite runs. A history is 300 steps, half a second."""


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=[pytest.mark.long] * (seed > QUICK)) for seed in range(1, HISTORIES + 1)]
)
@pytest.mark.parametrize("adapters", ADAPTERS)
def test_history(adapters: str, seed: int) -> None:
    """Whatever is requested, in whatever order work is done, and whatever fails at whatever call: every answer agrees
    with what the client did, everything ends, and nothing but what is needed is kept.
    """
    _, failure = run_one(adapters, seed)
    assert failure is None, told(shrunk(failure, 30))
