"""A batch of the stream with commits of many stores, through the projector's handler on the real servers."""

from __future__ import annotations

import sys

import pytest

from local_aws.servers import Servers
from tests.support.aws_projector import BATCH, handler_alone, stages

pytestmark = pytest.mark.aws

ROUND_TRIPS = 20
LATENCY_S = 0.1


@pytest.mark.parametrize("projects", [1, BATCH])
def test_round_trips(servers: Servers, projects: int) -> None:
    """A hundred files of a hundred stores that end at once take few sequential round trips, whether the stores are of
    one project, whose usage they share, or of a hundred. Delivered again, they are only read. Every count is right.
    """
    made = stages(BATCH, projects)
    with handler_alone(servers) as handler:
        for stage in made[:-1]:
            handler.take(stage)
        cost = handler.cost(made[-1], LATENCY_S)
        sys.stdout.write(f"{projects} projects: {cost}\n")
        assert cost.round_trips <= ROUND_TRIPS
        again = handler.cost(made[-1], LATENCY_S)
        assert (again.round_trips, again.write_units) == (1, 0)
        assert handler.totals(made[1]) == (BATCH, BATCH)
