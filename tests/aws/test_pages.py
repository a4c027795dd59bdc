"""A long file and the embed function, on the real servers."""

from __future__ import annotations

import pytest

from local_aws.payloads import Json
from local_aws.servers import Servers
from tests.support import aws_embed
from vectorlog.ingest.job import ROUND

pytestmark = pytest.mark.aws

DONE: Json = {"batchItemFailures": []}


def test_one_invocation(servers: Servers) -> None:
    """One invocation ingests a document of 200 pages, within its time and memory."""
    with aws_embed.desk(servers) as desk:
        state = desk.ingest(desk.attached(aws_embed.pdf(aws_embed.PAGES)))
        assert state.status == "completed"
        assert state.serving is not None
        assert state.serving.pages == aws_embed.PAGES
        [invocation] = desk.invocations
        assert invocation.answer == DONE
        assert invocation.seconds < aws_embed.TIMEOUT_S
        assert desk.peak().total < desk.function.memory_mb


def test_goes_on(servers: Servers) -> None:
    """A document that takes longer than an invocation continues in the next one where it stopped: no chunk is embedded
    twice.
    """
    with aws_embed.desk(servers, aws_embed.ONE_ROUND) as desk:
        state = desk.ingest(desk.attached(aws_embed.pdf(aws_embed.PAGES)))
        assert state.serving is not None
        chunks = state.serving.chunks
        assert chunks > 2 * ROUND
        assert [invocation.nexts for invocation in desk.invocations] == [(first,) for first in range(0, chunks, ROUND)]
        assert all(invocation.answer == DONE for invocation in desk.invocations)
        assert desk.embedded.total() == chunks
        assert set(desk.embedded.values()) == {1}
        report = desk.verify()
        assert (report.differing, report.pending, report.under_way.messages) == ((), (), 0)
