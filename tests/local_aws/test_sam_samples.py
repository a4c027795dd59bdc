"""The samples that `./dev sam invoke` runs."""

from __future__ import annotations

from pathlib import Path

from local_aws.sam.deployment import HANDLERS
from local_aws.sam.samples import EVENTS, SAMPLES

FUNCTIONS = Path(__file__).parents[2] / "functions" / "handlers"


def test_all() -> None:
    """Every payload of events/ can be run, and each function behind a trigger has one."""
    assert {path.stem for path in EVENTS.glob("*.json")} == set(SAMPLES)
    assert set(SAMPLES.values()) == set(HANDLERS)
    assert all((FUNCTIONS / f"{handler}.py").is_file() for handler in HANDLERS)
