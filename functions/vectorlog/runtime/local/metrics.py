"""The counters of failures and outcomes, and of this process, in Prometheus' format."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from vectorlog.domain.store_file.events import ErrorCode
from vectorlog.telemetry.metrics import COUNTERS, FILES, Counter

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client import Counter as PrometheusCounter


_FILES = (
    *({"outcome": outcome, "code": ""} for outcome in ("completed", "postponed", "given_up")),
    *({"outcome": "failed", "code": code} for code in get_args(ErrorCode)),
)
"""Every outcome of a file is shown from the start: what begins at 1 is no increase for Prometheus."""


class PrometheusMetrics:
    """Implements Metrics: `vectorlog_files_total` for the counter `files`, from 0 at the start of the process.

    Attributes:
        registry: further collectors can be added to it.
    """

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics
        from prometheus_client import Counter as PrometheusCounter

        disable_created_metrics()  # type: ignore[no-untyped-call]  # a time beside each counter, which nobody reads
        self.registry: CollectorRegistry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._counters: dict[Counter, PrometheusCounter] = {
            each: PrometheusCounter(f"vectorlog_{each.name}", each.description, each.labels, registry=self.registry)
            for each in COUNTERS
        }
        for labels in _FILES:
            self._counters[FILES].labels(**labels)

    def count(self, counter: Counter, value: int = 1, /, **labels: str) -> None:
        """See Metrics."""
        self._counters[counter].labels(**labels).inc(value)

    def exposition(self) -> tuple[str, bytes]:
        """Returns the content type of Prometheus' text format, and the text."""
        from prometheus_client import exposition

        return exposition.CONTENT_TYPE_LATEST, exposition.generate_latest(self.registry)
