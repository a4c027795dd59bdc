"""Readiness that strangers may ask for."""

from __future__ import annotations

import pytest

from tests.support.bench import Bench
from vectorlog.api.resources import health
from vectorlog.api.response import Response
from vectorlog.deployment import Deployment
from vectorlog.domain.errors import Unavailable
from vectorlog.runtime.aws.readiness import HOLDS_S, ready_rarely


def test_strangers_cause_no_reads(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is asked, the log and the views are read once in ten seconds."""
    now, reads = [0.0], list[float]()
    whole = health.ready

    def counted(deployment: Deployment) -> Response:
        reads.append(now[0])
        return whole(deployment)

    monkeypatch.setattr(health, "ready", counted)
    ready = ready_rarely(lambda: now[0])
    for now[0] in (0.0, 1.0, HOLDS_S - 1, HOLDS_S, HOLDS_S + 1):
        assert ready(bench.deployment).status == 200
    assert reads == [0.0, HOLDS_S]


def test_what_cannot_be_read_is_looked_at_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is not ready says so until it is."""

    def away(_: object) -> None:
        raise Unavailable("The database does not answer.")

    ready = ready_rarely(lambda: 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(health, "ready", away)
        for _ in range(2):
            with pytest.raises(Unavailable):
                ready(bench.deployment)
    assert ready(bench.deployment).status == 200
