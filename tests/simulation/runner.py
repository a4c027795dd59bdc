"""Runs histories, and tells what failed in a form that can be repeated."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic

from tests.simulation.cloud import CloudWorld
from tests.simulation.history import Failed, History, MakeWorld
from tests.simulation.local import LocalWorld
from tests.simulation.shrink import shrink
from tests.simulation.steps import Step
from tests.simulation.timeline import timeline
from tests.simulation.world import World

LENGTH = 300
"""Steps of a history."""


def _local(folder: Path, seed: int, options: Random) -> World:
    return LocalWorld(
        folder, seed, real_index=options.random() < 0.3, inline_files=options.choice((0, 0, 3, 100)), inline_tags=True
    )


def _cloud(folder: Path, seed: int, options: Random) -> World:
    return CloudWorld(folder, seed, inline_files=options.choice((0, 0, 0, 3)))


ADAPTERS: dict[str, MakeWorld] = {"sqlite": _local, "dynamodb": _cloud}


@dataclass(slots=True)
class Tally:
    """What some histories did."""

    steps: int = 0
    histories: int = 0
    seconds: float = 0.0
    matrix: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Adds what other histories did."""
        self.steps += other.steps
        self.histories += other.histories
        self.seconds += other.seconds
        self.matrix.update(other.matrix)
        self.calls.update(other.calls)
        self.kinds.update(other.kinds)


@dataclass(frozen=True, slots=True)
class Failure:
    """A history that failed."""

    adapters: str
    seed: int
    error: str
    steps: tuple[Step, ...]
    story: tuple[tuple[Step, str], ...]


def run_one(
    adapters: str, seed: int, length: int = LENGTH, steps: list[Step] | None = None
) -> tuple[Tally, Failure | None]:
    """Runs one history: of drawn steps, or of these."""
    with silence():
        return _run_one(adapters, seed, length, steps)


@contextmanager
def silence() -> Iterator[None]:
    """Switches logging off: histories fail on purpose, thousands of times."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _run_one(adapters: str, seed: int, length: int, steps: list[Step] | None) -> tuple[Tally, Failure | None]:
    began, folder = monotonic(), new_folder()
    history = History(folder, seed, ADAPTERS[adapters])
    failure = None
    try:
        if steps is None:
            history.run(length)
        else:
            history.replay(steps)
    except Failed as failed:
        failure = Failure(adapters, seed, str(failed), tuple(history.steps), tuple(history.story))
    finally:
        history.world.close()
        shutil.rmtree(folder, ignore_errors=True)
    faults = history.world.faults
    kinds = Counter(step.kind for step, _ in history.story)
    tally = Tally(history.done, 1, monotonic() - began, Counter(faults.matrix), faults.calls, kinds)
    return tally, failure


def new_folder() -> Path:
    """Returns a new folder in memory, if this machine has one."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="simulate-", dir=memory if memory.is_dir() else None))


def shrunk(failure: Failure, seconds: float) -> Failure:
    """Returns the failure with as few steps as still fail in the same way."""

    def fails(some: Sequence[Step]) -> str | None:
        _, found = run_one(failure.adapters, failure.seed, steps=list(some))
        return found.error if found else None

    steps = shrink(failure.steps, failure.error, fails, seconds=seconds)
    _, found = run_one(failure.adapters, failure.seed, steps=steps)
    return found or failure


def told(failure: Failure) -> str:
    """Returns a failure as text: what is wrong, how to repeat it, and its timeline."""
    command = f"./dev simulate --adapters {failure.adapters} --seed {failure.seed} --histories 1"
    return f"{failure.error}\nrepeat it with: {command}\n{timeline(failure.story)}"
