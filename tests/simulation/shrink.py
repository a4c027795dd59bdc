"""Makes a failing history short: leaves out steps and faults while it still fails in the same way (delta debugging)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic

from tests.simulation.steps import Step

Fails = Callable[[Sequence[Step]], str | None]
"""Replays steps, and returns how they fail; None if they do not."""


def shrink(steps: Sequence[Step], error: str, fails: Fails, *, seconds: float) -> list[Step]:
    """Returns as few of the steps as still fail like `error`; stops after this many seconds."""
    until, wanted = monotonic() + seconds, _kind(error)

    def still(some: Sequence[Step]) -> bool:
        found = fails(some)
        return found is not None and _kind(found) == wanted

    kept = list(steps)
    if not still(kept):
        return kept
    size = max(1, len(kept) // 2)
    while monotonic() < until:
        shorter = _without_parts(kept, size, still, until)
        if len(shorter) == len(kept) and size == 1:
            break
        kept, size = shorter, max(1, min(size // 2, len(shorter) // 2))
    for place, step in enumerate(kept):
        if step.fault is not None and monotonic() < until:
            calmer = [*kept[:place], replace(step, fault=None), *kept[place + 1 :]]
            kept = calmer if still(calmer) else kept
    return kept


def _without_parts(steps: list[Step], size: int, still: Callable[[Sequence[Step]], bool], until: float) -> list[Step]:
    start = len(steps)
    while start > 0 and monotonic() < until:
        start = max(0, start - size)
        shorter = steps[:start] + steps[start + size :]
        if still(shorter):
            steps = shorter
    return steps


def _kind(error: str) -> str:
    """Returns an error without its numbers and names, so that it is the same for other files."""
    return re.sub(r"[\d.]+|'[^']*'|\[.*?\]|\(.*\)", "#", error.split(";")[0])[:60]
