"""Every alarm, in the order in which they are shown. Each has its threshold, the reason for it, and what to do first;
docs/runbooks.md has the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

from infra.monitoring.alarm_spec import AlarmSpec
from infra.monitoring.collection_metrics import collection_alarms
from infra.monitoring.file_alarms import file_alarms
from infra.monitoring.opensearch_alarms import opensearch_alarms
from infra.monitoring.request_alarms import request_alarms
from infra.monitoring.table_alarms import table_alarms
from infra.monitoring.watched import Watched
from infra.monitoring.work_alarms import work_alarms


def alarm_specs(watched: Watched) -> Iterator[AlarmSpec]:
    """Every alarm of a stack, the most important first."""
    yield from file_alarms(watched)
    yield from work_alarms(watched)
    yield from request_alarms(watched)
    yield from table_alarms(watched)
    if watched.domain is not None:
        yield from opensearch_alarms(watched.domain, watched.configuration)
    if watched.collection is not None:
        yield from collection_alarms(watched, watched.collection)
