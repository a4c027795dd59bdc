"""A batch of the stream with commits of many stores, through the projector's handler on the real servers."""

from __future__ import annotations

import pytest

from local_aws.servers import Servers
from tests.support.aws_projector import BATCH, handler_alone, stages

pytestmark = pytest.mark.aws

ROUND_TRIPS = 20
LATENCY_S = 0.1


@pytest.mark.parametrize(("projects", "transactions", "units"), [(1, 8, 616), (BATCH, BATCH, 800)])
def test_round_trips(servers: Servers, projects: int, transactions: int, units: int) -> None:
    """A hundred files of a hundred stores that end at once take few sequential round trips, whether the stores are of
    one project, whose usage they share, or of a hundred; docs/costs.md says what they cost. Delivered again, they are
    only read. Every count is right.
    """
    made = stages(BATCH, projects)
    with handler_alone(servers) as handler:
        for stage in made[:-1]:
            handler.take(stage)
        cost = handler.cost(made[-1], LATENCY_S)
        assert cost.round_trips <= ROUND_TRIPS
        assert cost.calls == {"BatchGetItem": 2, "TransactWriteItems": transactions}
        assert (cost.write_units, cost.read_units) == (units, 200)
        again = handler.cost(made[-1], LATENCY_S)
        assert (again.round_trips, again.write_units) == (1, 0)
        assert handler.totals(made[1]) == (BATCH, BATCH)
