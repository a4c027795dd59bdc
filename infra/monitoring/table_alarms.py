"""Alarms of the tables."""

from __future__ import annotations

from collections.abc import Iterator

from infra.monitoring.alarm_spec import AlarmSpec
from infra.monitoring.watched import Watched


def table_alarms(watched: Watched) -> Iterator[AlarmSpec]:
    """An on-demand table refuses requests above twice its highest rate so far, for minutes, and a partition refuses
    more than 1,000 writes a second (DynamoDB's guide, "On-demand capacity"). The adapters retry for 1.6 s.

    Faults of the service are retried too; AWS repairs them.
    """
    yield AlarmSpec(
        "tables-throttled",
        "ticket",
        watched.table_throttles(),
        1,
        3,
        "For 15 minutes, DynamoDB has throttled requests.",
        (
            "If the load grew fast, it passes by itself. If it stays, one store takes more than 1,000 writes a second: "
            "load it more slowly."
        ),
    )
    yield AlarmSpec(
        "tables-faulty",
        "page",
        watched.table_errors(),
        5,
        3,
        "For 15 minutes, DynamoDB has answered with internal errors.",
        "Look at the AWS Health Dashboard. Nothing accepted is lost: failed calls are retried.",
    )
