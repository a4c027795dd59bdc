"""A large batch on the AWS edition, from its uploads to its end. `./dev bench aws` does the same with the maximum
number of files.
"""

from __future__ import annotations

import pytest

from local_aws.servers import Servers
from tests.support import aws_batch

pytestmark = pytest.mark.aws

FILES = 200
"""More than one step attaches."""


def test_every_file_ends(servers: Servers) -> None:
    """At every poll each file is counted once, in the batch and in the store; all end, and nothing is left over."""
    with aws_batch.running(servers) as deployment:
        run = aws_batch.run(deployment, FILES)
        assert run.wrong == []
        assert run.ended_well, run.polls[-1]
        assert "0 differences, 0 pending; 0 commits and 0 messages" in aws_batch.verified(deployment)
        assert aws_batch.left(deployment, servers) == 0
