"""Many parallel workers on one store, where DynamoDB refuses colliding transactions."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from local_aws.resources import Resources
from local_aws.servers import Servers
from tests.support.aws_crowd import Crowded, crowd, one_item
from vectorlog.views import busy_rows
from vectorlog.views.counts import Counts

pytestmark = pytest.mark.aws

WORKERS = 20
EACH = 4
SINGLES = 20


def _right(found: Crowded) -> None:
    sys.stdout.write(f"\n{found}\n")
    assert found.settled == Counts(completed=WORKERS * EACH)
    assert found.counts.total == WORKERS * EACH + SINGLES
    assert found.differences == []


def test_crowd(servers: Servers, resources: Resources, tmp_path: Path) -> None:
    """Twenty workers finish files of one store and batch in parallel, while others are attached to it and four shards
    of the stream are projected in parallel: refused writes are retried, counts add up at every poll, and none is lost.
    The number of refusals depends on how long calls take on this machine; tests/views/test_contention.py estimates it
    for AWS.
    """
    with one_item():
        found = crowd(servers, resources, tmp_path, WORKERS, EACH, SINGLES)
    assert found.met.refused, "nothing met"
    _right(found)


def test_spread(servers: Servers, resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, with rows that are spread before the first file: counts are as right, and few writes are refused."""
    monkeypatch.setattr(busy_rows, "MANY", WORKERS * EACH)
    found = crowd(servers, resources, tmp_path, WORKERS, EACH, SINGLES)
    _right(found)
    assert len(found.met.refused) <= len(found.met.transactions) / 10
