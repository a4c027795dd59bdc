"""Fixtures of tests on the real servers; `servers` itself is in tests/conftest.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_aws import resources as local_resources
from local_aws.resources import Resources
from local_aws.servers import Servers


@pytest.fixture
def resources(servers: Servers) -> Iterator[Resources]:
    """Tables, queues and a bucket for one test. Messages that it leaves lent are redelivered after a second."""
    made = local_resources.make(servers, visibility_s=1, receives=2)
    yield made
    local_resources.remove(servers, made)
