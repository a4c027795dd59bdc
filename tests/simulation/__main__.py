"""`./dev simulate`: random histories of a whole deployment, checked against a plain model of the API."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import count
from time import monotonic
from typing import TextIO

from tests.simulation.matrix import describe, empty_cells
from tests.simulation.runner import ADAPTERS, LENGTH, Failure, Tally, run_one, shrunk, told

SHRINK_S = 60.0
ENOUGH = 500_000
"""Steps for each set of adapters after which every call must have met every fault."""


def say(text: str, stream: TextIO = sys.stdout) -> None:
    """Writes a line at once."""
    stream.write(text + "\n")
    stream.flush()


def main() -> int:
    """Runs histories until the steps or the time are used up; returns 1 if one of them failed."""
    asked = _arguments()
    names = list(ADAPTERS) if asked.adapters == "both" else [asked.adapters]
    total, failure = run(names, asked.seed, asked.steps, asked.minutes, asked.jobs, asked.histories)
    say(describe(total, names))
    missing = empty_cells(total) if total.steps >= ENOUGH * len(names) else []
    if failure is None and missing:
        say("not every call met every fault; draw more of them (tests/simulation/draw.py)")
        return 1
    if failure is None:
        say(f"clean: {total.steps} steps in {total.histories} histories on {', '.join(names)}")
        return 0
    say(f"\nseed {failure.seed} on {failure.adapters} failed after {len(failure.steps)} steps; making it shorter …")
    say(told(shrunk(failure, SHRINK_S)))
    return 1


def run(
    names: list[str], seed: int, steps: int, minutes: float | None, jobs: int, histories: int | None = None
) -> tuple[Tally, Failure | None]:
    """Runs histories in parallel processes, and tells how far they are; returns what they did, and the first failure.

    `steps` is for each set of adapters.
    """
    total, began, shown = Tally(), monotonic(), 0.0
    wanted = steps * len(names)
    seeds = _seeds(names, seed, histories)
    with ProcessPoolExecutor(jobs) as pool:
        running: set[Future[tuple[Tally, Failure | None]]] = set()
        while True:
            while len(running) < jobs + 1 and total.steps + len(running) * LENGTH < wanted:
                name, number = next(seeds, ("", 0))
                if not name or (minutes is not None and monotonic() - began > minutes * 60):
                    break
                running.add(pool.submit(run_one, name, number))
            if not running:
                return total, None
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for each in done:
                tally, failure = each.result()
                total.add(tally)
                if failure is not None:
                    pool.shutdown(cancel_futures=True)
                    return total, failure
            if monotonic() - shown > 2:
                shown = monotonic()
                faults = sum(total.matrix.values())
                say(
                    f"{total.steps:>9} steps {total.histories:>6} histories {faults:>7} faults {shown - began:>6.0f} s",
                    sys.stderr,
                )


def _seeds(names: list[str], first: int, histories: int | None) -> Iterator[tuple[str, int]]:
    for number in count() if histories is None else range(histories):
        for name in names:
            yield name, first + number


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev simulate", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first history (default: 1)")
    parser.add_argument("--steps", type=int, default=60_000, help="for each set of adapters (default: 60000)")
    parser.add_argument("--minutes", type=float, help="stop after this time")
    parser.add_argument("--histories", type=int, help="stop after this number of histories")
    parser.add_argument("--adapters", choices=[*ADAPTERS, "both"], default="both")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one for each core)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
