"""Plants each bug in a copy of the checkout, and expects the tests to find it: `./dev planted [NAME…]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.planted.bug import Bug, DoesNotApply
from tests.planted.catalogue import BUGS
from tests.planted.tree import Run, Tree


def main(arguments: Sequence[str]) -> int:
    """Runs the command, and returns its exit code: 1 if a bug survives or could not be tried."""
    asked = _parsed(arguments)
    if unknown := set(asked.name) - {bug.name for bug in BUGS}:
        _say(f"There is no planted bug named {', '.join(sorted(unknown))}.")
        return 1
    bugs = [bug for bug in BUGS if not asked.name or bug.name in asked.name]
    with tempfile.TemporaryDirectory(prefix="vectorlog-planted-") as folder:
        trees = [Tree(_made(Path(folder) / str(number))) for number in range(min(asked.jobs, len(bugs)))]
        sound = trees[0].run(sorted({test for bug in bugs for test in bug.tests}), "-n", str(asked.jobs))
        if sound.failed or sound.trouble:
            _say(f"Without any bug, the tests do not pass: {sound.failed or sound.trouble}")
            return 1
        _say(f"without a bug, the tests pass in {sound.seconds:.0f} s")
        unfound = _try_all(bugs, trees, everything=asked.all)
    _say(f"{len(bugs) - len(unfound)} of {len(bugs)} found" + "".join(f"\n  not found: {name}" for name in unfound))
    return 1 if unfound else 0


def _try_all(bugs: Sequence[Bug], trees: Iterable[Tree], *, everything: bool) -> list[str]:
    """Tries the bugs, one in each tree at a time; returns the names of those that were not found."""
    free: SimpleQueue[Tree] = SimpleQueue()
    for tree in trees:
        free.put(tree)

    def attempt(bug: Bug) -> bool:
        tree = free.get()
        try:
            run = tree.run_with(bug, bug.tests)
            if everything and not run.failed and not run.trouble:
                run = tree.run_with(bug, ())
        except DoesNotApply as error:
            run = Run("", str(error), 0.0)
        finally:
            free.put(tree)
        _say(_line(bug, run))
        return bool(run.failed)

    with ThreadPoolExecutor(free.qsize()) as pool:
        found = list(pool.map(attempt, bugs))
    return [bug.name for bug, was_found in zip(bugs, found, strict=True) if not was_found]


def _line(bug: Bug, run: Run) -> str:
    if run.trouble:
        return f"TROUBLE   {run.seconds:5.1f} s  {bug.name}: {run.trouble}"
    if run.failed:
        return f"found     {run.seconds:5.1f} s  {bug.name}: {run.failed}"
    return f"SURVIVED  {run.seconds:5.1f} s  {bug.name}: {bug.loses}"


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev planted", description=__doc__)
    parser.add_argument("name", nargs="*", help="bugs to plant; every one if none is named")
    parser.add_argument("--all", action="store_true", help="try survivors on the whole quick suite")
    parser.add_argument("--jobs", type=int, default=2, help="how many bugs are tried in parallel")
    return parser.parse_args(arguments)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
