"""The cost of operations of the AWS edition, on the real servers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import aws
from local_aws.servers import Servers
from tests.support.aws_costs import measured

pytestmark = pytest.mark.aws

DOCUMENT = Path(__file__).parents[2] / "docs" / "costs.md"


def test_documented(servers: Servers) -> None:
    """docs/costs.md lists exactly the calls, round trips and units of each operation."""
    documented = re.findall(r"^\|.*\|$", DOCUMENT.read_text(), re.MULTILINE)
    with measured(servers) as made:
        assert aws.table(list(aws.lines(made))).splitlines() == documented


def test_flat(servers: Servers) -> None:
    """Attaching a file always costs the same, whatever its store holds."""
    with measured(servers) as made:
        few, many = (aws.flat(made, count, samples=3) for count in (5, 150))
    assert few == many == [few[0]] * 3
