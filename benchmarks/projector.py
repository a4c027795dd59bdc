"""Measures the projector's handler with 10,000 commits of 2,000 stores that nobody has projected yet, on the local
servers: sequential round trips, calls, units, and time with a delay of each call as on AWS. Once with groups projected
one after the other, and once side by side.

    .venv/bin/python -m local_aws .venv/bin/python -m benchmarks.projector [STORES [PROJECTS]]
"""

from __future__ import annotations

import os
import sys

from local_aws.servers import VARIABLE, Servers
from tests.support.aws_projector import STAGES, handler_alone, stages

STORES, PROJECTS = 2_000, 20
DELAY_S = 0.01
"""Added to each call when time is measured: local servers have no network and no three copies to write."""
APART_S = 0.05
"""Added to each call when round trips are counted, so that parallel calls overlap."""


def many_stores(servers: Servers, stores: int = STORES, projects: int = PROJECTS) -> bool:
    """Prints the measurements; returns whether all counts were right."""
    made = stages(stores, projects)
    commits = [commit for stage in made for commit in stage]
    right = []
    for side_by_side in (False, True):
        name = "side by side" if side_by_side else "one after the other"
        with handler_alone(servers, side_by_side=side_by_side) as handler:
            cost = handler.cost(commits, APART_S if side_by_side else 0.0)
            right.append(handler.totals(made[1]) == (stores, stores))
        with handler_alone(servers, side_by_side=side_by_side) as handler:
            seconds = handler.seconds(commits, DELAY_S)
        calls = ", ".join(f"{count:,} {call}" for call, count in sorted(cost.calls.items()))
        print(f"{stores * STAGES:,} commits of {stores:,} stores of {projects} projects, {name}:")
        print(f"    {cost.round_trips:,} sequential round trips, {cost.write_units:,} WCU, {cost.read_units:,g} RCU")
        print(f"    {calls}")
        print(f"    {seconds:.0f} s with {DELAY_S * 1000:.0f} ms for each call more: {len(commits) / seconds:.0f}/s")
        print(f"    counts {'right' if right[-1] else 'WRONG'}", flush=True)
    return all(right)


def main() -> int:
    """The exit status: 1 if a count was wrong."""
    return int(not many_stores(Servers.of(os.environ[VARIABLE]), *map(int, sys.argv[1:])))


if __name__ == "__main__":
    sys.exit(main())
